import Assets
import Charging
import Operations
import Quantities

/// A change that SQLite refuses for itself (a constraint, a value too big), whatever the disk does.
public struct RefusedChange: Hashable, Sendable {
    /// The kind of change: `session`, `readings`, `message` …
    public let kind: String
    /// Whom it is about: a station, site or node; `store` when it is about none.
    public let object: String
    /// SQLite's words. They name tables and columns, never a value.
    public let words: String

    init(_ change: Change, words: String) {
        kind = change.kind
        object = change.object
        self.words = words
    }
}

/// What happens to refused changes. They are owed: tried again until SQLite takes them or something newer replaces them.
public enum RefusalNews: Hashable, Sendable {
    case refused(RefusedChange)
    /// Nothing about `object` is owed any more.
    case settled(object: String)
    /// More is owed than may be: the oldest will not be tried again.
    case givenUp(RefusedChange)
}

/// What a station sends again until it is accepted: the same action and payload, under any message id.
struct Cause: Hashable, Sendable {
    let station: StationID
    let action: String
    /// The frame from its payload on.
    let payload: [UInt8]

    /// - Returns: `nil` for what is no call of a station.
    init?(_ record: MessageRecord) {
        guard record.direction == .inbound, let action = record.action else { return nil }
        station = record.station
        self.action = action
        // `[2,"ID","ACTION",PAYLOAD]`: the first quoted action behind the id, which takes at least its own length.
        let quoted = Array("\"\(action)\"".utf8)
        let start = 4 + (record.messageID?.utf8.count ?? 0)
        let end = record.text.count - quoted.count
        let place = start <= end ? (start...end).first { record.text[$0...].starts(with: quoted) } : nil
        payload = Array(record.text[((place ?? 0) + (place == nil ? 0 : quoted.count))...])
    }
}

/// What a later change replaces; equal for what says the same thing again.
enum ChangeIdentity: Hashable, Sendable {
    case message(Cause)
    case record(MessageRecord)
    case station(StationID)
    case live(StationID)
    case session(Session.ID)
    case readings(EVSEID, Session.ID?, [Reading])
    case idToken(String)
    case command(String)
    case site(SiteID)
    case node(NodeID)
    case nodeReadings(NodeID, [NodeReading])
    case sitePower(SiteID, Instant)
    case setpoint(EVSEID, Instant)
    case plan(Int64)
    case alarm(Int64)
    case audit(AuditRecord)
    case evse(EVSEID)
    case setting(String)
    case dayReport(SiteID, CivilDay)
    case certificate(StationID, String)
    case securityEvent(SecurityEvent)
    case localList(StationID)
    case reservation(StationID, Int)
    case display(StationID)
    case heldCertificates(StationID)
    case profile(StationID, Int)
    case profileReport(StationID)
    case outsideLimit(StationID, source: String, evse: Int)
    case followUp(String)
    case vendorHandler(String)
    case job(StationID, String)
    case file(String)
    case campaign(String)
    case campaignTarget(String, Int)
    case device(DeviceChange)
    case derOrder(String)
    case derStation(StationID)
    case cabinet(StationID)
    case swap(Int)
    case tariffs(StationID)
    case webPayments(StationID, Int)
    case prepaid(String)
    case payment(String)
    case roundTrip(EVSEID, Session.ID)
}

extension Change {
    var identity: ChangeIdentity {
        switch self {
        case .message(let record): Cause(record).map(ChangeIdentity.message) ?? .record(record)
        case .station(let station): .station(station.id)
        case .removeStation(let id): .station(id)
        case .stationLive(let id, _, _, _, _): .live(id)
        case .session(let session): .session(session.id)
        case .readings(let session, let evse, let readings): .readings(evse, session, readings)
        case .idToken(let token): .idToken(token.value)
        case .removeIdToken(let value): .idToken(value)
        case .command(let command): .command(command.id)
        case .site(let site): .site(site.id)
        case .removeSite(let id): .site(id)
        case .node(let node): .node(node.id)
        case .removeNode(let id): .node(id)
        case .nodeReadings(let node, let readings): .nodeReadings(node, readings)
        case .sitePower(let point): .sitePower(point.site, point.at)
        case .setpoint(let point): .setpoint(point.evse, point.at)
        case .plan(let plan): .plan(plan.id.value)
        case .alarm(let alarm): .alarm(alarm.id)
        case .audit(let record): .audit(record)
        case .evse(let control): .evse(control.evse)
        case .setting(let key, _): .setting(key)
        case .dayReport(let report): .dayReport(report.site, report.day)
        case .certificate(let record): .certificate(record.station, record.fingerprint)
        case .securityEvent(let event): .securityEvent(event)
        case .holding(.localList(let record)): .localList(record.station)
        case .holding(.reservation(let one)): .reservation(one.station, one.id)
        case .holding(.display(let picture)): .display(picture.station)
        case .holding(.certificates(let picture)): .heldCertificates(picture.station)
        case .holding(.followUp(_, let command, _)): .followUp(command)
        case .holding(.profile(let station, let one)): .profile(station, one.profile.id)
        case .holding(.profileGone(let station, let id)): .profile(station, id)
        case .holding(.profileReport(let station, _, _)): .profileReport(station)
        case .holding(.outsideLimit(let station, let limit)):
            .outsideLimit(station, source: limit.source, evse: limit.evse)
        case .holding(.outsideLimitGone(let station, let source, let evse)):
            .outsideLimit(station, source: source, evse: evse)
        case .holding(.tariffs(let picture)): .tariffs(picture.station)
        case .holding(.webPayments(let setup)): .webPayments(setup.station, setup.evse)
        case .payment(let payment): .payment(payment.id)
        case .roundTrip(let record): .roundTrip(record.evse, record.session)
        case .prepaid(let account): .prepaid(account.token)
        case .removePrepaid(let token): .prepaid(token)
        case .vendorHandler(let handler): .vendorHandler(handler.id)
        case .removeVendorHandler(let id): .vendorHandler(id)
        case .job(let job): .job(job.station, job.id)
        case .file(let file): .file(file.id)
        case .removeFile(let id): .file(id)
        case .campaign(let campaign): .campaign(campaign.id)
        case .campaignTarget(let target): .campaignTarget(target.campaign, target.position)
        // What is newer of the same does not undo an older one of its kind: both are tried.
        case .device(let change): .device(change)
        case .der(.order(let order)): .derOrder(order.control.id)
        case .der(.orderGone(let id)): .derOrder(id)
        case .der(.station(let picture)): .derStation(picture.station)
        case .swap(.cabinet(let cabinet)): .cabinet(cabinet.station)
        case .swap(.swap(let swap)): .swap(swap.id)
        }
    }

    var kind: String {
        switch self {
        case .message: "message"
        case .station, .removeStation: "station"
        case .stationLive: "station-live"
        case .session: "session"
        case .readings: "readings"
        case .idToken, .removeIdToken: "token"
        case .command: "command"
        case .site, .removeSite: "site"
        case .node, .removeNode: "node"
        case .nodeReadings: "node-readings"
        case .sitePower: "site-power"
        case .setpoint: "setpoint"
        case .plan: "plan"
        case .alarm: "alarm"
        case .audit: "audit"
        case .evse: "evse"
        case .setting: "setting"
        case .dayReport: "day-report"
        case .certificate: "certificate"
        case .securityEvent: "security-event"
        case .holding(.localList): "local-list"
        case .holding(.reservation): "reservation"
        case .holding(.display): "display"
        case .holding(.certificates): "held-certificates"
        case .holding(.followUp): "follow-up"
        case .holding(.profile), .holding(.profileGone): "charging-profile"
        case .holding(.profileReport): "charging-profile-report"
        case .holding(.outsideLimit), .holding(.outsideLimitGone): "outside-limit"
        case .holding(.tariffs): "tariffs"
        case .holding(.webPayments): "web-payments"
        case .payment: "payment"
        case .roundTrip: "round-trip"
        case .prepaid, .removePrepaid: "prepaid"
        case .vendorHandler, .removeVendorHandler: "vendor-handler"
        case .job: "job"
        case .file, .removeFile: "file"
        case .campaign: "campaign"
        case .campaignTarget: "campaign-target"
        case .device: "device"
        case .der: "der-control"
        case .swap: "battery-swap"
        }
    }

    var object: String {
        switch self {
        case .message(let record): record.station.value
        case .station(let station): station.id.value
        case .removeStation(let id), .stationLive(let id, _, _, _, _): id.value
        case .session(let session): session.evse.station.value
        case .readings(_, let evse, _): evse.station.value
        case .command(let command): command.station.value
        case .evse(let control): control.evse.station.value
        case .site(let site): site.id.value
        case .removeSite(let id): id.value
        case .node(let node): node.id.value
        case .removeNode(let id), .nodeReadings(let id, _): id.value
        case .sitePower(let point): point.site.value
        case .setpoint(let point): point.evse.station.value
        case .plan(let plan): plan.site.value
        case .dayReport(let report): report.site.value
        case .certificate(let record): record.station.value
        case .securityEvent(let event): event.station.value
        case .holding(let holding): holding.station.value
        case .job(let job): job.station.value
        case .payment(let payment): payment.station.value
        case .roundTrip(let record): record.evse.station.value
        case .file(let file): file.station?.value ?? "store"
        case .campaignTarget(let target): target.station.value
        case .device(let change): change.station?.value ?? "store"
        case .der(.station(let picture)): picture.station.value
        case .swap(.cabinet(let cabinet)): cabinet.station.value
        case .swap(.swap(let swap)): swap.station.value
        // A token names a person, an alarm or an audit record may.
        case .der(.order), .der(.orderGone), .removeFile, .campaign, .idToken, .removeIdToken, .alarm, .audit, .setting,
            .vendorHandler, .removeVendorHandler, .prepaid, .removePrepaid:
            "store"
        }
    }

    /// A message as the journal keeps it when something of it was refused: without the answer that was not sent, so that a
    /// start from the disk does not repeat it.
    func withoutReply(_ refusal: RefusedChange) -> Change {
        guard case .message(let record) = self else { return self }
        let told = "the database refused a change of it (\(refusal.kind)): \(refusal.words)"
        return .message(
            MessageRecord(
                station: record.station, at: record.at, direction: record.direction, messageID: record.messageID,
                action: record.action, text: record.text, reply: nil,
                problem: record.problem.map { $0 + "; " + told } ?? told))
    }
}

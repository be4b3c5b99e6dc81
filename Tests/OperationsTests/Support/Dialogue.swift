import Assets
import Charging
import GridDispatch
import OCPP
import OCPPMessages
import Operations
import Quantities
import Rulebook
import Scheduling
import Testing

/// A core with stations that talk real OCPP frames to it, a disk, and a clock that only moves when told.
struct Dialogue {
    var core: Core
    var configuration: CoreConfiguration
    var disk = MemoryJournal()
    var now = Instant("2025-03-01T00:00:00Z")!
    private var connections: [StationID: UInt64] = [:]
    private var versions: [StationID: OCPPVersion] = [:]
    private var nextConnection: UInt64 = 1
    private var nextMessage = 1
    private var nextRequest: UInt64 = 1
    private var restarts = 0
    /// Effects of the last input, in order.
    private(set) var last: [Effect] = []
    /// Calls to stations that were not answered yet.
    private(set) var calls: [StationCall] = []
    /// Steps for the payment provider that nobody has done.
    var payments: [PaymentCall] = []
    /// Every message id that the core ever used.
    private(set) var messageIDs: [String] = []
    /// Plans are made at once when asked for.
    var solvesPlans = true
    private var planner = Planner()

    init(_ change: (inout CoreConfiguration) -> Void = { _ in }) {
        configuration = CoreConfiguration(tokenMarker: TokenMarker { $0 })
        configuration.acceptUnknownStations = true
        change(&configuration)
        core = Core(configuration: configuration, state: CoreState(), packs: RulePacks.builtIn, instance: "r0")
    }

    // MARK: Time, restarts

    mutating func give(_ input: Input) {
        var effects: [Effect] = []
        core.handle(input, at: now, into: &effects)
        last = effects
        var requests: [PlanRequest] = []
        for effect in effects {
            switch effect {
            case .persist(let changes): disk.write(changes)
            case .call(let call):
                calls.append(call)
                messageIDs.append(call.messageID)
            case .solve(let request): requests.append(request)
            case .pay(let call): payments.append(call)
            default: break
            }
        }
        guard solvesPlans else { return }
        let own = last
        for request in requests { give(.planned(planner.solve(request))) }
        last = own
    }

    /// Ticks every second.
    mutating func pass(_ duration: Duration, answering: Bool = false) {
        let end = now + duration
        while now < end {
            now += .seconds(1)
            give(.tick)
            if answering { answerCalls() }
        }
    }

    /// The process dies; a new one begins from the disk. Connections are gone.
    mutating func restart() {
        restarts += 1
        connections = [:]
        calls = []
        payments = []
        core = Core(
            configuration: configuration, state: disk.state, packs: RulePacks.builtIn, instance: "r\(restarts)")
    }

    // MARK: Stations

    @discardableResult mutating func connect(_ id: String, _ version: OCPPVersion = .v16) -> UInt64 {
        let connection = nextConnection
        nextConnection += 1
        connections[StationID(id)] = connection
        versions[StationID(id)] = version
        give(
            .connected(StationID(id), connection: connection, protocol: version.subprotocol, remoteAddress: "127.0.0.1")
        )
        return connection
    }

    mutating func disconnect(_ id: String) {
        guard let connection = connections.removeValue(forKey: StationID(id)) else { return }
        calls.removeAll { $0.station == StationID(id) }
        give(.disconnected(StationID(id), connection: connection, reason: "gone"))
    }

    /// Says a CALL and returns the payload of the CALLRESULT, `nil` when there is none.
    @discardableResult mutating func say(
        _ id: String, _ action: String, _ payload: String, messageID: String? = nil, connection: UInt64? = nil
    ) -> String? {
        let messageID =
            messageID
            ?? {
                nextMessage += 1
                return "m\(nextMessage)"
            }()
        guard let call = heard(id, action, payload, messageID) else { return nil }
        give(.call(StationID(id), connection: connection ?? connections[StationID(id)] ?? 0, call))
        return reply(to: messageID)
    }

    /// Asks for a certificate, of which the authority makes `verdict`.
    mutating func sign(_ id: String, _ verdict: CertificateVerdict, messageID: String? = nil) -> String? {
        nextMessage += 1
        let messageID = messageID ?? "m\(nextMessage)"
        guard let call = heard(id, "SignCertificate", #"{"csr":"PEM"}"#, messageID) else { return nil }
        give(.certificateRequest(StationID(id), connection: connections[StationID(id)] ?? 0, call, verdict))
        return reply(to: messageID)
    }

    private func heard(_ id: String, _ action: String, _ payload: String, _ messageID: String) -> InboundCall? {
        let text = Array("[2,\"\(messageID)\",\"\(action)\",\(payload)]".utf8)
        var link = StationLink(role: .centralSystem, version: versions[StationID(id)] ?? .v16)
        var actions: [StationLink.Action] = []
        link.handle(.received(text: text), at: 0, into: &actions)
        for case .deliver(let call) in actions { return call }
        Issue.record("the link does not deliver \(action) \(payload): \(actions)")
        return nil
    }

    private func reply(to messageID: String) -> String? {
        for case .reply(_, _, let id, let payload) in last where id == messageID {
            return String(decoding: payload, as: UTF8.self)
        }
        return nil
    }

    var error: String? {
        for case .replyError(_, _, _, let code, _) in last { return code }
        return nil
    }

    mutating func boot(_ id: String) {
        connect(id)
        say(id, "BootNotification", #"{"chargePointVendor":"V","chargePointModel":"M","firmwareVersion":"1"}"#)
    }

    mutating func status(_ id: String, _ status: String, connector: Int = 1) {
        say(id, "StatusNotification", #"{"connectorId":\#(connector),"errorCode":"NoError","status":"\#(status)"}"#)
    }

    /// Returns the transaction id.
    @discardableResult mutating func start(
        _ id: String, tag: String, meter: Int = 1000, connector: Int = 1, at: Instant? = nil, messageID: String? = nil
    ) -> Int {
        let answer =
            say(
                id, "StartTransaction",
                #"{"connectorId":\#(connector),"idTag":"\#(tag)","meterStart":\#(meter),"timestamp":"\#(at ?? now)"}"#,
                messageID: messageID) ?? ""
        return number(after: "\"transactionId\":", in: answer) ?? -1
    }

    @discardableResult mutating func stop(
        _ id: String, _ transaction: Int, meter: Int = 6000, at: Instant? = nil, messageID: String? = nil
    ) -> String? {
        say(
            id, "StopTransaction",
            #"{"transactionId":\#(transaction),"meterStop":\#(meter),"timestamp":"\#(at ?? now)","reason":"Local"}"#,
            messageID: messageID)
    }

    mutating func meter(
        _ id: String, wh: Int, watts: Int, transaction: Int?, connector: Int = 1, at: Instant? = nil
    ) {
        let tx = transaction.map { ",\"transactionId\":\($0)" } ?? ""
        say(
            id, "MeterValues",
            #"{"connectorId":\#(connector)\#(tx),"meterValue":[{"timestamp":"\#(at ?? now)","sampledValue":[{"value":"\#(wh)","measurand":"Energy.Active.Import.Register","unit":"Wh"},{"value":"\#(watts)","measurand":"Power.Active.Import","unit":"W"}]}]}"#
        )
    }

    // MARK: Calls of ours

    /// The station answers the oldest open call, or the one of this action.
    @discardableResult mutating func answer(_ id: String, _ action: String? = nil, _ payload: String) -> StationCall? {
        guard let i = calls.firstIndex(where: { $0.station == StationID(id) && (action == nil || $0.action == action) })
        else { return nil }
        let call = calls.remove(at: i)
        give(.completed(StationID(id), token: call.token, .answered(payload: Array(payload.utf8)), late: false))
        return call
    }

    mutating func settle(_ call: StationCall, _ outcome: StationLink.CallOutcome, late: Bool = false) {
        calls.removeAll { $0.token == call.token }
        give(.completed(call.station, token: call.token, outcome, late: late))
    }

    /// Answers everything as a willing station does.
    mutating func answerCalls() {
        while let call = calls.first {
            let payload =
                call.action == "GetConfiguration"
                ? #"{"configurationKey":[{"key":"ChargingScheduleAllowedChargingRateUnit","readonly":true,"value":"Current"},{"key":"ChargeProfileMaxStackLevel","readonly":true,"value":"9"},{"key":"ChargingScheduleMaxPeriods","readonly":true,"value":"24"}]}"#
                : #"{"status":"Accepted"}"#
            settle(call, .answered(payload: Array(payload.utf8)))
        }
    }

    // MARK: Orders

    @discardableResult mutating func order(_ order: Order) -> Result<OrderResult, ServiceFault> {
        let request = nextRequest
        nextRequest += 1
        give(.order(request: request, order, by: Actor(name: "wang", role: .manager)))
        for case .answer(request, let result) in last { return result }
        Issue.record("an order without an answer")
        return .success(.done)
    }

    mutating func token(_ value: String, _ status: IdToken.Status = .accepted, expiresAt: Instant? = nil) {
        order(.putIdToken(IdToken(value: value, status: status, expiresAt: expiresAt)))
    }

    /// A site with one node and some single-phase 7 kW piles P1, P2 … online.
    mutating func community(piles: Int, limit: Power) {
        order(.putSite(Site(id: SiteID("S"), name: "Community", tariffs: [])))
        order(.putNode(GridNode(id: NodeID("N"), site: SiteID("S"), limit: limit)))
        for i in 1...piles {
            var change = StationChange()
            change.site = .some(SiteID("S"))
            change.node = .some(NodeID("N"))
            order(.putStation(StationID("P\(i)"), change))
            boot("P\(i)")
            status("P\(i)", "Available")
            token("T\(i)")
        }
    }

    // MARK: Looking

    func session(_ id: String) -> Session? {
        core.activeSession(Session.ID(id))?.session ?? disk.sessions[Session.ID(id)]
    }
    func evse(_ id: String, _ number: Int = 1) -> StationView.EVSE? {
        core.stationView(StationID(id))?.evses.first { $0.number == number }
    }
}

func number(after key: String, in text: String) -> Int? {
    guard let range = text.firstRange(of: key) else { return nil }
    return Int(text[range.upperBound...].prefix { $0.isNumber || $0 == "-" })
}

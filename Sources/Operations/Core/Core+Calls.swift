import Assets
import Charging
import OCPP
import OCPPMessages
import Quantities

// A call of a station, from its journal entry to its answer.
extension Core {
    /// - Parameters:
    ///   - verdict: for a request to sign a certificate, what our authority made of it.
    ///   - ruling: what the shell found out about it.
    mutating func received(
        _ call: InboundCall, from id: StationID, _ connection: UInt64, certificate verdict: CertificateVerdict? = nil,
        ruling: CallRuling? = nil, at now: Instant
    ) {
        guard let s = stationIndex[id] else {
            emit(.disconnect(id, connection: connection, code: 1008, reason: "the station was removed"))
            return
        }
        stations[s].lastSeen = now
        statistics.calls += 1
        let action = call.action
        guard isHeard(action, s) else {
            statistics.refusedCalls += 1
            let why = "registration is not accepted: send BootNotification first"
            journal(call, id, reply: nil, problem: why, at: now)
            emit(
                .replyError(
                    id, connection: connection, messageID: call.messageID,
                    code: RPCErrorCode.securityError.spelling(in: .v16), description: why))
            return
        }
        let problem = call.softFaults.isEmpty ? nil : call.softFaults.map(\.description).joined(separator: "; ")
        if !call.softFaults.isEmpty { statistics.softFaults += 1 }
        // Answers that carry the time are never repeated from memory: they would set the station's clock back.
        let key =
            Self.isRemembered(action)
            ? RepeatMemory.Key(call.messageID, action: action, payload: call.payloadBytes) : nil
        if let key, let reply = stations[s].repeats.reply(to: key) {
            statistics.repeats += 1
            journal(call, id, reply: reply, problem: problem, at: now)
            emit(.reply(id, connection: connection, messageID: call.messageID, payload: reply))
            return
        }
        guard let event = ProtocolAdapter.event(call.request) else {
            journal(call, id, reply: nil, problem: "only the central system sends \(action)", at: now)
            emit(
                .replyError(
                    id, connection: connection, messageID: call.messageID,
                    code: RPCErrorCode.notSupported.spelling(in: .v16),
                    description: "only the central system sends \(action)"))
            return
        }
        let answer = handle(event, s, verdict, ruling, at: now)
        if !stations[s].promises.isEmpty { fulfil(s, action, at: now) { $0 == .message(action) } }
        guard !call.isUnanswered else { return journal(call, id, reply: nil, problem: problem, at: now) }
        let reply =
            authorization(answer, of: event, s, at: now)
            ?? ProtocolAdapter.payload(answer, to: call.request, in: stations[s].version)
        if let key { stations[s].repeats.remember(key, reply: reply) }
        journal(call, id, reply: reply, problem: problem, at: now)
        emit(.reply(id, connection: connection, messageID: call.messageID, payload: reply))
    }

    private static func isRemembered(_ action: String) -> Bool {
        action != V16.Action.heartbeat.rawValue && action != V16.Action.bootNotification.rawValue
    }

    /// A message that was handled before a restart.
    mutating func recall(_ message: MessageRecord) {
        guard let s = stationIndex[message.station], let id = message.messageID, let action = message.action,
            Self.isRemembered(action), let reply = message.reply,
            let payload = Self.payload(ofCall: message.text)
        else { return }
        stations[s].repeats.remember(RepeatMemory.Key(id, action: action, payload: payload), reply: reply)
    }

    /// A station whose last boot was not accepted may only boot, and send what it was asked for (OCPP-J 1.6 errata 3.10).
    private func isHeard(_ action: String, _ s: Int) -> Bool {
        switch stations[s].lastBoot {
        case nil, .accepted: true
        case .pending, .rejected:
            action == V16.Action.bootNotification.rawValue || stations[s].askedFor.contains(action)
        }
    }

    private mutating func journal(
        _ call: InboundCall, _ id: StationID, reply: [UInt8]?, problem: String?, at now: Instant
    ) {
        persist(
            .message(
                MessageRecord(
                    station: id, at: now, direction: .inbound, messageID: call.messageID, action: call.action,
                    text: Self.shown(call), reply: reply, problem: problem)))
    }

    /// The frame as it is kept. Only a station's report of its variables may hold a password, one of a customer personal
    /// data, and a payment's token what a card says of itself; a signed report of variables stays whole, or its signature would prove nothing.
    private static func shown(_ call: InboundCall) -> [UInt8] {
        switch call.request {
        case .v2(.notifyReport) where !call.isSigned, .v2(.notifyCustomerInformation): break
        case .v2(.authorize(let asked)) where asked.idToken.tellsOfCard: break
        case .v2(.transactionEvent(let told)) where told.idToken?.tellsOfCard == true: break
        default: return call.text
        }
        let payload = V2.withoutSecrets(request: Array(call.payloadBytes), of: call.action, in: .v21)
        return call.text[..<call.payload.lowerBound] + payload + call.text[call.payload.upperBound...]
    }

    private mutating func handle(
        _ event: StationEvent, _ s: Int, _ certificate: CertificateVerdict?, _ ruling: CallRuling?, at now: Instant
    ) -> StationAnswer {
        switch event {
        case .booted(let boot): booted(boot, s, at: now)
        case .heartbeat: .clock(now)
        case .authorize(let token, let vehicle):
            withTransfers(.authorization(verdict(on: token, at: now)), token: token, vehicle: vehicle, s, at: now)
        case .started(let event): start(event, s, at: now)
        case .stopped(let event): stop(event, s, at: now)
        case .transaction(let report): transaction(report, s, at: now)
        case .metered(let samples):
            {
                meter(samples, s, at: now)
                return .acknowledged
            }()
        case .status(let status):
            {
                report(status, s, at: now)
                return .acknowledged
            }()
        case .vendor(let vendor, let message, _): .vendor(vendorAnswer(vendor, message, ruling))
        case .authorizeContract(let token, let vehicle):
            withTransfers(contractAnswer(token, ruling, at: now), token: token, vehicle: vehicle, s, at: now)
        case .certificateService:
            if case .certificateService(let answer)? = ruling {
                .certificateService(answer)
            } else {
                .certificateService(nil)
            }
        case .reservationEnded(let id, let word):
            {
                reservationEnded(id, word, s, at: now)
                return .acknowledged
            }()
        case .displayReport(let request, let messages, let goesOn):
            {
                told(display: messages, request: request, goesOn: goesOn, s, at: now)
                return .acknowledged
            }()
        case .notice: .acknowledged
        case .security(let told):
            {
                self.told(told, s, at: now)
                return .acknowledged
            }()
        case .certificateRequest(let asked): self.certificate(asked, certificate, s, at: now)
        case .vehicleNeeds(let told): .vehicleNeeds(needs(told, s, at: now))
        case .powerAsked(let profile): power(askedBy: s, profile: profile, at: now)
        case .vehicleSchedule(let told): .vehicleSchedule(fits: judge(told, s, at: now))
        case .priorityCharging(let transaction, let isOn):
            {
                priorityCharging(transaction: transaction, isOn: isOn, s, at: now)
                return .acknowledged
            }()
        case .job(let news):
            {
                told(news, s, at: now)
                return .acknowledged
            }()
        case .profiles(let news):
            {
                heard(news, s, at: now)
                return .acknowledged
            }()
        case .der(let news):
            {
                heard(news, s, at: now)
                return .acknowledged
            }()
        case .swap(let event):
            {
                swapped(event, s, at: now)
                return .acknowledged
            }()
        case .money(let news): heard(news, ruling, s, at: now)
        case .device(let news):
            {
                heard(news, s, at: now)
                return .acknowledged
            }()
        }
    }

    private mutating func booted(_ boot: Station.Boot, _ s: Int, at now: Instant) -> StationAnswer {
        let id = stations[s].station.id
        let registration = stations[s].station.registration
        let isNewFirmware = stations[s].station.boot.map { $0.firmware != boot.firmware } ?? true
        stations[s].lastBoot = registration
        fulfil(s, "BootNotification", at: now) { $0 == .boot }
        if registration == .accepted { stations[s].askedFor = [] }
        if stations[s].station.boot != boot {
            stations[s].station.boot = boot
            persist(.station(stations[s].station))
        }
        jobsBooted(boot, s, at: now)
        stations[s].commissioner.booted(isNewFirmware: isNewFirmware, at: now)
        deviceBooted(s, at: now)
        outsideLimitsBooted(s)
        forgetFollowed(s, isNewConnection: false, at: now)
        derBooted(s, at: now)
        expectTariffs(s, isNew: true, at: now)
        textsBooted(s)
        expectWebPayments(s, at: now)
        if let site = stations[s].station.site.flatMap({ siteIndex[$0] }) { sites[site].dispatcher.restarted(id) }
        persistLive(s)
        emit(.publish(.station(id)))
        return .registered(
            registration, now: now, interval: registration == .accepted ? settings.heartbeat : settings.bootRetry)
    }

    private mutating func report(_ report: StationEvent.Status, _ s: Int, at now: Instant) {
        if report.connector == 0 {
            stations[s].status = report.status
        } else {
            guard let e = stations[s].ensureEVSE(report.connector) else { return }
            if stations[s].evses[e].status != report.status { stations[s].evses[e].statusSince = now }
            stations[s].evses[e].status = report.status
            stations[s].evses[e].errorCode = report.errorCode
        }
        judgeFault(report.connector, s, error: report.errorCode, at: now)
        if !stations[s].promises.isEmpty { fulfilAvailability(s, at: now) }
        persistLive(s)
        emit(.publish(.station(stations[s].station.id)))
    }

    /// Where the payload lies in the text of a CALL that was read before: after the third comma outside strings.
    private static func payload(ofCall text: [UInt8]) -> ArraySlice<UInt8>? {
        var commas = 0
        var isInString = false
        var isEscaped = false
        for (i, byte) in text.enumerated() {
            if isEscaped {
                isEscaped = false
            } else if isInString {
                if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
            } else if byte == UInt8(ascii: ",") {
                commas += 1
                if commas == 3 {
                    guard let end = text.lastIndex(of: UInt8(ascii: "]")), end > i else { return nil }
                    let isSpace = { (b: UInt8) in b == 0x20 || b == 0x09 || b == 0x0A || b == 0x0D }
                    var slice = text[(i + 1)..<end]
                    while let first = slice.first, isSpace(first) { slice.removeFirst() }
                    while let last = slice.last, isSpace(last) { slice.removeLast() }
                    return slice
                }
            }
        }
        return nil
    }
}

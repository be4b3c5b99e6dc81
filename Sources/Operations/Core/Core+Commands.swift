import Assets
import Charging
import GridDispatch
import OCPP
import OCPPMessages
import Quantities

// Calls of ours to stations, and how they end.
extension Core {
    // MARK: - People's commands

    mutating func command(
        _ id: StationID, _ action: String, _ payload: [UInt8], _ timeout: Duration, file: String? = nil,
        by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[id] else { return .failure(ServiceFault(.stationUnknown(id))) }
        let broken = stations[s].broken(by: action, payload, at: now)
        guard broken.isEmpty else { return .failure(ServiceFault(.invalid(.payload), fields: broken)) }
        let (token, messageID) = counters.nextMessage()
        var view = CommandView(
            id: messageID, station: id, action: action,
            payload: ProtocolAdapter.withoutSecrets(request: payload, of: action, in: stations[s].version),
            status: .pending, createdAt: now, by: actor.name)
        guard stations[s].isOnline else {
            view.status = .offline
            view.finishedAt = now
            view.failure = .neverSent
            persist(.command(view))
            return .success(.command(view))
        }
        let call = CallLane.Call(
            token: token, messageID: messageID, action: action, payload: payload, timeout: timeout, rank: .command,
            purpose: .command(messageID))
        guard stations[s].lane.push(call) else {
            return .failure(ServiceFault(.stationBusy(id, waiting: CallLane.capacity)))
        }
        if stations[s].lastBoot == .pending,
            action == V16.Action.triggerMessage.rawValue
                || action == V16.Action.extendedTriggerMessage.rawValue
        {
            // The station may send what it is asked for although it is not accepted yet.
            for known in ProtocolAdapter.actions(in: stations[s].version) where Self.mentions(known, in: payload) {
                stations[s].askedFor.insert(known)
            }
        }
        pendingCommands[view.id] = view
        persist(.command(view))
        begin(action, payload, command: messageID, file: file, s, by: actor.name, at: now)
        pump(s, at: now)
        return .success(.command(view))
    }

    private static func mentions(_ word: String, in payload: [UInt8]) -> Bool {
        let quoted = Array("\"\(word)\"".utf8)
        guard payload.count >= quoted.count else { return false }
        return (0...(payload.count - quoted.count)).contains { payload[$0..<($0 + quoted.count)].elementsEqual(quoted) }
    }

    /// Ends a command without an answer of the station.
    mutating func finish(command id: String, _ failure: CommandFailure, at now: Instant) {
        finish(command: id, .offline, code: failure.rawValue, description: failure.english, at: now)
    }

    /// Ends a command; one that timed out may be answered late and ends a second time.
    mutating func finish(
        command id: String, _ status: CommandView.Status, response: [UInt8]? = nil, code: String? = nil,
        description: String? = nil, at now: Instant
    ) {
        guard var view = pendingCommands.removeValue(forKey: id) ?? takeOverdue(id) else { return }
        view.status = status
        view.finishedAt = now
        view.response = response
        view.errorCode = code
        view.errorDescription = description
        // Whoever is told of the end may ask before the disk has it.
        recentCommands.append(view)
        if recentCommands.count > Self.recentCommandsKept { recentCommands.removeFirst() }
        persist(.command(view))
        reservationUnanswered(view, at: now)
        swapUnanswered(view, at: now)
        emit(.publish(.command(id)))
        if let s = stationIndex[view.station] { jobCommandEnded(id, status, word: code, s, at: now) }
    }

    private mutating func takeOverdue(_ id: String) -> CommandView? {
        guard let i = recentCommands.lastIndex(where: { $0.id == id && $0.status == .timeout }) else { return nil }
        return recentCommands.remove(at: i)
    }
    private static let recentCommandsKept = 256

    // MARK: - The platform's own commands

    /// `false`: it cannot be sent now.
    mutating func send(
        _ command: StationCommand, _ purpose: CallLane.Purpose, rank: CallLane.Rank, to s: Int, at now: Instant
    ) -> Bool {
        guard stations[s].isOnline else { return false }
        let (action, bare) = ProtocolAdapter.call(
            command, form: stations[s].limitForm, in: stations[s].version)
        let payload = priced(bare, command, s, at: now)
        let (token, messageID) = counters.nextMessage()
        let call = CallLane.Call(
            token: token, messageID: messageID, action: action, payload: payload,
            timeout: settings.callTimeout, rank: rank, purpose: purpose)
        guard stations[s].lane.push(call) else { return false }
        pump(s, at: now)
        return true
    }

    /// Sends the next call if none is outstanding.
    mutating func pump(_ s: Int, at now: Instant) {
        guard stations[s].isOnline, let call = stations[s].lane.next(at: now) else { return }
        let id = stations[s].station.id
        emit(
            .call(
                StationCall(
                    station: id, token: call.token, messageID: call.messageID, action: call.action,
                    payload: call.payload, timeout: call.timeout, waitsForDisk: call.purpose.waitsForDisk)))
        var writer = JSONWriter(reserving: call.payload.count + 80)
        writer.beginArray()
        writer.value(2)
        writer.value(call.messageID)
        writer.value(call.action)
        // The station gets it whole; what is kept names no password.
        writer.raw(
            ProtocolAdapter.withoutSecrets(request: call.payload, of: call.action, in: stations[s].version))
        writer.endArray()
        persist(
            .message(
                MessageRecord(
                    station: id, at: now, direction: .outbound, messageID: call.messageID, action: call.action,
                    text: writer.bytes)))
    }

    // MARK: - Outcomes

    mutating func completed(
        _ id: StationID, _ token: UInt64, _ outcome: StationLink.CallOutcome, _ late: Bool, at now: Instant
    ) {
        guard let s = stationIndex[id] else { return }
        let isTimeout = outcome == .timeout
        guard let call = stations[s].lane.settle(token, mayAnswerLater: isTimeout) else { return }
        let outcome = Self.concealed(outcome, of: call.purpose)
        journal(outcome, of: call, s, late, at: now)
        switch outcome {
        case .answered(let payload):
            stations[s].lastSeen = now
            learn(from: call, answer: payload, s, late: late, at: now)
        case .error: stations[s].lastSeen = now
        case .timeout, .dropped: break
        }
        switch call.purpose {
        // A late schedule tells of limits that held before; a list is sent anew, and a transaction asked for again.
        case .comparison where late, .localList where late, .inquiry where late, .der where late: break
        default: apply(outcome, of: call, s, at: now)
        }
        pump(s, at: now)
    }

    /// The connection ended: what was in flight may have arrived, what waited never left.
    mutating func dropCalls(_ s: Int, at now: Instant) {
        let (inFlight, waiting) = stations[s].lane.clear()
        if let inFlight { apply(.dropped, of: inFlight, s, at: now) }
        for call in waiting { withdraw(call, s, at: now) }
    }

    /// A call that never left us.
    mutating func withdraw(_ call: CallLane.Call, _ s: Int, at now: Instant) {
        switch call.purpose {
        case .command(let id): finish(command: id, .neverSent, at: now)
        case .dispatch(let site, let number, _): settle(site, number, .notSent, at: now)
        case .commissioning(let command): commissioned(command, .none(.offline), s, at: now)
        case .comparison(let evse, let command): compared(evse, command, .none(.offline), s, at: now)
        case .key(let id, let stored, _):
            finish(command: id, .neverSent, at: now)
            settle(key: stored, .notSent, s, at: now)
        case .webPayments(let id, _):
            if let id { finish(command: id, .neverSent, at: now) }
            webPaymentCallEnded(call, nil, s, at: now)
        case .certificate(let fingerprint): certificateNotSent(fingerprint, s, at: now)
        case .localList(let command): listAnswered(command, .none(.offline), s, at: now)
        case .inquiry(let transaction): inquired(transaction, nil, s, at: now)
        // It is told anew with the next connection.
        case .transfers: break
        case .campaign(let command, let campaign):
            finish(command: command, .neverSent, at: now)
            campaignSettled(command, campaign, nil, s, at: now)
        case .securityProfile(let id, let state):
            finish(command: id, .neverSent, at: now)
            profileNotSent(state, s, at: now)
        case .der(let control): derNotSent(control, s, at: now)
        case .money(let call): settled(call, nil, s, at: now)
        }
    }

    private mutating func apply(_ outcome: StationLink.CallOutcome, of call: CallLane.Call, _ s: Int, at now: Instant) {
        switch call.purpose {
        case .command(let id): finish(command: id, outcome, of: call, s, at: now)
        case .key(let id, let stored, _):
            finish(command: id, outcome, of: call, s, at: now)
            settle(key: stored, ProtocolAdapter.keyAnswer(outcome, in: stations[s].version), s, at: now)
        case .webPayments(let id, _):
            if let id { finish(command: id, outcome, of: call, s, at: now) }
            webPaymentCallEnded(call, outcome, s, at: now)
        case .certificate(let fingerprint): certificateSent(fingerprint, outcome, s, at: now)
        case .localList(let command): listAnswered(command, answer(outcome, to: command, s, at: now), s, at: now)
        case .inquiry(let transaction): inquired(transaction, outcome, s, at: now)
        case .transfers: break
        case .campaign(let command, let campaign):
            finish(command: command, outcome, of: call, s, at: now)
            campaignSettled(command, campaign, outcome, s, at: now)
        case .securityProfile(let id, let state):
            finish(command: id, outcome, of: call, s, at: now)
            settle(profile: state, outcome, s, at: now)
        case .der(let control): derAnswered(control, outcome, of: call.action, s, at: now)
        case .money(let call): settled(call, outcome, s, at: now)
        case .dispatch(let site, let number, let command):
            settle(site, number, Self.dispatchAnswer(answer(outcome, to: command, s, at: now)), at: now)
        case .commissioning(let command): commissioned(command, answer(outcome, to: command, s, at: now), s, at: now)
        case .comparison(let evse, let command):
            compared(evse, command, answer(outcome, to: command, s, at: now), s, at: now)
        }
    }

    private mutating func finish(
        command id: String, _ outcome: StationLink.CallOutcome, of call: CallLane.Call, _ s: Int, at now: Instant
    ) {
        switch outcome {
        case .answered(let payload):
            let shown = ProtocolAdapter.withoutSecrets(response: payload, of: call.action, in: stations[s].version)
            finish(command: id, .answered, response: shown, at: now)
        case .error(let code, let description, _):
            finish(command: id, .error, code: code, description: description, at: now)
        case .timeout: finish(command: id, .timeout, at: now)
        case .dropped: finish(command: id, .connectionLost, at: now)
        }
    }

    private func answer(
        _ outcome: StationLink.CallOutcome, to command: StationCommand, _ s: Int, at now: Instant
    ) -> CommandAnswer {
        switch outcome {
        case .answered(let payload):
            ProtocolAdapter.answer(
                to: command, payload, form: stations[s].limitForm, in: stations[s].version, at: now)
        case .error(let code, _, _): .refused(word: code)
        case .timeout: .none(.timeout)
        case .dropped: .none(.connectionLost)
        }
    }

    private static func dispatchAnswer(_ answer: CommandAnswer) -> DispatchAnswer {
        switch answer {
        case .accepted, .abilities, .schedule, .listBounds, .listVersion: .accepted
        case .refused: .rejected
        case .none: .noReply
        }
    }

    private mutating func journal(
        _ outcome: StationLink.CallOutcome, of call: CallLane.Call, _ s: Int, _ late: Bool, at now: Instant
    ) {
        var writer = JSONWriter()
        writer.beginArray()
        switch outcome {
        case .answered(let payload):
            writer.value(3)
            writer.value(call.messageID)
            writer.raw(
                ProtocolAdapter.withoutSecrets(response: payload, of: call.action, in: stations[s].version))
        case .error(let code, let description, let details):
            writer.value(4)
            writer.value(call.messageID)
            writer.value(code)
            writer.value(description)
            writer.raw(details.isEmpty ? Array("{}".utf8) : details)
        case .timeout, .dropped: return
        }
        writer.endArray()
        persist(
            .message(
                MessageRecord(
                    station: stations[s].station.id, at: now, direction: .inbound, messageID: call.messageID,
                    action: call.action, text: writer.bytes, problem: late ? "late answer" : nil)))
    }
}

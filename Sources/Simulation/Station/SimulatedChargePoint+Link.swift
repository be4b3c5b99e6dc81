import OCPP
import OCPPMessages
import Quantities

/// Calls and answers over the link, with the faults that spoil them.
extension SimulatedChargePoint {
    mutating func call(_ message: StationMessage, _ purpose: Purpose) {
        let (action, payload) = dialect.call(message, of: settings)
        call(action, payload, purpose)
    }

    mutating func call(_ action: String, _ payload: [UInt8], _ purpose: Purpose) {
        guard link != nil else { return }
        nextToken += 1
        purposes[nextToken] = purpose
        counts.callsSent += 1
        linkHandle(
            .send(
                StationLink.OutgoingCall(
                    token: nextToken, messageID: "\(idPrefix)-\(nextToken)", action: action, payload: payload,
                    timeoutMilliseconds: settings.callTimeout.wholeMilliseconds)))
    }

    func isUnderWay(_ purpose: Purpose) -> Bool { purposes.values.contains(purpose) }

    /// Sends what waits for a connection and for acceptance.
    mutating func pump() {
        guard link != nil, isAccepted else { return }
        if let message = queue.next(at: now) {
            call(.transaction(message, id: queue.id(of: message.local)), .transaction)
        }
        pumpEvents()
    }

    mutating func reportStatuses() {
        guard link != nil, isAccepted else { return }
        for number in (dialect.hasStationStatus ? 0 : 1)...connectors.count {
            guard reported[number] != told(number) else { continue }
            reportStatus(number)
        }
    }

    mutating func reportStatus(_ number: Int) {
        let told = told(number)
        reported[number] = told
        call(.status(connector: number, told.condition, told.fault, at: clock), .other)
    }

    private func told(_ number: Int) -> Told {
        Told(
            condition: dialect.told(self[number]?.condition ?? .available),
            fault: dialect.tellsFaults ? self[number]?.fault : nil)
    }

    mutating func schedule(_ what: Deferred, after delay: Duration) { deferred.append((now + delay, what)) }

    /// Answers a call of the central system; a fault may make that late.
    mutating func respond(_ id: String, _ response: some WireMessage) {
        if roll(settings.faults.lateAnswersPermille) {
            counts.lateAnswers += 1
            schedule(.respond(messageID: id, payload: response.json), after: settings.faults.lateAnswerDelay)
        } else if settings.faults.answersAfter > .zero {
            schedule(.respond(messageID: id, payload: response.json), after: settings.faults.answersAfter)
        } else {
            linkHandle(.respond(messageID: id, payload: response.json))
        }
    }

    /// Answers a call that this station does not know what to do with.
    mutating func refuse(_ call: InboundCall) {
        let text = "\(call.action) belongs to a feature profile that this station does not have"
        linkHandle(.respondError(messageID: call.messageID, code: .notSupported, description: text))
    }

    mutating func roll(_ permille: Int) -> Bool { permille > 0 && random.unit() * 1000 < Double(permille) }

    // MARK: Link

    mutating func linkHandle(_ event: StationLink.Event) {
        guard link != nil else { return }
        var output = linkActions
        output.removeAll(keepingCapacity: true)
        link?.handle(event, at: now.milliseconds, into: &output)
        var isDropped = false
        for action in output {
            switch action {
            case .transmit(let frame):
                actions.append(.transmit(frame))
                // Faults concern the station's own calls.
                guard frame.count > 1, frame[1] == UInt8(ascii: "2") else { break }
                if roll(settings.faults.duplicatesPermille) {
                    counts.duplicates += 1
                    actions.append(.transmit(frame))
                }
                if roll(settings.faults.dropsPermille) { isDropped = true }
            case .deliver(let call):
                counts.callsReceived += 1
                dialect.answer(call, by: &self)
            case .completed(let token, let outcome), .lateAnswer(let token, _, let outcome):
                if let purpose = purposes.removeValue(forKey: token) { completed(purpose, outcome) }
            case .wake(let at): linkAt = Instant(milliseconds: at)
            case .close: isDropped = true
            case .note: break
            }
        }
        linkActions = output
        if isDropped, link != nil {
            counts.drops += 1
            actions.append(.disconnect)
            disconnected()
        }
    }

    mutating func completed(_ purpose: Purpose, _ outcome: StationLink.CallOutcome) {
        var answer: [UInt8]?
        switch outcome {
        case .answered(let payload): answer = payload
        case .error: counts.errors += 1
        case .timeout: counts.timeouts += 1
        case .dropped: break
        }
        switch purpose {
        case .boot: booted(answer)
        case .authorize(let connector, let token): authorized(connector, token, answer)
        case .transaction: delivered(answer, outcome)
        case .outsideLimit: toldOutsideLimit(outcome)
        case .needs(let connector): needsAnswered(connector, answer, outcome)
        case .events: toldEvents(outcome)
        case .securityEvent: toldEvent(outcome)
        case .signing(let number): asked(number, answer)
        case .pull(let profile): pulled(profile, answer)
        case .swap(let token): swapAuthorized(token, answer)
        case .swapEvent: toldSwap(outcome)
        case .heartbeat, .other: break
        }
    }

    mutating func booted(_ answer: [UInt8]?) {
        guard link != nil else { return }
        guard let answer, let (registration, interval) = dialect.registration(answer) else {
            bootAt = now + .seconds(60)
            return
        }
        self.registration = registration
        learnTime()
        if registration == .accepted {
            if interval > 0 { configuration.set(.heartbeatInterval, to: "\(interval)") }
            scheduleHeartbeat()
            reported.removeAll()
            reportStatuses()
            for i in connectors.indices { authorize(i) }
            chargeStored()
            resumeTransfers()
        } else {
            bootAt = now + .seconds(interval > 0 ? interval : 60)
        }
    }

    mutating func delivered(_ answer: [UInt8]?, _ outcome: StationLink.CallOutcome) {
        guard let answer else {
            if outcome == .dropped {
                queue.interrupted()
            } else {
                queue.failed(
                    at: now, attemptsAllowed: configuration.number(.attempts),
                    interval: .seconds(configuration.number(.attemptInterval)))
            }
            return
        }
        if let local = queue.messages.first?.local {
            let (limit, cost) = dialect.bounds(answer)
            if limit != nil || cost != nil { take(limit, cost: cost, local: local) }
        }
        guard let message = queue.messages.first, case .start(let token, _, _, _) = message.event,
            let reply = dialect.start(answer)
        else {
            if case .stop(_, let token?) = queue.messages.first?.event { remember(token, dialect.stop(answer)) }
            queue.delivered()
            return
        }
        queue.delivered(id: reply.id)
        remember(token, reply.standing)
        let isCurrent = self[message.connector]?.transaction?.local == message.local
        if isCurrent, !(reply.standing?.isAccepted ?? true) { refused(message.connector) }
    }
}

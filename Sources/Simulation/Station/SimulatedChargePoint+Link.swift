import OCPP
import OCPPMessages
import Quantities

/// Calls and answers over the link, with the faults that spoil them.
extension SimulatedChargePoint {
    mutating func call(_ request: V16.Request, _ purpose: Purpose) {
        guard link != nil else { return }
        nextToken += 1
        purposes[nextToken] = purpose
        counts.callsSent += 1
        linkHandle(
            .send(
                StationLink.OutgoingCall(
                    token: nextToken, messageID: "\(idPrefix)-\(nextToken)", action: request.action.rawValue,
                    payload: request.json, timeoutMilliseconds: settings.callTimeout.wholeMilliseconds)))
    }

    func isUnderWay(_ purpose: Purpose) -> Bool { purposes.values.contains(purpose) }

    /// Sends what waits for a connection and for acceptance.
    mutating func pump() {
        guard link != nil, isAccepted else { return }
        if let request = queue.next(at: now) { call(request, .transaction) }
    }

    mutating func reportStatuses() {
        guard link != nil, isAccepted else { return }
        for number in 0...connectors.count {
            let status = self[number]?.status(minMilliamperes: 6000) ?? .available
            guard reported[number] != status else { continue }
            reportStatus(number)
        }
    }

    mutating func reportStatus(_ number: Int) {
        let status = self[number]?.status(minMilliamperes: 6000) ?? .available
        reported[number] = status
        call(
            .statusNotification(
                .init(connectorId: number, errorCode: .noError, status: status, timestamp: clock)), .other)
    }

    mutating func schedule(_ what: Deferred, after delay: Duration) { deferred.append((now + delay, what)) }

    /// Answers a call of the central system; a fault may make that late.
    mutating func respond(_ id: String, _ response: V16.Response) {
        if roll(settings.faults.lateAnswersPermille) {
            counts.lateAnswers += 1
            schedule(.respond(messageID: id, payload: response.json), after: settings.faults.lateAnswerDelay)
        } else {
            linkHandle(.respond(messageID: id, payload: response.json))
        }
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
                answer(call)
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
        case .authorize(let connector): authorized(connector, answer)
        case .transaction: delivered(answer, outcome)
        case .heartbeat, .other: break
        }
    }

    mutating func booted(_ answer: [UInt8]?) {
        guard link != nil else { return }
        guard let answer,
            case .bootNotification(let response)? = try? V16.Response.decode(.bootNotification, payload: answer.span)
                .result.get()
        else {
            bootAt = now + .seconds(60)
            return
        }
        registration = response.status
        if response.status == .accepted {
            if response.interval > 0 { _ = configuration.change("HeartbeatInterval", to: "\(response.interval)") }
            scheduleHeartbeat()
            reported.removeAll()
            reportStatuses()
            for i in connectors.indices { authorize(i) }
        } else {
            bootAt = now + .seconds(response.interval > 0 ? response.interval : 60)
        }
    }

    mutating func delivered(_ answer: [UInt8]?, _ outcome: StationLink.CallOutcome) {
        guard let answer else {
            if outcome == .dropped {
                queue.interrupted()
            } else {
                queue.failed(
                    at: now, attemptsAllowed: configuration.number("TransactionMessageAttempts"),
                    interval: .seconds(configuration.number("TransactionMessageRetryInterval")))
            }
            return
        }
        guard case .start(let local, let connector, _, _, _)? = queue.messages.first else {
            _ = queue.delivered()
            return
        }
        guard
            case .startTransaction(let response)? = try? V16.Response.decode(.startTransaction, payload: answer.span)
                .result.get()
        else {
            _ = queue.delivered()
            return
        }
        _ = queue.delivered(number: response.transactionId)
        let isCurrent = self[connector]?.transaction?.local == local
        if isCurrent, response.idTagInfo.status != .accepted, configuration.flag("StopTransactionOnInvalidId") {
            counts.refusals += 1
            endTransaction(connector, .deAuthorized)
        }
    }
}

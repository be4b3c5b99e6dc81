import Assets
import Charging
import OCPP
import Quantities

/// A promise of a station, and the command that it answered with it.
struct PendingPromise: Sendable {
    let command: String
    let promise: StationPromise
    let overdueAt: Instant
}

/// A transaction whose state the station is asked for (2.x E14).
struct Inquiry: Sendable {
    let transaction: String
    var due: Instant
    var tries = 0
    /// On its way.
    var isAsked = false
}

// What stations promised, and what of their transactions has not come: watched until it is seen or long overdue.
extension Core {
    // MARK: - Promises

    mutating func expect(
        _ promise: StationPromise, of command: String, _ s: Int, at now: Instant, scheduled: Bool = false
    ) {
        if let object = fulfilment(of: promise, s) {
            return follow(command, s, CommandFollowUp(.done, object: object, at: now))
        }
        if case .unlock(let evse) = promise, stations[s].activeSession(on: evse) == nil {
            // Nothing more is to come: how the connector is, as far as it told.
            let status = stations[s].evse(evse).map { stations[s].evses[$0].status } ?? .unknown
            return follow(
                command, s, CommandFollowUp(.done, object: status == .unknown ? nil : status.rawValue, at: now))
        }
        if stations[s].promises.count >= StationSlot.mostPromises {
            let oldest = stations[s].promises.removeFirst()
            follow(oldest.command, s, CommandFollowUp(.overdue, at: now))
        }
        // What waits for the end of a transaction may wait for a day.
        let overdueAt = now + (scheduled ? .days(1) : Self.patience)
        stations[s].promises.append(PendingPromise(command: command, promise: promise, overdueAt: overdueAt))
        remind(at: overdueAt)
        follow(command, s, CommandFollowUp(.waiting, at: now))
    }

    /// What is so already needs no message to show it.
    private func fulfilment(of promise: StationPromise, _ s: Int) -> String? {
        switch promise {
        case .boot, .start, .message, .unlock: return nil
        case .stop(let transaction):
            guard let i = stations[s].session(transaction: transaction), stations[s].sessions[i].status == .ended
            else { return nil }
            return stations[s].sessions[i].id.value
        case .availability(let evse, let isUsable): return isShown(evse, isUsable: isUsable, s) ? word(isUsable) : nil
        }
    }

    private func isShown(_ evse: Int, isUsable: Bool, _ s: Int) -> Bool {
        func agrees(_ status: ConnectorStatus) -> Bool {
            switch status {
            case .unknown, .faulted: false
            case .unavailable: !isUsable
            default: isUsable
            }
        }
        if evse > 0 { return stations[s].evse(evse).map { agrees(stations[s].evses[$0].status) } ?? false }
        if stations[s].status != .unknown { return agrees(stations[s].status) }
        return !stations[s].evses.isEmpty && stations[s].evses.allSatisfy { agrees($0.status) }
    }

    private func word(_ isUsable: Bool) -> String { isUsable ? "Operative" : "Inoperative" }

    /// - Parameter object: what it led to.
    mutating func fulfil(_ s: Int, _ object: String, at now: Instant, where matches: (StationPromise) -> Bool) {
        guard !stations[s].promises.isEmpty else { return }
        let met = stations[s].promises.filter { matches($0.promise) }
        guard !met.isEmpty else { return }
        stations[s].promises.removeAll { matches($0.promise) }
        for one in met { follow(one.command, s, CommandFollowUp(.done, object: object, at: now)) }
    }

    /// A transaction began: it is what a remote start asked for, by its number or, where the protocol has none, by its token.
    mutating func fulfilStart(of session: Session, number: Int?, _ s: Int, at now: Instant) {
        fulfil(s, session.id.value, at: now) { promise in
            guard case .start(let asked, let token, let evse) = promise else { return false }
            if let asked { return asked == number }
            return number == nil && (evse.map { $0 == session.evse.number } ?? true)
                && session.idToken.map { Self.key($0) == Self.key(token) } ?? false
        }
    }

    mutating func fulfilAvailability(_ s: Int, at now: Instant) {
        for isUsable in [true, false] {
            let promised = stations[s].promises.map(\.promise).filter { promise in
                if case .availability(let evse, isUsable) = promise {
                    isShown(evse, isUsable: isUsable, s)
                } else {
                    false
                }
            }
            if !promised.isEmpty { fulfil(s, word(isUsable), at: now) { promised.contains($0) } }
        }
    }

    private mutating func follow(_ command: String, _ s: Int, _ followUp: CommandFollowUp) {
        pendingCommands[command]?.followUp = followUp
        if let i = recentCommands.lastIndex(where: { $0.id == command }) { recentCommands[i].followUp = followUp }
        persist(.holding(.followUp(stations[s].station.id, command: command, followUp)))
        emit(.publish(.command(command)))
    }

    /// A command of an earlier run that the station had only promised to carry out.
    mutating func load(promised command: CommandView) {
        guard let s = stationIndex[command.station], let response = command.response,
            let answered = AnsweredCall(
                action: command.action, request: command.payload, response: response, in: stations[s].version),
            let promise = answered.promise, stations[s].promises.count < StationSlot.mostPromises
        else { return }
        let since = command.finishedAt ?? command.createdAt
        let overdueAt = since + (answered.isScheduled ? .days(1) : Self.patience)
        stations[s].promises.append(PendingPromise(command: command.id, promise: promise, overdueAt: overdueAt))
        remind(at: overdueAt)
    }

    private static let patience: Duration = .minutes(15)

    // MARK: - Transactions

    /// A gap, or a transaction that may have ended unheard: the station is asked a little later, when what waits has come.
    mutating func inquire(_ transaction: String, _ s: Int, at now: Instant) {
        guard stations[s].version != .v16, !stations[s].inquiries.contains(where: { $0.transaction == transaction }),
            stations[s].inquiries.count < StationSlot.mostInquiries
        else { return }
        stations[s].inquiries.append(Inquiry(transaction: transaction, due: now + Self.firstInquiry))
        remind(at: now + Self.firstInquiry)
    }

    /// After a lost connection messages may be waiting, or be lost (E14).
    mutating func inquireAfterConnecting(_ s: Int, at now: Instant) {
        guard stations[s].version != .v16 else { return }
        for session in stations[s].sessions
        where session.course != nil && (session.status == .active || session.has(.messagesWaiting)) {
            inquire(session.transactionID, s, at: now)
        }
    }

    private mutating func sendInquiries(_ s: Int, at now: Instant) {
        for i in stations[s].inquiries.indices where !stations[s].inquiries[i].isAsked {
            let inquiry = stations[s].inquiries[i]
            guard inquiry.due <= now, stations[s].isOnline, stations[s].lane.hasRoom else {
                if inquiry.due > now { remind(at: inquiry.due) }
                continue
            }
            let (token, messageID) = counters.nextMessage()
            stations[s].inquiries[i].isAsked = true
            _ = stations[s].lane.push(
                CallLane.Call(
                    token: token, messageID: messageID, action: "GetTransactionStatus",
                    payload: OCPP2Adapter.statusOfTransaction(inquiry.transaction), timeout: settings.callTimeout,
                    rank: .commissioning, purpose: .inquiry(inquiry.transaction)))
        }
        pump(s, at: now)
    }

    mutating func inquired(
        _ transaction: String, _ outcome: StationLink.CallOutcome?, _ s: Int, at now: Instant
    ) {
        guard let i = stations[s].inquiries.firstIndex(where: { $0.transaction == transaction }) else { return }
        stations[s].inquiries[i].isAsked = false
        stations[s].inquiries[i].tries += 1
        var isDone = stations[s].inquiries[i].tries >= Self.mostTries
        switch outcome {
        case .answered(let payload):
            guard let told = ProtocolAdapter.transactionStatus(payload, in: stations[s].version) else { break }
            isDone = isDone || !told.waits
            settle(transaction: transaction, goesOn: told.goesOn, waits: told.waits, s, at: now)
        // It does not know the question.
        case .error: isDone = true
        // The next connection begins anew.
        case .dropped, nil: isDone = true
        case .timeout: break
        }
        guard let i = stations[s].inquiries.firstIndex(where: { $0.transaction == transaction }) else { return }
        if isDone {
            stations[s].inquiries.remove(at: i)
        } else {
            let wait = min(Self.firstInquiry * Double(1 << min(stations[s].inquiries[i].tries, 6)), .minutes(10))
            stations[s].inquiries[i].due = now + wait
            remind(at: now + wait)
        }
    }

    /// E14: what waits is waited for; then the transaction counts with what is there.
    private mutating func settle(transaction: String, goesOn: Bool?, waits: Bool, _ s: Int, at now: Instant) {
        guard let i = stations[s].session(transaction: transaction) else { return }
        let before = stations[s].sessions[i]
        if waits {
            stations[s].sessions[i].raise(.messagesWaiting)
        } else {
            stations[s].sessions[i].lower(.messagesWaiting)
            if before.status == .active, goesOn == false {
                // Its end is lost.
                return end(
                    s, i, at: before.registerLastAt ?? before.startedAt,
                    register: before.registerLast ?? before.registerStart, reason: nil, flag: .noStop, now: now)
            }
            if before.course?.sequence.missing.isEmpty == false { stations[s].sessions[i].raise(.messagesLost) }
        }
        guard stations[s].sessions[i] != before else { return }
        persist(.session(stations[s].sessions[i]))
        emit(.publish(.session(before.id)))
    }

    private static let firstInquiry: Duration = .seconds(5)
    private static let mostTries = 24

    // MARK: - Time

    /// Something is to be looked at then.
    mutating func remind(at instant: Instant) {
        nextLook = nextLook.map { min($0, instant) } ?? instant
    }

    mutating func lookAfter(at now: Instant) {
        sendDueLists(at: now)
        guard let look = nextLook, look <= now else { return }
        nextLook = nil
        forgetDEROrders(at: now)
        let targets = derTargets(at: now)
        for s in stations.indices {
            if !stations[s].reservations.isEmpty { expireReservations(s, at: now) }
            if !stations[s].inquiries.isEmpty { sendInquiries(s, at: now) }
            if stations[s].bootDue != nil { askForBoot(s, at: now) }
            if stations[s].der != nil || !targets.isEmpty { tendDER(s, targets, at: now) }
            if stations[s].swaps != nil { endOldSwaps(s, at: now) }
            tendTariffs(s, at: now)
            if stations[s].web != nil { tendWebPayments(s, at: now) }
            tendLimits(s, at: now)
            tendRunningCosts(s, at: now)
            guard !stations[s].promises.isEmpty else { continue }
            for one in stations[s].promises where one.overdueAt <= now {
                follow(one.command, s, CommandFollowUp(.overdue, at: now))
            }
            stations[s].promises.removeAll { $0.overdueAt <= now }
            for one in stations[s].promises { remind(at: one.overdueAt) }
        }
    }
}

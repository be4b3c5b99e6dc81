public import Assets
public import Charging
public import Quantities

/// An ad hoc payment of one charging session (2.1 C18 to C25), from the reservation of an amount to its settlement. No card
/// number ever comes here: the payment provider's reference is all that names the driver.
///
///     begun ─▶ awaiting ─▶ authorized ─▶ charging ─▶ settling ─▶ settled ─▶ refunding ─▶ refunded
///       └─────────┴─▶ refused  └────────────┴─▶ cancelling ─▶ cancelled
///
/// A value with pure steps. What the provider is to do stands in ``step`` before it is asked, with an amount that does not change:
/// asked again after a crash under the same key, it does it once.
public struct Payment: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// On a page of the provider (C25).
        case web
        /// At a kiosk beside the stations: it comes authorized (C24).
        case kiosk
        /// At the station's own terminal (C18 to C23).
        case terminal
    }

    public enum State: String, Hashable, Sendable, CaseIterable {
        /// The provider is asked to reserve the amount.
        case begun
        /// The driver pays on the provider's page.
        case awaiting
        case authorized, charging
        /// The transaction has ended, and the station settles.
        case ended
        case settling, settled, cancelling, cancelled
        /// The provider, or the driver there, said no.
        case refused
        case refunding, refunded
        /// What the transaction cost is not known: a person says what to take.
        case open
        /// The provider did not do what was asked, for long: a person looks.
        case failed

        public var isOver: Bool {
            switch self {
            case .settled, .cancelled, .refused, .refunded: true
            default: false
            }
        }
    }

    /// What the provider is to do.
    public enum Step: String, Hashable, Sendable, CaseIterable {
        case reserve, look, capture, cancel, refund
    }

    public let id: String
    public let kind: Kind
    public let station: StationID
    public let evse: Int
    /// Who began it: an actor's name, or the station.
    public let by: String
    public let createdAt: Instant
    public var state: State
    /// The provider's name for it (pspRef).
    public var reference: String?
    /// Where the driver pays.
    public var page: String?
    /// Whole fen; `nil`: the terminal did not say.
    public var reserved: Int64?
    public var limits = TransactionLimits()
    /// The remote start that was asked for.
    public var remoteStart: Int?
    public var session: Session.ID?
    /// What the transaction cost, fen.
    public var cost: Int64?
    public var captured: Int64?
    public var refunded: Int64 = 0
    /// To be done at the provider; `nil`: nothing.
    public var step: Step?
    /// Fen of a capture or a refund.
    public var stepFen: Int64 = 0
    public var attempts = 0
    public var nextTry: Instant?
    /// The newest word of provider or station that was no plain success.
    public var word: String?
    /// Until then the driver must have paid, the transaction must have begun, or the terminal must have settled.
    public var endsAt: Instant?
    public var changedAt: Instant
    /// The station's own receipt.
    public var receiptID: String?
    public var receiptURL: String?

    public init(
        id: String, kind: Kind, station: StationID, evse: Int, by: String, createdAt: Instant, state: State
    ) {
        self.id = id
        self.kind = kind
        self.station = station
        self.evse = evse
        self.by = by
        self.createdAt = createdAt
        self.state = state
        changedAt = createdAt
    }

    /// How long a driver has to pay, and then to plug in.
    public static let patience: Duration = .minutes(10)
    /// How long a card that a terminal authorized is waited for.
    public static let terminalPatience: Duration = .days(1)
    /// How long a terminal may take to settle: it may be offline.
    public static let settlementPatience: Duration = .days(7)
    public static let mostAttempts = 20
    /// Under which the provider knows this step: the same one however often it is asked.
    public var key: String? {
        step.map { $0 == .refund ? "\(id)-refund-\(refunded)" : "\(id)-\($0.rawValue)" }
    }

    /// It is paid, and its transaction was not asked for.
    var awaitsStart: Bool { state == .authorized && kind != .terminal && remoteStart == nil }

    // MARK: - Steps

    public mutating func ask(_ step: Step, fen: Int64 = 0, at now: Instant) {
        self.step = step
        stepFen = fen
        attempts = 0
        nextTry = now
        changedAt = now
        switch step {
        case .reserve, .look: break
        case .capture: state = .settling
        case .cancel: state = .cancelling
        case .refund: state = .refunding
        }
    }

    /// The transaction has ended.
    /// - Parameters:
    ///   - fen: what it cost; `nil`: not known.
    ///   - byStation: the station's terminal settles it (C21.FR.01).
    public mutating func end(costing fen: Int64?, byStation: Bool, at now: Instant) {
        guard [.authorized, .charging, .open].contains(state) else { return }
        cost = fen
        changedAt = now
        if byStation {
            state = .ended
            endsAt = now + Self.settlementPatience
        } else if let fen {
            let due = min(fen, reserved ?? fen)
            if due < fen { word = "cost above the reserved amount" }
            // Nothing was taken: the reservation is released (C20).
            if due <= 0 { ask(.cancel, at: now) } else { ask(.capture, fen: due, at: now) }
        } else {
            state = .open
        }
    }

    /// What the provider answered.
    public mutating func take(_ answer: PaymentAnswer, at now: Instant) {
        guard let step else { return }
        changedAt = now
        attempts = 0
        if let reference = answer.reference, self.reference == nil { self.reference = reference }
        if let page = answer.page { self.page = page }
        if let reason = answer.reason { word = String(reason.prefix(200)) }
        switch (step, answer.status) {
        case (.reserve, .authorized), (.look, .authorized):
            done()
            state = .authorized
            // It may have reserved less than was wished, and more must not be taken.
            if let fen = answer.fen { reserved = min(reserved ?? fen, fen) }
            endsAt = now + Self.patience
        case (.reserve, .pending):
            state = .awaiting
            self.step = .look
            nextTry = now + Self.lookInterval
        case (.look, .pending): nextTry = now + Self.lookInterval
        case (.reserve, .refused), (.look, .refused), (.look, .cancelled):
            done()
            state = .refused
        case (.capture, .captured):
            captured = stepFen
            done()
            state = .settled
        case (.cancel, .cancelled), (.cancel, .refused):
            done()
            state = .cancelled
        case (.refund, .refunded):
            refunded += stepFen
            done()
            state = .refunded
        default:
            // An answer to something else: nobody knows what was done.
            if word == nil { word = "the provider answered \(answer.status.rawValue) to \(step.rawValue)" }
            nextTry = nil
            state = .failed
        }
    }

    private mutating func done() {
        step = nil
        stepFen = 0
        nextTry = nil
        endsAt = nil
    }
    private static let lookInterval: Duration = .seconds(2)

    /// No answer that says what was done: the same again, later.
    public mutating func miss(_ reason: String, at now: Instant) {
        guard step != nil else { return }
        attempts += 1
        word = String(reason.prefix(200))
        changedAt = now
        if attempts >= Self.mostAttempts {
            nextTry = nil
            state = .failed
        } else {
            nextTry = now + min(.seconds(1 << min(attempts, 10)), .minutes(10))
        }
    }

    /// A person has it tried again.
    public mutating func retry(at now: Instant) -> Bool {
        guard state == .failed, let step else { return false }
        attempts = 0
        nextTry = now
        changedAt = now
        switch step {
        case .reserve: state = .begun
        case .look: state = .awaiting
        case .capture: state = .settling
        case .cancel: state = .cancelling
        case .refund: state = .refunding
        }
        return true
    }

    /// The station's terminal did not say in time what became of it. A card that never charged is let go; where something
    /// was drawn, a person looks. What the terminal says later still holds.
    public mutating func abandon(at now: Instant) {
        state = state == .authorized ? .cancelled : .failed
        word = "the station did not settle"
        endsAt = nil
        changedAt = now
    }

    /// A person is done with one that its station let fail.
    public mutating func close(at now: Instant) {
        state = .cancelled
        endsAt = nil
        changedAt = now
    }

    /// What the station's terminal made of it (C19 to C22). Told again, it changes nothing.
    public mutating func settle(_ notice: SettlementNotice, at now: Instant) {
        if let id = notice.receiptID { receiptID = String(id.prefix(50)) }
        if let url = notice.receiptURL { receiptURL = String(url.prefix(2000)) }
        let (new, fen): (State, Int64?) =
            switch notice.word {
            case "Settled": (.settled, notice.fen)
            case "Canceled": (.cancelled, nil)
            default: (.failed, nil)
            }
        // What the platform settles with the provider, and what was settled or given back, stands: two settlements of one
        // payment are for a person.
        let isOurs = kind != .terminal || step != nil
        if isOurs || state == .refunded || (state == .settled && (captured != fen || new != .settled)) {
            let told = "the station told \(notice.word) of \(notice.fen) fen"
            guard word != told else { return }
            word = told
            changedAt = now
            return
        }
        guard state != new || captured != fen else { return }
        (state, captured) = (new, fen ?? captured)
        word = new == .failed ? "the station told \(notice.word)" : word
        changedAt = now
        endsAt = nil
    }
}

/// What the provider says of a step.
public struct PaymentAnswer: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable, CaseIterable {
        case authorized, pending, refused, captured, cancelled, refunded
    }
    public let status: Status
    public let reference: String?
    public let page: String?
    public let fen: Int64?
    public let reason: String?
    public init(status: Status, reference: String? = nil, page: String? = nil, fen: Int64? = nil, reason: String? = nil)
    {
        self.status = status
        self.reference = reference
        self.page = page
        self.fen = fen
        self.reason = reason
    }
}

/// A step for the shell to have done; the answer comes back with ``key``.
public struct PaymentCall: Hashable, Sendable {
    public let payment: String
    public let step: Payment.Step
    /// The provider does what comes under one key once.
    public let key: String
    public let reference: String?
    public let fen: Int64
    public let station: StationID
    public let evse: Int
}

public enum PaymentOutcome: Hashable, Sendable {
    case answered(PaymentAnswer)
    /// Not reached, too slow, or not to be understood; without secrets.
    case missed(String)
}

/// What a program that shows drivers a page, or a kiosk, asks for.
public struct PaymentWish: Hashable, Sendable {
    public let station: StationID
    public let evse: Int
    /// To be reserved, fen.
    public let fen: Int64
    /// `nil`: the provider is asked to reserve it.
    public let reference: String?
    public let limits: TransactionLimits
    public init(station: StationID, evse: Int, fen: Int64, reference: String?, limits: TransactionLimits) {
        self.station = station
        self.evse = evse
        self.fen = fen
        self.reference = reference
        self.limits = limits
    }
}

/// What a person does about a payment; amounts in fen.
public enum PaymentAct: Hashable, Sendable {
    case cancel
    case refund(Int64)
    /// What was not known, or did not come about: this much is taken.
    case capture(Int64)
    case retry
}

/// Which payments are listed.
public struct PaymentFilter: Hashable, Sendable {
    public var station: StationID?
    public var state: Payment.State?
    /// A part of an id or of a reference.
    public var search: String?
    public init(station: StationID? = nil, state: Payment.State? = nil, search: String? = nil) {
        self.station = station
        self.state = state
        self.search = search
    }

    public func matches(_ payment: Payment) -> Bool {
        (station.map { payment.station == $0 } ?? true) && (state.map { payment.state == $0 } ?? true)
            && (search.map { payment.id == $0 || payment.reference?.hasPrefix($0) == true } ?? true)
    }
}

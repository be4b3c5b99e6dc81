public import Assets
public import Quantities

/// How one `WebPaymentsCtrlr` of a station stands, which shows dynamic QR codes (2.1 C25): what it was told, what it may have of
/// that, and which of its codes were used.
///
/// What was sent and not decided (no answer, after the next restart) is possible beside what held before: a code is good when
/// it follows from any of it. The secret itself is nowhere: it follows from the installation's own and a seed.
public struct WebPaymentSetup: Hashable, Sendable {
    /// Variables by which codes are made, and by which they are shown; in the order in which they are sent: what shows codes comes
    /// when all else is there.
    public enum Variable: String, Hashable, Sendable, CaseIterable {
        case secret = "SharedSecret"
        case validity = "ValidityTime"
        case length = "Length"
        case version = "TOTPVersion"
        case template = "URLTemplate"
        case enabled = "Enabled"
    }
    public enum State: String, Hashable, Sendable, CaseIterable {
        case off
        /// Something of it has not been answered, or holds after a restart.
        case sent
        case on
        /// The station did not take something of it: no code is shown, or none that would be good.
        case refused
    }

    public let station: StationID
    /// 0: one for the whole station.
    public let evse: Int
    public var wish: WebPaymentWish
    /// Seeds of the secrets that the station may have, the newest last; empty: a secret of somebody else, or none.
    public var seeds: [String] = []
    /// Seconds, characters, that it may have; the newest last.
    public var validities: [Int] = []
    public var lengths: [Int] = []
    public var undecided: Set<Variable> = []
    /// What it refused, with its word.
    public var refusals: [Variable: String] = [:]
    public var changedAt: Instant
    /// Codes that began a payment, while they would still be good; the oldest first.
    public var used: [UsedCode] = []

    public struct UsedCode: Hashable, Sendable {
        public let code: String
        public let evse: Int
        public let until: Instant
        public init(code: String, evse: Int, until: Instant) {
            self.code = code
            self.evse = evse
            self.until = until
        }
    }

    public init(station: StationID, evse: Int, wish: WebPaymentWish, at now: Instant) {
        self.station = station
        self.evse = evse
        self.wish = wish
        changedAt = now
    }

    /// Each is one more that makes good codes.
    public static let mostPossible = 3
    /// Three intervals of each EVSE, and those of secrets that were changed meanwhile.
    public static let mostUsed = 400

    public var state: State {
        if !undecided.isEmpty { return .sent }
        if !wish.isEnabled { return .off }
        return refusals.isEmpty && !seeds.isEmpty ? .on : .refused
    }

    /// What it last refused, for people: `SharedSecret: Rejected`.
    public var word: String? {
        let words = Variable.allCases.compactMap { one in refusals[one].map { "\(one.rawValue): \($0)" } }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    /// - Returns: what the station cannot have had before; `nil`, with nothing changed, when too many possibilities are undecided.
    public mutating func send(_ wish: WebPaymentWish, seed: String?, at now: Instant) -> Set<Variable>? {
        func added<Value: Equatable>(_ value: Value, to all: [Value]) -> [Value] {
            all.filter { $0 != value } + [value]
        }
        let seeds = seed.map { added($0, to: self.seeds) } ?? self.seeds
        let validities = added(wish.validity, to: self.validities)
        let lengths = added(wish.length, to: self.lengths)
        guard max(seeds.count, validities.count, lengths.count) <= Self.mostPossible else { return nil }
        self.wish = wish
        changedAt = now
        refusals = [:]
        guard wish.isEnabled else {
            undecided = [.enabled]
            return []
        }
        var new: Set<Variable> = []
        if seeds.count > self.seeds.count { new.insert(.secret) }
        if validities.count > self.validities.count { new.insert(.validity) }
        if lengths.count > self.lengths.count { new.insert(.length) }
        (self.seeds, self.validities, self.lengths) = (seeds, validities, lengths)
        undecided = Set(Variable.allCases)
        return new
    }

    /// How the station took a value.
    /// - Parameters:
    ///   - seed: of the secret that was sent; `nil`: it is none of ours.
    ///   - isNew: it was sent once, and the station did not have it before: refused, it is nowhere.
    public mutating func take(
        _ variable: Variable, _ value: String, seed: String?, isNew: Bool, _ answer: Answer, at now: Instant
    ) {
        changedAt = now
        if case .later = answer { undecided.insert(variable) } else { undecided.remove(variable) }
        if case .refused(let word) = answer { refusals[variable] = String(word.prefix(100)) }
        if case .taken = answer { refusals[variable] = nil }
        func decided<Value: Equatable>(_ value: Value?, _ all: [Value]) -> [Value] {
            switch answer {
            case .taken: value.map { [$0] } ?? []
            case .refused: isNew ? all.filter { $0 != value } : all
            case .later: all
            }
        }
        switch variable {
        case .secret: seeds = decided(seed, seeds)
        case .validity: validities = decided(Int(value), validities)
        case .length: lengths = decided(Int(value), lengths)
        case .version, .template, .enabled: break
        }
    }

    public enum Answer: Hashable, Sendable {
        case taken
        /// After the next restart, or nobody knows.
        case later
        case refused(String)
    }

    /// A good code showed which of them the station uses.
    public mutating func prove(seed: String) {
        guard seed == seeds.last, seeds.count > 1 else { return }
        seeds = [seed]
        undecided.remove(.secret)
    }

    public func isUsed(_ code: String, evse: Int) -> Bool { used.contains { $0.code == code && $0.evse == evse } }
}

/// What is wanted of a `WebPaymentsCtrlr`.
public struct WebPaymentWish: Hashable, Sendable {
    public var isEnabled: Bool
    /// Seconds that a code holds.
    public var validity: Int
    /// Characters of a code.
    public var length: Int
    /// What is reserved for one charge, fen; a driver may ask for less.
    public var fen: Int64
    public init(isEnabled: Bool, validity: Int, length: Int, fen: Int64) {
        self.isEnabled = isEnabled
        self.validity = validity
        self.length = length
        self.fen = fen
    }
}

/// What a scanned code says.
public struct ScannedCode: Hashable, Sendable {
    public let station: StationID
    public let evse: Int
    public let code: String
    public let version: String
    /// What the driver wished at the station (C25.FR.59).
    public let energy: Energy?
    public let seconds: Int?
    /// Fen.
    public let cost: Int64?
    public init(
        station: StationID, evse: Int, code: String, version: String, energy: Energy? = nil, seconds: Int? = nil,
        cost: Int64? = nil
    ) {
        self.station = station
        self.evse = evse
        self.code = code
        self.version = version
        self.energy = energy
        self.seconds = seconds
        self.cost = cost
    }
}

/// What the core needs to give out secrets and to look at codes, without a key of its own.
public struct CodeTool: Sendable {
    /// What stations are to make codes into, with the placeholders of the standard.
    public let template: String
    public let secret: @Sendable (_ station: StationID, _ seed: String) -> String
    /// Whether a code follows from a secret within the intervals around `at`.
    public let isGood:
        @Sendable (_ code: String, _ secret: String, _ at: Instant, _ validity: Int, _ length: Int) -> Bool
    public init(
        template: String, secret: @escaping @Sendable (StationID, String) -> String,
        isGood: @escaping @Sendable (String, String, Instant, Int, Int) -> Bool
    ) {
        self.template = template
        self.secret = secret
        self.isGood = isGood
    }
}

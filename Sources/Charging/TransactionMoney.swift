public import Quantities

/// Up to where a transaction may go; `nil`: no limit of the kind (OCPP 2.1 E16).
public struct TransactionLimits: Hashable, Sendable {
    /// Yuan.
    public var cost: Rational?
    /// Of energy charged.
    public var energy: Energy?
    /// Since its start, in seconds.
    public var seconds: Int?
    /// Per cent.
    public var stateOfCharge: Int?
    public init(cost: Rational? = nil, energy: Energy? = nil, seconds: Int? = nil, stateOfCharge: Int? = nil) {
        self.cost = cost
        self.energy = energy
        self.seconds = seconds
        self.stateOfCharge = stateOfCharge
    }
    public var isEmpty: Bool { self == TransactionLimits() }

    /// Nothing of it goes beyond `other` where that one has a limit.
    public func isWithin(_ other: TransactionLimits) -> Bool {
        func holds<Value: Comparable>(_ own: Value?, _ most: Value?) -> Bool {
            most.map { most in own.map { $0 <= most } ?? false } ?? true
        }
        return holds(cost, other.cost) && holds(energy, other.energy) && holds(seconds, other.seconds)
            && holds(stateOfCharge, other.stateOfCharge)
    }
}

/// What a transaction cost so far as the station reckons it by the tariff that it was given (OCPP 2.1 I12).
public struct StationCost: Hashable, Sendable {
    /// With taxes where it says so.
    public let total: Rational
    public let currency: String
    /// As the station counts it.
    public let energy: Energy?
    /// Periods of one price; a running cost has none.
    public let periods: Int
    /// The first of them with what they say, in order, ``mostParts`` at most.
    public var parts: [Part] = []
    public static let mostParts = 100
    /// A period of one tariff (`chargingPeriods`).
    public struct Part: Hashable, Sendable {
        public let start: Instant
        public let tariff: String?
        /// As the station counts it; `nil`: it says none.
        public let energy: Energy?
        public init(start: Instant, tariff: String?, energy: Energy?) {
            self.start = start
            self.tariff = tariff
            self.energy = energy
        }
    }
    /// It could not reckon; the rest is what it got to. Its words stay in the message log.
    public let hasFailed: Bool
    public let at: Instant
    public init(total: Rational, currency: String, energy: Energy?, periods: Int, hasFailed: Bool, at: Instant) {
        self.total = total
        self.currency = currency
        self.energy = energy
        self.periods = periods
        self.hasFailed = hasFailed
        self.at = at
    }
}

extension [StationCost.Part] {
    /// `MILLISECONDS;MWH;TARIFF`, one a line; `-`: it says none.
    public var text: String {
        map { part in
            let tariff = part.tariff.map { String($0.map { $0.isNewline ? " " : $0 }) }
            return [
                String(part.start.milliseconds), part.energy.map { String($0.milliwattHours) } ?? "-", tariff ?? "-",
            ].joined(separator: ";")
        }.joined(separator: "\n")
    }

    /// Reads ``text``; a line that is none is left out.
    public init(text: String) {
        self = text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: ";", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, let start = Int64(parts[0]) else { return nil }
            return StationCost.Part(
                start: Instant(milliseconds: start), tariff: parts[2] == "-" ? nil : parts[2],
                energy: Int64(parts[1]).map { Energy(milliwattHours: $0) })
        }
    }
}

/// What there is of money about a session beside its price: the station's own reckoning, limits, energy given back.
/// Most sessions have nothing of it.
public struct SessionAccount: Hashable, Sendable {
    /// The station's word for the tariff by which it reckons.
    public var tariff: String?
    public var told: StationCost?
    /// Set by people, programs or a payment.
    public var limits = TransactionLimits()
    public var limitsSetAt: Instant?
    /// Whether the station was told of them.
    public var telling = Telling.never
    public enum Telling: Int, Hashable, Sendable {
        case never, told
        /// They are others since it was told of some.
        case again
    }
    /// What the station says that it holds to.
    public var heldLimits = TransactionLimits()
    /// Since when a limit is reached, and which: `cost`, `energy`, `time`, `soc`.
    public var reached: String?
    public var reachedAt: Instant?
    /// The station told that it acts on it.
    public var stationActs = false
    /// How often the platform asked it to stop because of a limit.
    public var stops = 0
    /// Per cent, as last told; only where a limit goes by it.
    public var stateOfCharge: Int?
    /// What the energy given back is worth, yuan, not negative for a positive price; `nil`: not known, or none was given.
    public var exportCredit: Rational?
    /// At which the next of it is credited; `nil`: to be looked up. Not kept on the disk.
    public var exportPrice: ExportPrice?
    public struct ExportPrice: Hashable, Sendable {
        /// Until the next change of price.
        public let holds: Interval
        public let level: String
        /// Yuan/kWh.
        public let price: Rational
        public init(holds: Interval, level: String, price: Rational) {
            self.holds = holds
            self.level = level
            self.price = price
        }
    }
    /// What its driver pays, as it was when the token was shown; `nil`: what the site asks.
    public var prices: DriverPrices?
    /// What registers and state of charge say of its losses; `nil`: nothing, its station does not meter both ways.
    public var losses: LossTrack?
    public init() {}

    /// Station less ours, whole fen; `nil` where one of the two is not known.
    public func difference(from cost: Rational?) -> Int? {
        guard let cost, let told, !told.hasFailed, told.currency == "CNY" else { return nil }
        return Int(((told.total - cost) * Rational(100)).text(decimals: 0))
    }
    /// A station rounds where we do not, and cuts a step of its register elsewhere: so many fen are no difference.
    public static func tolerance(of cost: Rational) -> Int { max(1, Int((cost / Rational(2)).text(decimals: 0)) ?? 0) }
}

/// A line of what a session cost: energy of one direction, level and price.
public struct CostLine: Hashable, Sendable {
    public let isExport: Bool
    /// `peak`, `valley` …; `other`: several that had no room of their own.
    public let level: String
    /// Yuan/kWh; `nil` with several.
    public let price: Rational?
    /// Service fee, yuan/kWh; `nil` with several.
    public let fee: Rational?
    /// Kilowatt-hours.
    public var energy: Rational
    /// Of the energy, yuan.
    public var amount: Rational
    /// Of the service fee, yuan.
    public var feeAmount: Rational
    public init(
        isExport: Bool, level: String, price: Rational?, fee: Rational?, energy: Rational, amount: Rational,
        feeAmount: Rational
    ) {
        self.isExport = isExport
        self.level = level
        self.price = price
        self.fee = fee
        self.energy = energy
        self.amount = amount
        self.feeAmount = feeAmount
    }

    public static let other = "other"
}

extension [CostLine] {
    /// Lines of one session; quarter-hour prices of many days share the last one.
    public static let most = 200

    public mutating func add(_ line: CostLine) {
        func adds(to i: Int) {
            self[i].energy += line.energy
            self[i].amount += line.amount
            self[i].feeAmount += line.feeAmount
        }
        if let i = firstIndex(where: {
            $0.isExport == line.isExport && $0.level == line.level && $0.price == line.price && $0.fee == line.fee
        }) {
            return adds(to: i)
        }
        if count < Self.most - 2 { return append(line) }
        if let i = firstIndex(where: { $0.isExport == line.isExport && $0.level == CostLine.other }) {
            return adds(to: i)
        }
        append(
            CostLine(
                isExport: line.isExport, level: CostLine.other, price: nil, fee: nil, energy: line.energy,
                amount: line.amount, feeAmount: line.feeAmount))
    }

    /// `import;peak;78/100;3/10;4/1;312/100;12/10`, one a line; `-`: not one price.
    public var text: String {
        map { line in
            [
                line.isExport ? "export" : "import", line.level, line.price?.fraction ?? "-", line.fee?.fraction ?? "-",
                line.energy.fraction, line.amount.fraction, line.feeAmount.fraction,
            ].joined(separator: ";")
        }.joined(separator: "\n")
    }

    /// Reads ``text``; a line that is none is left out.
    public init(text: String) {
        self = text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 7, let energy = Rational(fraction: parts[4]),
                let amount = Rational(fraction: parts[5]),
                let fee = Rational(fraction: parts[6])
            else { return nil }
            return CostLine(
                isExport: parts[0] == "export", level: parts[1], price: Rational(fraction: parts[2]),
                fee: Rational(fraction: parts[3]), energy: energy, amount: amount, feeAmount: fee)
        }
    }
}

extension Session {
    /// Takes a reading of the export register: energy given back, by the same rules as ``take(register:at:receivedAt:)``. Of a
    /// register that falls or jumps there is no mark: many stations have none of the kind.
    /// - Returns: the energy that was given since the reading before, and when; `nil`: none.
    public mutating func take(
        exportRegister value: RegisterReading, at instant: Instant, receivedAt now: Instant
    ) -> (energy: Energy, span: Interval)? {
        let at = min(instant, now)
        let since = min(exportLastAt ?? at, now)
        guard at >= since else { return nil }
        let before = exportLast
        (exportLast, exportLastAt) = (value, at)
        guard let before else { return nil }
        let step = value - before
        guard step > .zero, step <= Self.largestStep else { return nil }
        exported += step
        return (step, Interval(since, at))
    }
}

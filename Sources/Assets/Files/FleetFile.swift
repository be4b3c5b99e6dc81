public import Documents
public import Quantities

/// A fleet CSV (interfaces.md §3): one row a charging stay. Complete and checked; numbers are exact as written.
public struct FleetFile: Sendable {
    public let file: String
    /// In the file's order.
    public let stays: [ChargingStay]

    public init(_ bytes: [UInt8], file: String) throws(Problems) {
        var stays: [ChargingStay] = []
        var lines: [String: Int] = [:]
        try CSVDocument.forEachRow(bytes, file: file, required: FleetFile.required) { row, problems in
            var reader = StayReader(row: row)
            guard let stay = reader.read() else {
                for problem in reader.problems { problems.add(problem) }
                return
            }
            if let first = lines[stay.session] {
                problems.add(row.problem("session_id", .sessionRepeated(stay.session, line: first)))
                return
            }
            lines[stay.session] = row.line
            stays.append(stay)
        }
        self.file = file
        self.stays = stays
    }

    static let required = ["session_id", "evse_id", "arrival", "departure", "energy_kwh", "max_charge_kw"]
}

/// One row of a fleet CSV. Power is at the EVSE, kW; energies are kWh.
public struct ChargingStay: Hashable, Sendable {
    public let session: String
    public let evse: String
    public let interval: Interval
    /// Into the battery by departure.
    public let energy: Rational
    public let maxCharge: Rational
    /// 0: charging only.
    public let maxDischarge: Rational
    /// kWh at the EVSE that the stay may give back in all; `nil`: no budget.
    public let dischargeBudget: Rational?
    /// The least power while charging; 0: none.
    public let minCharge: Rational
    /// `nil` without `soc_arrival`.
    public let battery: Battery?
    /// Grid to battery and battery to grid, (0, 1].
    public let chargeEfficiency: Rational
    public let dischargeEfficiency: Rational
    /// Yuan for each kWh left undelivered.
    public let value: Rational
    public let ownership: Ownership?
    /// Line of the file, for complaints.
    public let line: Int

    /// Shares of the capacity are 0…1.
    public struct Battery: Hashable, Sendable {
        public let capacity: Rational
        public let atArrival: Rational
        public let minimum: Rational
        public let maximum: Rational
    }
}

/// Reads one row and collects everything wrong in it.
private struct StayReader {
    let row: CSVDocument.Row
    var problems: [Problem] = []
    /// 1 GW and 1 GWh: far beyond any pile or battery, and far from what arithmetic could lose.
    private static let limit = Rational(1_000_000)

    init(row: CSVDocument.Row) { self.row = row }

    mutating func read() -> ChargingStay? {
        let session = name("session_id")
        let evse = name("evse_id")
        let arrival = instant("arrival")
        let departure = instant("departure")
        if let arrival, let departure, departure <= arrival {
            report(
                "departure",
                .departureNotAfter(text("departure"), arrival: text("arrival")))
        }
        let energy = number("energy_kwh", default: nil)
        let maxCharge = number("max_charge_kw", default: nil)
        let maxDischarge = number("max_discharge_kw", default: .zero)
        let budget = text("discharge_budget_kwh").isEmpty ? nil : number("discharge_budget_kwh", default: .zero)
        let minCharge = number("min_charge_kw", default: .zero)
        let chargeEfficiency = share("charge_efficiency", default: .one, positive: true)
        let dischargeEfficiency = share("discharge_efficiency", default: .one, positive: true)
        let value = number("value_yuan_per_kwh", default: Rational(5))
        let battery = battery(discharges: maxDischarge.map { $0 > .zero } ?? false)
        var ownership: Ownership?
        if !text("ownership").isEmpty {
            ownership = Ownership(rawValue: text("ownership"))
            if ownership == nil { report("ownership", .ownershipUnknown(text("ownership"))) }
        }
        guard problems.isEmpty, let arrival, let departure, let energy, let maxCharge, let maxDischarge, let minCharge,
            let chargeEfficiency, let dischargeEfficiency, let value
        else { return nil }
        return ChargingStay(
            session: session, evse: evse, interval: Interval(arrival, departure), energy: energy, maxCharge: maxCharge,
            maxDischarge: maxDischarge, dischargeBudget: budget, minCharge: minCharge, battery: battery,
            chargeEfficiency: chargeEfficiency,
            dischargeEfficiency: dischargeEfficiency, value: value, ownership: ownership, line: row.line)
    }

    /// Needed where the stay can discharge or says its state of charge.
    private mutating func battery(discharges: Bool) -> ChargingStay.Battery? {
        let knowsArrival = !text("soc_arrival").isEmpty
        let minimum = share("soc_min", default: .zero, positive: false)
        let maximum = share("soc_max", default: .one, positive: false)
        if let minimum, let maximum, minimum > maximum {
            report(
                "soc_min",
                .minimumAboveMaximum(text("soc_min"), maximum: text("soc_max")))
        }
        guard knowsArrival || discharges else { return nil }
        let why = discharges ? Message.dischargeIsAllowed : .chargeIsGiven
        if text("battery_kwh").isEmpty {
            report("battery_kwh", .batteryNeeded(because: why))
        }
        if !knowsArrival { report("soc_arrival", .chargeNeeded(because: why)) }
        guard !text("battery_kwh").isEmpty, knowsArrival else { return nil }
        let capacity = number("battery_kwh", default: nil)
        if let capacity, capacity == .zero { report("battery_kwh", .batteryOfZero) }
        guard let capacity, let atArrival = share("soc_arrival", default: nil, positive: false), let minimum,
            let maximum
        else { return nil }
        return ChargingStay.Battery(capacity: capacity, atArrival: atArrival, minimum: minimum, maximum: maximum)
    }

    private func text(_ column: String) -> String { row[column] ?? "" }
    private mutating func report(_ column: String, _ message: Message) { problems.append(row.problem(column, message)) }

    private mutating func name(_ column: String) -> String {
        let name = text(column)
        if name.isEmpty { report(column, .nameNeeded) }
        return name
    }

    private mutating func instant(_ column: String) -> Instant? {
        let instant = Instant(text(column))
        if instant == nil {
            report(column, .notAnInstant(quoted(column)))
        }
        return instant
    }

    private mutating func number(_ column: String, default fallback: Rational?) -> Rational? {
        if text(column).isEmpty, let fallback { return fallback }
        guard let number = Rational(decimal: text(column)), number >= .zero, number <= StayReader.limit else {
            report(column, .notAnAmount(quoted(column)))
            return nil
        }
        return number
    }

    private mutating func share(_ column: String, default fallback: Rational?, positive: Bool) -> Rational? {
        if text(column).isEmpty, let fallback { return fallback }
        let range = positive ? Message.aboveZeroToOne : .zeroToOne
        guard let share = Rational(decimal: text(column)), share <= .one, positive ? share > .zero : share >= .zero
        else {
            report(column, .notAShare(quoted(column), range: range))
            return nil
        }
        return share
    }

    private func quoted(_ column: String) -> Message {
        text(column).isEmpty ? .emptyField : .quoted(text(column))
    }
}

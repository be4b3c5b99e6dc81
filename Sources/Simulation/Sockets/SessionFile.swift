public import Documents
public import Quantities

/// Charging stays read from a file, for replay: recorded sessions (`plug_in_local`, `plug_out_local` on a wall clock) or
/// our fleet CSV (`arrival`, `departure` as instants).
public struct SessionFile: Sendable {
    public struct Stay: Hashable, Sendable {
        /// Whose pile it is: the recorded user, or the fleet's EVSE.
        public let owner: String
        public let arrival: Instant
        public let departure: Instant
        /// To be delivered.
        public let energy: Energy
        /// `nil` where the file does not say.
        public let maxPower: Power?
        public let battery: Energy?
    }
    /// By arrival.
    public let stays: [Stay]
    /// Rows without departure or energy, or whose stay does not last.
    public let rejected: Int

    /// - Parameter zone: of the wall clock, where the file has one.
    /// - Throws: ``Problems`` when a column is missing or a cell cannot be read.
    public init(csv bytes: [UInt8], file: String, zone: Zone) throws(Problems) {
        let header = try CSVDocument(bytes, file: file, required: ["energy_kwh"]).header
        if header.contains("plug_in_local") {
            try self.init(recorded: bytes, file: file, zone: zone)
        } else {
            try self.init(fleet: bytes, file: file)
        }
    }

    private init(recorded bytes: [UInt8], file: String, zone: Zone) throws(Problems) {
        let recorded = try RecordedStays(csv: bytes, file: file, userType: nil)
        rejected = recorded.skipped
        stays = recorded.stays.map { stay in
            func instant(_ minutes: Int) -> Instant {
                let day = (minutes >= 0 ? minutes : minutes - 1439) / 1440
                return zone.instant(of: CivilDay(daysSince1970: Int32(day)), minute: minutes - day * 1440)
            }
            return Stay(
                owner: stay.user, arrival: instant(stay.pluggedIn), departure: instant(stay.pluggedOut),
                energy: stay.energy, maxPower: nil, battery: nil)
        }.sorted { ($0.arrival, $0.owner) < ($1.arrival, $1.owner) }
    }

    private init(fleet bytes: [UInt8], file: String) throws(Problems) {
        let table = try CSVDocument(
            bytes, file: file,
            required: ["session_id", "evse_id", "arrival", "departure", "energy_kwh", "max_charge_kw"])
        var stays: [Stay] = []
        var rejected = 0
        var problems = ProblemList()
        for row in table.rows {
            guard let departure = row["departure"], !departure.isEmpty, let energy = row["energy_kwh"], !energy.isEmpty
            else {
                rejected += 1
                continue
            }
            do throws(Problem) {
                let stay = Stay(
                    owner: row["evse_id"] ?? "", arrival: try row.instant("arrival"),
                    departure: try row.instant("departure"),
                    energy: Energy(roundingKilowattHours: try row.decimal("energy_kwh", unit: "kWh")),
                    maxPower: Power(roundingKilowatts: try row.decimal("max_charge_kw", unit: "kW")),
                    battery: (row["battery_kwh"] ?? "").isEmpty
                        ? nil : Energy(roundingKilowattHours: try row.decimal("battery_kwh", unit: "kWh")))
                if stay.departure > stay.arrival && stay.energy > .zero && stay.maxPower ?? .zero > .zero {
                    stays.append(stay)
                } else {
                    rejected += 1
                }
            } catch {
                problems.add(error)
            }
        }
        try problems.throwIfAny()
        self.stays = stays.sorted { ($0.arrival, $0.owner) < ($1.arrival, $1.owner) }
        self.rejected = rejected
    }
}

extension CSVDocument.Row {
    fileprivate func instant(_ column: String) throws(Problem) -> Instant {
        guard let instant = Instant(self[column] ?? "") else {
            throw problem(column, .instantNeeded)
        }
        return instant
    }
    fileprivate func decimal(_ column: String, unit: String) throws(Problem) -> Double {
        guard let number = Rational(decimal: self[column] ?? ""), (0...1_000_000).contains(number.approximate) else {
            throw problem(column, .amountNeeded(unit: unit))
        }
        return number.approximate
    }
}

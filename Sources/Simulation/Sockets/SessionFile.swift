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
        /// `nil`: the vehicle can only charge.
        public let v2g: V2G?
    }
    /// Of a vehicle that can give energy back. Shares per mille.
    public struct V2G: Hashable, Sendable {
        public let maxDischarge: Power
        public let capacity: Energy
        public let arrivalPermille: Int
        public let minimumPermille: Int
        public let maximumPermille: Int
        public let chargeEfficiencyPermille: Int
        public let dischargeEfficiencyPermille: Int
        /// Who plans: the vehicle, or the central system from moment to moment.
        public let control: BidirectionalVehicle.Control
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
                energy: stay.energy, maxPower: nil, battery: nil, v2g: nil)
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
                        ? nil : Energy(roundingKilowattHours: try row.decimal("battery_kwh", unit: "kWh")),
                    v2g: try row.v2g())
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
    /// The fleet's columns of vehicles that can give energy back; `nil` without such a power, a battery and a state at arrival.
    fileprivate func v2g() throws(Problem) -> SessionFile.V2G? {
        func isGiven(_ column: String) -> Bool { !(self[column] ?? "").isEmpty }
        guard isGiven("max_discharge_kw"), isGiven("battery_kwh"), isGiven("soc_arrival") else { return nil }
        let power = Power(roundingKilowatts: try decimal("max_discharge_kw", unit: "kW"))
        let capacity = Energy(roundingKilowattHours: try decimal("battery_kwh", unit: "kWh"))
        guard power > .zero, capacity > .zero else { return nil }
        return SessionFile.V2G(
            maxDischarge: power, capacity: capacity, arrivalPermille: try permille("soc_arrival", else: 500),
            minimumPermille: try permille("soc_min", else: 0), maximumPermille: try permille("soc_max", else: 1000),
            chargeEfficiencyPermille: max(1, try permille("charge_efficiency", else: 1000)),
            dischargeEfficiencyPermille: max(1, try permille("discharge_efficiency", else: 1000)),
            control: self["control_mode"] == BidirectionalVehicle.Control.scheduled.rawValue ? .scheduled : .dynamic)
    }

    private func permille(_ column: String, else absent: Int) throws(Problem) -> Int {
        guard let text = self[column], !text.isEmpty else { return absent }
        guard let share = Rational(decimal: text), (0...1).contains(share.approximate) else {
            throw problem(column, .shareNeeded)
        }
        return Int((share.approximate * 1000).rounded())
    }

    fileprivate func decimal(_ column: String, unit: String) throws(Problem) -> Double {
        guard let number = Rational(decimal: self[column] ?? ""), (0...1_000_000).contains(number.approximate) else {
            throw problem(column, .amountNeeded(unit: unit))
        }
        return number.approximate
    }
}

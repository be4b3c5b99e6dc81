public import Assets
public import Documents
public import Quantities
public import Rulebook

/// A V2G project as notice 718 means it: ten two-way DC piles of 60 kW beside an office building with PV and a battery, under
/// one transformer in Guangzhou. A company's vans stand at the piles between their tours.
///
/// Everything about building, weather and tours is invented by the seed; prices are Guangdong's discharge price and an assumed
/// import price on Guangdong's hours (`park_import.yaml`).
public struct ParkScenario: Sendable {
    public static let defaultSeed: UInt64 = 718
    public let seed: UInt64
    public let zone = Zone.shanghai
    /// A Monday.
    public let firstDay: CivilDay
    public let days: Int
    public let piles = 10
    /// Of one pile, both ways.
    public let pilePower = Power.kilowatts(60)
    public let transformer = (kilovoltAmperes: 630, powerFactor: "0.95", loading: "0.85")
    public let limit = Power(watts: 630_000 * 95 * 85 / 10_000)
    public let exportLimit = Power.kilowatts(600)
    public let storage: StationaryStorage
    public let battery = BatteryTerms(
        chemistry: .lfp, valuePerKilowattHour: 600_000_000, consumption: 180, roundTripPerMille: 865)
    /// Of pile and battery together, one way; their product is about the round trip.
    public let efficiencyPerMille = 930
    public let capacity = Energy.kilowattHours(100)
    /// Tariffs by id; the import price is the scenario's own.
    public let buying: Tariff
    public let selling: Tariff
    public let stays: [Stay]

    /// A van at its pile.
    public struct Stay: Hashable, Sendable {
        /// From 0; each van has a pile of its own.
        public let pile: Int
        public let arrival: Instant
        public let departure: Instant
        /// Stored energy: on arrival, below which it is never discharged, and wanted at departure.
        public let stored: Energy
        public let minimum: Energy
        public let target: Energy
    }

    public init(
        seed: UInt64 = defaultSeed, days: Int = 30, firstDay: CivilDay = CivilDay(daysSince1970: 20_514)
    ) throws(Problems) {
        self.seed = seed
        self.days = days
        self.firstDay = firstDay
        storage = StationaryStorage(
            id: "ESS", maxCharge: Rational(200), maxDischarge: Rational(200), capacity: Rational(400),
            start: Rational(1) / Rational(2), minimum: Rational(1) / Rational(10), maximum: Rational(19) / Rational(20),
            leastAtEnd: Rational(1) / Rational(2), chargeEfficiency: Rational(95) / Rational(100),
            dischargeEfficiency: Rational(95) / Rational(100), wear: Rational(1) / Rational(10))
        buying = try Tariff.read(DemoData.parkTariff(), file: "park_import.yaml")
        guard let selling = RulePacks.builtIn.tariff(ParkScenario.sellingTariff) else {
            throw Problems(Problem(file: ParkScenario.sellingTariff, line: 0, message: .resourcesMissing))
        }
        self.selling = selling
        stays = ParkScenario.tours(seed: seed, piles: piles, firstDay: firstDay, days: days, zone: .shanghai)
    }
    public static let sellingTariff = "cn/guangdong/v2g-discharge"

    public var interval: Interval {
        Interval(zone.midnight(of: firstDay), zone.midnight(of: firstDay.adding(days: days)))
    }

    /// On workdays most vans are out for the morning or the day, at weekends few; what is between two tours is a stay.
    private static func tours(seed: UInt64, piles: Int, firstDay: CivilDay, days: Int, zone: Zone) -> [Stay] {
        var stays: [Stay] = []
        for pile in 0..<piles {
            var random = SeededRandom(seed: seed).split(UInt64(pile) + 1)
            func between(_ least: Int, _ most: Int) -> Int { least + Int(random.next() % UInt64(most - least + 1)) }
            var arrival = zone.midnight(of: firstDay)
            var stored = Energy.kilowattHours(80)
            for offset in 0..<days {
                let day = firstDay.adding(days: offset)
                let chance = between(1, 100)
                let isWorkday = day.weekday <= 5
                let isMorning = chance <= (isWorkday ? 50 : 20)
                guard isMorning || isWorkday && chance <= 70 else { continue }
                let leaves = zone.instant(of: day, minute: between(7 * 60 + 30, 9 * 60))
                let returns =
                    leaves + .minutes(isMorning ? between(3 * 60, 5 * 60) : between(7 * 60, 9 * 60 + 30))
                let target = Energy.kilowattHours(isMorning ? 70 : 85)
                stays.append(
                    Stay(
                        pile: pile, arrival: arrival, departure: leaves, stored: stored,
                        minimum: .kilowattHours(30), target: target))
                arrival = returns
                // 5 to 6 kWh an hour on the road; it left with what it wanted.
                let hours = Int((returns - leaves).wholeMilliseconds / 3_600_000)
                stored = target - .wattHours(Int64(hours) * Int64(between(5_000, 6_000)))
            }
            let end = zone.midnight(of: firstDay.adding(days: days))
            if arrival < end {
                stays.append(
                    Stay(
                        pile: pile, arrival: arrival, departure: end, stored: stored, minimum: .kilowattHours(30),
                        target: .kilowattHours(70)))
            }
        }
        return stays.sorted { ($0.arrival, $0.pile) < ($1.arrival, $1.pile) }
    }

    // MARK: - The building

    /// Offices: a base of 70 kW, up to about 290 kW on a workday; the same instant always gives the same load.
    public func building(at instant: Instant) -> Power {
        let day = zone.civilDay(at: instant)
        let hour = Double(zone.millisecondOfDay(at: instant)) / 3_600_000
        let shape: Double =
            switch hour {
            case ..<7: 0
            case ..<9: (hour - 7) / 2
            case ..<12: 1
            case ..<14: 0.85
            case ..<18: 1
            case ..<20: (20 - hour) / 2
            default: 0
            }
        let load = 70 + (day.weekday <= 5 ? 200 : 50) * shape
        return Power(roundingKilowatts: load * (1 + 0.06 * (noise(instant, 1) - 0.5)))
    }

    /// 250 kW peak; days are clear or not.
    public func pv(at instant: Instant) -> Power {
        let hour = Double(zone.millisecondOfDay(at: instant)) / 3_600_000
        guard hour > 6, hour < 18 else { return .zero }
        let height = 1 - (hour - 12) * (hour - 12) / 36
        var random = SeededRandom(seed: seed).split(UInt64(bitPattern: Int64(zone.civilDay(at: instant).daysSince1970)))
        let clearness = 0.25 + 0.7 * random.unit()
        return Power(roundingKilowatts: 250 * height * clearness * (0.85 + 0.15 * noise(instant, 2)))
    }

    /// 0…1, a value a quarter of an hour.
    private func noise(_ instant: Instant, _ salt: UInt64) -> Double {
        var random = SeededRandom(seed: seed).split(UInt64(bitPattern: instant.milliseconds / 900_000) &* 8 &+ salt)
        return random.unit()
    }
}

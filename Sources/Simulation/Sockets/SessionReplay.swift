import Charging
import OCPP
public import OCPPMessages
public import Quantities

/// Recorded stays laid onto simulated stations and onto a time that begins now.
public struct SessionReplay: Sendable {
    public struct Options: Sendable {
        public var stations: Int?
        /// Of each station.
        public var evses = 1
        /// Until the first stay begins: time for the stations to boot.
        public var lead: Duration = .minutes(1)
        /// Each station is a cabinet with so many slots for batteries, and each stay a visit to it (2.1); `nil`: vehicles charge.
        public var slots: Int?
        /// Drivers press the button for priority charging so long after they came (2.1 K22); `nil`: nobody does.
        public var priorityAfter: Duration?
        /// First civil day of the file that is replayed, and how many.
        public var from: CivilDay?
        public var days: Int?
        public var zone: Zone
        public var seed: UInt64 = 1
        public var identityPrefix = "SIM-"
        /// Tags that the drivers use in turn; empty: each driver has a tag of its own name.
        public var tags: [String] = []
        public var password: String?
        /// Vehicles tell over ISO 15118 when they leave and what they need.
        public var speaksISO15118 = false
        /// Contracts that the vehicles charge by in turn, without a card; empty: they have none.
        public var contracts: [VehicleSpeech.Contract] = []
        /// What the station of an index speaks.
        public var version: @Sendable (Int) -> OCPPVersion = { _ in .v16 }
        /// Faults of one station, given its own seed.
        public var faults: @Sendable (UInt64) -> StationFaults = { _ in .none }

        /// Of the grid, at the file's own times; `nil`: 50 Hz.
        public var frequency: GridFrequency?

        public init(zone: Zone) { self.zone = zone }
    }

    public let members: [StationFleet.Member]
    /// Stays that are replayed.
    public let stays: Int
    /// Stays for which no station was free.
    public let crowdedOut: Int
    /// What the stays want, all together.
    public let wanted: Energy
    /// When the last stay is over.
    public let end: Instant

    /// A pile that gives no other power: 220 V, one phase, 32 A.
    private static let pilePower = Power(watts: 7040)
    /// `IdToken` of 1.6, `IdToken` of 2.0.1.
    private static func maxTagLength(_ version: OCPPVersion) -> Int { version == .v16 ? 20 : 36 }
    private static let batteryWithoutName = Energy.kilowattHours(60)
    // A battery of a motor scooter, as it comes back and as it waits in its slot.
    private static let swapBattery = Energy.kilowattHours(2)
    private static let usedPermille = 150
    private static let storedPermille = 950

    /// - Parameters:
    ///   - start: when the first stay begins, less the lead in which the stations boot. All stays are moved by the same
    ///     amount.
    public init(_ file: SessionFile, options: Options, start: Instant) {
        var stays = file.stays
        if let first = options.from.map(options.zone.midnight) ?? stays.first?.arrival {
            stays.removeAll { $0.arrival < first }
            if let days = options.days {
                let day = options.zone.civilDay(at: first)
                let end = options.zone.midnight(of: day.adding(days: days))
                stays.removeAll { $0.arrival >= end }
            }
        }
        let shift = stays.first.map { start + options.lead - $0.arrival } ?? .zero
        let owners = Array(Set(stays.map(\.owner))).sorted()
        let evses = options.slots == nil ? max(1, options.evses) : 1
        let needed = (owners.count + evses - 1) / evses
        let count = max(1, min(options.stations ?? needed, max(1, stays.count)))
        // EVSE e of station s is place s · evses + e.
        let places = count * evses
        let home = Dictionary(uniqueKeysWithValues: owners.enumerated().map { ($1, $0 % places) })

        var random = SeededRandom(seed: options.seed)
        var plans = [[StationFleet.Stay]](repeating: [], count: count)
        var visits = [[SwapStay]](repeating: [], count: count)
        var free = [Instant](repeating: start - .minutes(1), count: places)
        var largest = [Power](repeating: .zero, count: count)
        var discharge = [Power](repeating: .zero, count: count)
        var placed = 0
        var crowdedOut = 0
        var wanted = Energy.zero
        for stay in stays {
            let own = home[stay.owner] ?? 0
            // A cable is pulled and the next driver plugs in a minute later.
            func isFree(_ place: Int) -> Bool { free[place] + .minutes(1) <= stay.arrival + shift }
            guard let place = isFree(own) ? own : (0..<places).first(where: isFree) else {
                crowdedOut += 1
                continue
            }
            let station = place / evses
            let power = stay.maxPower ?? Self.pilePower
            if options.slots != nil {
                let tag = options.tags.isEmpty ? stay.owner : options.tags[placed % options.tags.count]
                visits[station].append(
                    SwapStay(
                        SwapVisit(
                            .init(
                                serial: "\(stay.owner)-\(placed + 1)",
                                capacity: stay.battery ?? Self.swapBattery,
                                statePermille: stay.v2g?.arrivalPermille ?? Self.usedPermille),
                            idTag: tag == "-" ? nil : String(tag.prefix(Self.maxTagLength(.v21)))),
                        arrival: stay.arrival + shift, departure: stay.departure + shift))
                largest[station] = max(largest[station], power)
                free[place] = stay.departure + shift
                placed += 1
                continue
            }
            largest[station] = max(largest[station], power)
            if let v2g = stay.v2g, options.version(station) == .v21 {
                discharge[station] = max(discharge[station], v2g.maxDischarge)
                plans[station].append(
                    StationFleet.Stay(
                        V2XStay(
                            BidirectionalVehicle(stay, v2g, power: power), arrival: stay.arrival + shift,
                            departure: stay.departure + shift,
                            idTag: String(
                                (options.tags.isEmpty ? stay.owner : options.tags[placed % options.tags.count])
                                    .prefix(Self.maxTagLength(.v21))), connector: place % evses + 1)))
                free[place] = stay.departure + shift
                placed += 1
                wanted = wanted + stay.energy
                continue
            }
            // Room for the energy, and a little more: most drivers charge to nearly full.
            let battery = max(stay.battery ?? Self.batteryWithoutName, stay.energy)
            let room = battery - stay.energy
            let stored = Energy(milliwattHours: Int64(Double(room.milliwattHours) * (0.5 + 0.5 * random.unit())))
            let contract = options.contracts.isEmpty ? nil : options.contracts[placed % options.contracts.count]
            let tag = options.tags.isEmpty ? stay.owner : options.tags[placed % options.tags.count]
            let speech =
                options.speaksISO15118 || contract != nil
                ? VehicleSpeech(departure: stay.departure + shift, contract: contract) : nil
            plans[station].append(
                StationFleet.Stay(
                    arrival: stay.arrival + shift, departure: stay.departure + shift,
                    vehicle: SimulatedVehicle(
                        battery: battery, stored: stored, wanted: stay.energy, maxPower: power,
                        phases: power > Self.pilePower ? 3 : 1, speech: speech),
                    idTag: contract == nil
                        ? String(tag.prefix(Self.maxTagLength(options.version(station)))) : nil,
                    connector: place % evses + 1))
            free[place] = stay.departure + shift
            placed += 1
            wanted = wanted + stay.energy
        }
        let frequency = options.frequency?.moved(by: shift)
        let digits = max(3, String(count).count)
        members = plans.enumerated().map { index, stays in
            let number = String(index + 1)
            let padded = String(repeating: "0", count: digits - number.count) + number
            var settings = StationSettings(identity: options.identityPrefix + padded)
            settings.version = options.version(index)
            settings.connectors = evses
            settings.faults = options.faults(options.seed &* 1_000_003 &+ UInt64(index))
            // A larger pile where a vehicle takes more than one phase of 32 A gives.
            if largest[index] > Self.pilePower {
                settings.supply = Supply(voltage: 220, phases: 3)
                settings.maxMilliamperes = (largest[index].watts * 1000 + 659) / 660
            }
            if discharge[index] > .zero {
                var electronics = BidirectionalEVSE()
                electronics.maxCharge = largest[index]
                electronics.maxDischarge = discharge[index]
                settings.gridFunctions = Set(DERFunction.allCases)
                settings.bidirectional = electronics
                let most = max(largest[index], discharge[index])
                settings.supply = Supply(voltage: 220, phases: 3)
                settings.maxMilliamperes = (most.watts * 1000 + 659) / 660
            }
            settings.frequency = frequency
            if let slots = options.slots, settings.version == .v21 {
                settings.connectors = slots
                let capacity = visits[index].first?.visit.battery.capacity ?? Self.swapBattery
                // The last slot is free: for the first battery that comes.
                let stored = (1..<slots).map { slot in
                    SwapCabinet.Battery(
                        serial: "\(settings.identity)-\(slot)", capacity: capacity, statePermille: Self.storedPermille)
                }
                var cabinet = SwapCabinet(slots: stored + [nil])
                cabinet.maxCharge = min(largest[index], Self.pilePower)
                settings.swap = cabinet
            }
            var member = StationFleet.Member(settings: settings, password: options.password, stays: stays)
            member.visits = visits[index]
            member.priorityAfter = options.priorityAfter
            return member
        }
        self.stays = placed
        self.crowdedOut = crowdedOut
        self.wanted = wanted
        end = free.max() ?? start
    }
}

extension BidirectionalVehicle {
    /// - Parameter power: that it charges with at most.
    fileprivate init(_ stay: SessionFile.Stay, _ v2g: SessionFile.V2G, power: Power) {
        // FNV-1a: the same vehicle comes to the same owner each time.
        let hash = stay.owner.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let digits = String(hash & 0xFF_FFFF_FFFF, radix: 16, uppercase: true)
        self.init(
            evccID: "02" + String(repeating: "0", count: 10 - digits.count) + digits, capacity: v2g.capacity,
            arrivalPermille: v2g.arrivalPermille)
        minimumPermille = v2g.minimumPermille
        maximumPermille = v2g.maximumPermille
        let gain = Int(stay.energy.milliwattHours * 1000 / v2g.capacity.milliwattHours)
        targetPermille = min(v2g.maximumPermille, v2g.arrivalPermille + gain)
        maxCharge = power
        maxDischarge = v2g.maxDischarge
        chargeEfficiencyPermille = v2g.chargeEfficiencyPermille
        dischargeEfficiencyPermille = v2g.dischargeEfficiencyPermille
        control = v2g.control
    }
}

import Assets
import Charging
import GridDispatch
import OCPP
import OCPPMessages
import Operations
import Quantities
import Rulebook
import Scheduling

/// What a world whose vehicles give back keeps for its checkers.
struct ParkWatch {
    /// A vehicle at its station: what the meters showed when it came.
    struct Present {
        let stay: Int
        let since: Instant
        let imported: Int64
        let exported: Int64
        /// The driver's word beside the vehicle's own, and when it was given.
        var stated: (floor: Energy, at: Instant)?
    }
    var present: [Int: Present] = [:]
    var deadMen: [DeadManChecker]
    var turns: [TurnChecker]
    var rereads: [RereadChecker]
    var group: GroupChecker
    var export = LimitChecker()
    /// Which instruction is watched, and from when all of it may be expected.
    var expected: (instruction: Instruction, since: Instant)?

    init(_ stations: [StationSettings], sampledEvery every: Duration) {
        deadMen = Array(repeating: DeadManChecker(), count: stations.count)
        turns = Array(repeating: TurnChecker(), count: stations.count)
        rereads = Array(repeating: RereadChecker(), count: stations.count)
        group = GroupChecker(othersEvery: stations.contains { $0.bidirectional == nil } ? every : nil)
    }
}

// A park in the world: how it is set up, what happens there, what must hold.
extension World {
    func setUpPark(_ park: WorldScript.Park) {
        let day = CivilDay(daysSince1970: Int32(script.start.milliseconds / 86_400_000) - 30)
        order(
            .putSite(
                Site(
                    id: Self.site, name: "Park", tariffs: [.init(from: day, tariff: "cn/hubei/residential-charging")],
                    exportTariffs: [.init(from: day, tariff: "cn/guangdong/v2g-discharge")],
                    energyTransfer: ["DC", "DC_BPT", "AC_three_phase", "AC_BPT"])))
        order(
            .putNode(
                GridNode(id: Self.node, site: Self.site, limit: script.limit, exportLimit: park.exportLimit)))
        for (i, settings) in script.stations.enumerated() {
            var change = StationChange()
            change.site = .some(Self.site)
            change.node = .some(Self.node)
            change.voltage = settings.supply.voltage
            change.phases = settings.supply.phases
            change.maxCurrentMilliamperes = settings.maxMilliamperes
            if let evse = settings.bidirectional { change.maxDischarge = .some(evse.maxDischarge) }
            order(.putStation(StationID(settings.identity), change))
            order(
                .putIdToken(
                    IdToken(value: "T\(i)", status: .accepted, energyTransfer: park.permissions[i])))
        }
    }

    func call(_ n: Int) {
        guard let call = script.park?.calls[n] else { return }
        order(.instruct(Self.site, call.instruction))
    }

    // MARK: - What checkers are told

    func came(_ s: Int) {
        guard watch != nil else { return }
        let pile = script.stays[s].pile
        watch?.present[pile] = ParkWatch.Present(
            stay: s, since: now, imported: stations[pile].register(connector: 1)?.milliwattHours ?? 0,
            exported: stations[pile].exported(connector: 1)?.milliwattHours ?? 0)
        watch?.turns[pile].reset()
    }

    func stated(_ s: Int, _ minimum: Energy?) {
        let stay = script.stays[s]
        guard let minimum else { return }
        watch?.present[stay.pile]?.stated = (stay.vehicle.stored + minimum, now)
    }

    func leaves(_ s: Int) {
        let stay = script.stays[s]
        guard let present = watch?.present.removeValue(forKey: stay.pile), present.stay == s,
            let traits = stay.vehicle.bidirectional, let evse = script.stations[stay.pile].bidirectional,
            let vehicle = stations[stay.pile].vehicle(connector: 1)
        else { return }
        let (imported, exported) = exchanged(stay.pile, since: present)
        let balance = StayBalance(
            imported: imported, exported: exported, gained: vehicle.stored - stay.vehicle.stored,
            lasted: now - present.since)
        if let violation = balance.violation(
            chargeLeft: Int64(evse.efficiencyPermille * traits.chargeEfficiencyPermille),
            dischargeLeft: Int64(evse.efficiencyPermille * traits.dischargeEfficiencyPermille), standby: evse.standby)
        {
            violate(stay.pile, violation)
        }
    }

    private func exchanged(_ pile: Int, since present: ParkWatch.Present) -> (imported: Energy, exported: Energy) {
        (
            Energy(milliwattHours: (stations[pile].register(connector: 1)?.milliwattHours ?? 0) - present.imported),
            Energy(milliwattHours: (stations[pile].exported(connector: 1)?.milliwattHours ?? 0) - present.exported)
        )
    }

    /// A text leaves the platform, reaches a station, or reaches the platform.
    func leavesPlatform(_ text: [UInt8], to i: Int) {
        guard watch != nil, script.stations[i].bidirectional != nil, let text = WireText(text) else { return }
        if let violation = watch?.rereads[i].sent(text) { violate(i, violation) }
    }

    func reachesStation(_ text: [UInt8], _ i: Int) {
        guard watch != nil, script.stations[i].bidirectional != nil, let text = WireText(text) else { return }
        if text.text.contains("\"setpoint\"") { watch?.deadMen[i].told(at: now) }
    }

    func reachesPlatform(_ text: [UInt8], from i: Int) {
        guard watch != nil, script.stations[i].bidirectional != nil, let text = WireText(text) else { return }
        watch?.rereads[i].received(text)
    }

    func violate(_ i: Int, _ text: String) { report.violations.append("\(now): \(stationID(i)) \(text)") }

    // MARK: - Each second

    func checkPark() {
        guard let park = script.park, watch != nil else { return }
        for i in stations.indices {
            guard let evse = script.stations[i].bidirectional else { continue }
            check(i, evse)
        }
        if let limit = park.exportLimit {
            let base = script.base(at: now, foreseeable: true) - script.base(at: now)
            var violations: [String] = []
            watch?.export.observe(
                load: -load, unforeseen: core == nil ? max(.zero, base) : .zero, limit: limit, at: now,
                violations: &violations)
            report.violations += violations.map { "export: " + $0 }
        }
        checkGroup()
    }

    private func check(_ i: Int, _ evse: BidirectionalEVSE) {
        let station = stations[i]
        let power = station.power(connector: 1)
        let ramp = max(1, evse.ramp * Int64(script.stations[i].faults.rampPermille) / 1000)
        let coming = evse.responseDelay + .milliseconds(evse.maxDischarge.watts * 1000 / ramp)
        // A schedule that was negotiated with the vehicle ends by itself, and sixty seconds after the line is gone: while that is
        // up, it is as if something were said.
        if station.vehicle(connector: 1)?.bidirectional?.control == .scheduled,
            wires.values.contains(where: { $0.station == i && $0.stationIsUp })
        {
            watch?.deadMen[i].told(at: now)
        }
        if let violation = watch?.deadMen[i].observe(power, coming: coming, at: now) { violate(i, violation) }
        if let violation = watch?.turns[i].observe(power, at: now) { violate(i, violation) }
        guard let present = watch?.present[i], let vehicle = station.vehicle(connector: 1),
            let traits = vehicle.bidirectional
        else { return }
        var floor = vehicle.cell.energy(permille: traits.leastPermille)
        if let stated = present.stated, now - stated.at > FloorChecker.statedWithin { floor = max(floor, stated.floor) }
        let (imported, exported) = exchanged(i, since: present)
        if let violation = FloorChecker.violation(
            stored: vehicle.stored, floor: floor, exchanged: imported + exported, power: power)
        {
            violate(i, violation)
        }
    }

    private func checkGroup() {
        let active = core?.instructions(of: Self.site)?.filter { $0.instruction.interval.contains(now) } ?? []
        guard active.count == 1, let group = active.first, case .exactly(let asked) = group.instruction.demand else {
            watch?.group.rest()
            watch?.expected = nil
            return
        }
        let power = stations.reduce(Power.zero) { $0 + $1.power }
        // After a gap that was told a ramp begins where the group is found to be.
        let isFound = group.instruction.ramp != nil && group.standing?.missedSince != nil
        if isFound || watch?.expected?.instruction.interval != group.instruction.interval {
            var since = now
            if let ramp = group.instruction.ramp {
                let way = max(abs(asked.watts - power.watts), abs(asked.watts))
                since = now + .milliseconds(way * 1000 / max(1, ramp.watts)) + .seconds(2)
            }
            watch?.expected = (group.instruction, since)
        }
        guard let expected = watch?.expected else { return }
        let isAlarmed = disk.journal.alarms.values.contains {
            $0.code == "group-misses-setpoint" && $0.object == Self.node.value && $0.endedAt == nil
        }
        if let violation = watch?.group.observe(
            group.instruction, since: expected.since, power: power, standing: group.standing, isAlarmed: isAlarmed,
            at: now), judgesGaps
        {
            report.violations.append("\(now): \(violation)")
        }
        // A lost station is no flexibility, from that moment on.
        guard let standing = group.standing else { return }
        let most = stations.indices.reduce(Int64(0)) { sum, i in
            guard let evse = script.stations[i].bidirectional, let id = wireOf[i], wires[id]?.link != nil else {
                return sum
            }
            return sum + evse.maxCharge.watts + evse.maxDischarge.watts
        }
        if standing.highest.watts - standing.lowest.watts > most {
            report.violations.append(
                "\(now): \(standing.lowest.watts) to \(standing.highest.watts) W are counted on, of those there \(most) W"
            )
        }
    }

    /// What the park's checkers saw, so that nobody holds who saw nothing.
    func finishPark() {
        guard let watch else { return }
        report.asked = watch.group.asked
        report.reached = watch.group.reached
        report.reachedInTime = watch.group.reachedInTime
        report.toldMissing = watch.group.told
        report.deadMen = watch.deadMen.reduce(0) { $0 + $1.ended }
        report.exported = stations.reduce(.zero) {
            $0 + Energy(milliwattHours: $1.exported(connector: 1)?.milliwattHours ?? 0)
        }
    }
}

extension SimulatedChargePoint {
    /// Of an EVSE that works both ways: what it follows counts until its dead-man ends it, then what it falls back to.
    func mostBothWays(_ connector: Int, at clock: Instant, transaction: ProfileStack.Transaction?) -> Power {
        let rating = min(settings.hardware.power, settings.bidirectional?.maxCharge ?? settings.hardware.power)
        let directive = profiles.directive(
            evse: connector, at: clock, transaction: transaction, supply: settings.supply, priority: setpointPriority)
        if let setpoint = directive.setpoint { return min(rating, max(.zero, Power(watts: setpoint / 1000))) }
        return min(rating, directive.limit?.power ?? rating)
    }
}

import Assets
import GridDispatch
import Operations
import Quantities

/// Plans and stays as bytes: powers as differences from slot to slot, which are mostly 0.
enum PlanPacking {
    private static let format: UInt8 = 1

    static func pack(_ plan: Plan) -> [UInt8] {
        var out = Packer()
        out.byte(format)
        out.signed(plan.id.value)
        out.text(plan.site.value)
        out.signed(plan.computedAt.milliseconds)
        out.text(plan.trigger)
        out.signed(plan.start.milliseconds)
        out.signed(plan.step.wholeMilliseconds)
        out.count(plan.count)
        // Unknown is "not a number".
        out.double(plan.objectiveYuan ?? .nan)
        out.double(plan.boundYuan ?? .nan)
        out.double(plan.gap)
        out.count(plan.stays.count)
        for stay in plan.stays { put(stay, plan.start, &out) }
        out.count(plan.nodes.count)
        for node in plan.nodes {
            out.text(node.node.value)
            out.optional(node.limit?.watts)
            put(node.base, &out)
            put(node.total, &out)
        }
        return out.bytes
    }

    static func plan(_ bytes: [UInt8]) throws(StoreFault) -> Plan {
        do {
            var from = Unpacker(bytes)
            guard try from.byte() == format else { throw Unpacker.Damage() }
            let id = Plan.ID(try from.signed())
            let site = SiteID(try from.text())
            let computedAt = Instant(milliseconds: try from.signed())
            let trigger = try from.text()
            let start = Instant(milliseconds: try from.signed())
            let step = Duration.milliseconds(try from.signed())
            let count = try from.number(atMost: 1 << 24)
            let objective = try from.double()
            let bound = try from.double()
            let gap = try from.double()
            var stays: [Plan.Stay] = []
            for _ in 0..<(try from.count()) { stays.append(try stay(start, &from)) }
            var nodes: [Plan.NodeLoad] = []
            for _ in 0..<(try from.count()) {
                nodes.append(
                    Plan.NodeLoad(
                        node: NodeID(try from.text()), limit: try from.optionalSigned().map(Power.init(watts:)),
                        base: try powers(&from), total: try powers(&from)))
            }
            return Plan(
                id: id, site: site, computedAt: computedAt, trigger: trigger, start: start, step: step, count: count,
                stays: stays, nodes: nodes, objectiveYuan: objective.isNaN ? nil : objective,
                boundYuan: bound.isNaN ? nil : bound, gap: gap)
        } catch { throw .damaged(.planDamaged) }
    }

    /// - Parameter origin: what the stay's instants are counted from: the plan's start.
    static func pack(_ stay: Plan.Stay, origin: Instant) -> [UInt8] {
        var out = Packer()
        out.byte(format)
        put(stay, origin, &out)
        return out.bytes
    }

    static func stay(_ bytes: [UInt8], origin: Instant) throws(StoreFault) -> Plan.Stay {
        do {
            var from = Unpacker(bytes)
            guard try from.byte() == format else { throw Unpacker.Damage() }
            return try stay(origin, &from)
        } catch { throw .damaged(.stayDamaged) }
    }

    private static func put(_ stay: Plan.Stay, _ origin: Instant, _ out: inout Packer) {
        out.text(stay.session)
        out.text(stay.evse.station.value)
        out.signed(Int64(stay.evse.number))
        put(stay.setpoints, &out)
        out.signed(stay.wanted.milliwattHours)
        out.signed(stay.undelivered.milliwattHours)
        out.count(stay.binding.count)
        for binding in stay.binding {
            out.optional(binding.node?.value)
            out.signed(binding.interval.start.milliseconds - origin.milliseconds)
            out.unsigned(UInt64(binding.interval.end.milliseconds - binding.interval.start.milliseconds))
        }
        out.byte(stay.isForecast ? 1 : 0)
        out.signed(stay.departure.milliseconds - origin.milliseconds)
    }

    private static func stay(_ origin: Instant, _ from: inout Unpacker) throws(Unpacker.Damage) -> Plan.Stay {
        let session = try from.text()
        let evse = EVSEID(StationID(try from.text()), Int(try from.signed()))
        let setpoints = try powers(&from)
        let wanted = Energy(milliwattHours: try from.signed())
        let undelivered = Energy(milliwattHours: try from.signed())
        var binding: [Plan.Binding] = []
        for _ in 0..<(try from.count()) {
            let node = try from.optionalText().map(NodeID.init)
            let start = Instant(milliseconds: origin.milliseconds &+ (try from.signed()))
            let end = Instant(milliseconds: start.milliseconds &+ Int64(try from.number(atMost: 1 << 50)))
            guard start <= end else { throw Unpacker.Damage() }
            binding.append(Plan.Binding(node: node, interval: Interval(start, end)))
        }
        let isForecast = try from.byte() != 0
        let departure = Instant(milliseconds: origin.milliseconds &+ (try from.signed()))
        return Plan.Stay(
            session: session, evse: evse, setpoints: setpoints, wanted: wanted, undelivered: undelivered,
            binding: binding, isForecast: isForecast, departure: departure)
    }

    private static func put(_ powers: [Power], _ out: inout Packer) {
        out.count(powers.count)
        var last: Int64 = 0
        for power in powers {
            out.signed(power.watts &- last)
            last = power.watts
        }
    }

    private static func powers(_ from: inout Unpacker) throws(Unpacker.Damage) -> [Power] {
        var powers: [Power] = []
        var last: Int64 = 0
        for _ in 0..<(try from.count()) {
            last &+= try from.signed()
            powers.append(Power(watts: last))
        }
        return powers
    }
}

/// A day's verdict as bytes.
enum DayReportPacking {
    private static let format: UInt8 = 1

    static func pack(_ report: DayReport) -> [UInt8] {
        var out = Packer()
        out.byte(format)
        out.signed(report.limit.watts)
        for side in [report.orderly, report.uncontrolled] {
            out.signed(side.energy.milliwattHours)
            out.text(side.costYuan)
            out.signed(side.peak.watts)
            out.count(side.slotsAboveLimit)
            put(side.valleyShare, &out)
        }
        out.signed(report.deliverable.milliwattHours)
        out.text(report.foresightCostYuan)
        put(report.valleyShareMaximum, &out)
        out.text(report.regretForecastYuan)
        out.text(report.regretRoundingYuan)
        out.text(report.regretNotFollowedYuan)
        return out.bytes
    }

    static func report(_ bytes: [UInt8], site: SiteID, day: CivilDay) throws(StoreFault) -> DayReport {
        do {
            var from = Unpacker(bytes)
            guard try from.byte() == format else { throw Unpacker.Damage() }
            let limit = Power(watts: try from.signed())
            let orderly = try side(&from)
            let uncontrolled = try side(&from)
            return DayReport(
                site: site, day: day, limit: limit, orderly: orderly, uncontrolled: uncontrolled,
                deliverable: Energy(milliwattHours: try from.signed()), foresightCostYuan: try from.text(),
                valleyShareMaximum: try share(&from), regretForecastYuan: try from.text(),
                regretRoundingYuan: try from.text(), regretNotFollowedYuan: try from.text())
        } catch { throw .damaged(.reportDamaged("\(site)", "\(day)")) }
    }

    private static func side(_ from: inout Unpacker) throws(Unpacker.Damage) -> DayReport.Side {
        DayReport.Side(
            energy: Energy(milliwattHours: try from.signed()), costYuan: try from.text(),
            peak: Power(watts: try from.signed()), slotsAboveLimit: try from.number(atMost: 1 << 24),
            valleyShare: try share(&from))
    }
    private static func put(_ share: Double?, _ out: inout Packer) {
        out.byte(share == nil ? 0 : 1)
        if let share { out.double(share) }
    }
    private static func share(_ from: inout Unpacker) throws(Unpacker.Damage) -> Double? {
        try from.byte() == 0 ? nil : try from.double()
    }
}

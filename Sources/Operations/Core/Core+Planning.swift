import Assets
import Charging
import Forecasting
import GridDispatch
import Quantities
import Rulebook
import Scheduling

// When a plan is wanted, what is asked of the planner, and what becomes of its answer.
extension Core {
    /// Wants a new plan of the station's site soon.
    mutating func requestPlan(for station: Int, _ trigger: String, at now: Instant) {
        guard let s = stations[station].station.site.flatMap({ siteIndex[$0] }) else { return }
        requestPlan(site: s, trigger)
    }

    mutating func requestPlan(site s: Int, _ trigger: String) {
        if sites[s].planning.trigger == nil { sites[s].planning.trigger = trigger }
        sites[s].capacityIsWanted = true
    }

    mutating func planIfDue(site s: Int, at now: Instant) {
        let clock = sites[s].planning
        let trigger: String
        if let askedAt = clock.askedAt, now >= askedAt {
            if let wanted = clock.trigger, now - askedAt >= settings.replanLeast {
                trigger = wanted
            } else if now - askedAt >= settings.replanInterval {
                trigger = "periodic"
            } else {
                return
            }
        } else {
            trigger = clock.trigger ?? "start"
        }
        guard !sites[s].members.isEmpty else { return }
        sites[s].planning.trigger = nil
        sites[s].planning.askedAt = now
        let request = planRequest(site: s, trigger: trigger, at: now)
        sites[s].planning.requested = request.id
        statistics.plans += 1
        emit(.solve(request))
    }

    // MARK: - The problem

    struct Candidate {
        let key: PlanRequest.Key
        var vehicle: PlanningVehicle
    }

    /// Vehicles and limits of a site from the slot under way on.
    struct PlanningBasis {
        let start: Instant
        let step: Duration
        let count: Int
        var candidates: [Candidate]
        var nodes: [PlanningNode]
        /// Of the grid's nodes, which stand first in ``nodes``.
        var facts: [(node: NodeID, limit: Power?, base: [Power])]
        /// What the others are: limits from outside.
        var outside: [EVSEID]
    }

    mutating func planningBasis(site s: Int, at now: Instant) -> PlanningBasis {
        let step = settings.planStep
        let start = now.floored(to: step, from: Instant(milliseconds: 0))
        let most = Int(settings.planHorizon.wholeMilliseconds / step.wholeMilliseconds)
        let path = sites[s].path
        let position = Dictionary(uniqueKeysWithValues: path.enumerated().map { ($1, $0) })

        var candidates: [Candidate] = []
        var count = min(most, Int(Duration.days(1).wholeMilliseconds / step.wholeMilliseconds))
        for m in sites[s].members {
            for e in stations[m].evses.indices {
                guard let candidate = candidate(m, e, s, start: start, most: most, position, at: now) else { continue }
                candidates.append(candidate)
                count = max(count, candidate.vehicle.slots.upperBound)
            }
        }
        let input = dispatchInput(s, at: now)
        let planned = Set(candidates.map(\.key.evse))
        var planningNodes: [PlanningNode] = []
        var nodeFacts: [(node: NodeID, limit: Power?, base: [Power])] = []
        for n in path {
            let node = nodes[n].node
            // Generation makes no room below a limit: a cloud would take it away.
            let base = baseLoad(of: n, s, start: start, step: step, count: count).map { max(.zero, $0) }
            // One meter for all: what can give back serves the building, and covers what is above the limit.
            let isNet =
                sites[s].site.settlement == .net && node.site == sites[s].site.id
                && node.parent.flatMap { nodeIndex[$0] }.flatMap { position[$0] } == nil
            var room = [Double](repeating: .infinity, count: count)
            if let limit = node.limit {
                let reserved = sites[s].dispatcher.reserved(
                    below: node.id, input, planned: planned, start: start, step: step, count: count)
                let margin = 1 - settings.dispatch.targetMargin
                for t in 0..<count {
                    let others = base[t] + (t < reserved.count ? reserved[t] : .zero)
                    let left = limit.kilowatts * margin - others.kilowatts
                    room[t] = isNet ? left : max(0, left)
                }
                // The problem reckons with means over whole slots; of the first one only the rest can be used.
                room[0] *= Self.remaining(of: start, step, at: now)
            }
            planningNodes.append(
                PlanningNode(
                    parent: node.parent.flatMap { nodeIndex[$0] }.flatMap { position[$0] }, importLimit: room,
                    exportLimit: exportRoom(
                        of: n, s, countsLoad: isNet, start: start, step: step, count: count, at: now),
                    settlement: isNet
                        ? .behindMeter(load: expectedLoad(of: n, s, start: start, step: step, count: count, at: now))
                        : .apart))
            nodeFacts.append((node.id, node.limit, base))
        }
        let outside = hang(&candidates, underOutsideLimitsOf: s, &planningNodes, start: start, count: count, at: now)
        return PlanningBasis(
            start: start, step: step, count: count, candidates: candidates, nodes: planningNodes, facts: nodeFacts,
            outside: outside)
    }

    /// Also with nobody to plan for: then it shows what is expected of the day.
    private mutating func planRequest(site s: Int, trigger: String, at now: Instant) -> PlanRequest {
        var basis = planningBasis(site: s, at: now)
        let (start, step, count) = (basis.start, basis.step, basis.count)
        chargeForPeaks(&basis, site: s, at: now)
        let id = Plan.ID(counters.plan)
        counters.plan += 1
        let prices = prices(sites[s].site, start: start, step: step, count: count)
        judgePrices(prices, s, start: start, step: step, at: now)
        let buy = prices.map { $0 ?? Self.unknownPrice }
        var sell = exportPrices(sites[s].site, start: start, step: step, count: count)
        // Behind one meter nobody earns by sending out what is bought in the same moment.
        if sites[s].site.settlement == .net { sell = zip(sell, buy).map { max(0, min($0, $1)) } }
        return PlanRequest(
            id: id, site: sites[s].site.id, trigger: trigger, requestedAt: now, start: start, step: step,
            problem: PlanningProblem(
                stepHours: Double(step.wholeMilliseconds) / 3_600_000,
                buyPrice: buy, sellPrice: sell,
                vehicles: basis.candidates.map(\.vehicle),
                nodes: basis.nodes),
            keys: basis.candidates.map(\.key), nodes: basis.facts, pricesAreKnown: !prices.contains(nil),
            outside: basis.outside)
    }

    /// Where the site pays for its highest power, the plan does; but no driver goes short for it: to have another kWh in time never
    /// costs more than it is worth.
    private func chargeForPeaks(_ basis: inout PlanningBasis, site s: Int, at now: Instant) {
        guard let root = sites[s].roots.first, let n = sites[s].path.firstIndex(of: root), basis.nodes[n].parent == nil
        else { return }
        let (start, step, count) = (basis.start, basis.step, basis.count)
        let load = expectedLoad(of: root, s, start: start, step: step, count: count, at: now)
        guard let charge = demandCharge(site: s, load: load, start: start, step: step, at: now) else { return }
        basis.nodes[n].demand = charge
        let hours = Double(step.wholeMilliseconds) / 3_600_000
        for k in basis.candidates.indices {
            let efficiency = basis.candidates[k].vehicle.chargeEfficiency
            basis.candidates[k].vehicle.value += charge.yuanPerKilowatt / (hours * efficiency)
        }
    }

    private mutating func candidate(
        _ m: Int, _ e: Int, _ s: Int, start: Instant, most: Int, _ position: [Int: Int], at now: Instant
    ) -> Candidate? {
        let slot = stations[m]
        let evse = slot.evses[e]
        guard let i = slot.activeSession(on: evse.number), evse.status != .available, slot.isOnline,
            !evse.control.paused, slot.commissioning?.verdict != .doesNotFollow
        else { return nil }
        if case .stopped = sites[s].site.mode { return nil }
        let session = slot.sessions[i]
        let outlook = outlook(m, e, session, s, at: now)
        let delivered = stored(session)
        let capability = capability(slot)
        let limit = [capability.rating, evse.control.limit, slot.station.operatorLimit].compactMap { $0 }.min()
        let power = capability.settable(limit ?? capability.rating)
        let missing = outlook.wanted - delivered
        // Who gives back is planned for also when nothing is missing.
        let steering =
            isOverdue(session, at: now) ? nil : self.steering(m, e, session, controlled: false, at: now)
        guard missing > .zero || steering != nil, power > .zero else { return nil }
        let isStated = (session.needs?.energy ?? session.v2x?.target) != nil

        let stepMilliseconds = settings.planStep.wholeMilliseconds
        var departure = min(outlook.departure, start + settings.planStep * most)
        if evse.control.chargeNow || session.needs?.chargeNow == true {
            // As soon as possible: a window just long enough at full power.
            let needed = Duration.milliseconds(
                Int64((max(.zero, missing).kilowattHours / power.kilowatts * 3_600_000).rounded(.up)))
            departure = min(departure, now + needed + settings.planStep)
        }
        let last = Int((departure - start).wholeMilliseconds - 1) / Int(stepMilliseconds)
        guard last >= 0 else { return nil }
        let end = start + settings.planStep * (last + 1)
        let whole = Double(stepMilliseconds)
        let firstPresence = Double((min(departure, start + settings.planStep) - now).wholeMilliseconds) / whole
        let lastPresence = 1 - Double((end - departure).wholeMilliseconds) / whole
        guard firstPresence > 0 else { return nil }
        var vehicle = PlanningVehicle(
            slots: 0..<(last + 1), firstPresence: firstPresence, lastPresence: lastPresence,
            maxCharge: power.kilowatts, minCharge: capability.minimum.kilowatts,
            // What it has beyond a wish that somebody stated may be given.
            wanted: (steering != nil && isStated ? missing : max(.zero, missing)).kilowattHours,
            node: slot.station.node.flatMap { nodeIndex[$0] }.flatMap { position[$0] }, name: session.id.value)
        if let steering {
            vehicle.steer(
                within: steering, stored: delivered,
                efficiency: Double(likelyOneWay(at: evse.id, sites[s].site.battery)) / 1000,
                // Who asks for a price has wear in it.
                wear: max(
                    sites[s].site.battery?.wearPrice.approximate ?? settings.wear,
                    session.dialogue?.offer?.highestFee?.approximate ?? 0))
            vehicle.dischargeCeiling = dischargeCeiling(
                evse.id, from: start, step: settings.planStep, count: vehicle.slots.count)
            lower(&vehicle.dischargeCeiling, toOfferOf: session, start: start, count: vehicle.slots.count)
        }
        return Candidate(
            key: PlanRequest.Key(
                session: session.id.value, evse: evse.id, wanted: max(.zero, outlook.wanted), departure: departure,
                isForecast: outlook.isForecast),
            vehicle: vehicle)
    }

    /// A vehicle gives no more than it offers, in any moment of a slot.
    private func lower(_ ceiling: inout [Double], toOfferOf session: Session, start: Instant, count: Int) {
        guard session.dialogue?.offer?.power != nil else { return }
        if ceiling.isEmpty { ceiling = [Double](repeating: .infinity, count: count) }
        for slot in 0..<count {
            let span = Interval(start + settings.planStep * slot, start + settings.planStep * (slot + 1))
            guard let offered = offered(session, in: span) else { continue }
            ceiling[slot] = min(ceiling[slot], offered.kilowatts)
        }
    }

    /// The forecast's quantile in each slot; without a forecast the meter's newest word.
    /// - Parameters:
    ///   - isLeast: the least that is to be expected instead of the most: of generation the most.
    ///   - probability: of the quantile; `nil`: that of limits.
    private func baseLoad(
        of n: Int, _ s: Int, start: Instant, step: Duration, count: Int, isLeast: Bool = false,
        probability: Double? = nil
    ) -> [Power] {
        let quarters = Int((step.wholeMilliseconds * Int64(count) + 899_999) / 900_000)
        let forecast = sites[s].forecaster.baseLoad(
            of: nodes[n].node.id, start: start, count: quarters,
            probability: probability ?? (isLeast ? 1 - settings.baseQuantile : settings.baseQuantile))
        guard let forecast, !forecast.isEmpty else {
            let state = sites[s].nodeStates.first { $0.node == nodes[n].node.id }
            return [Power](repeating: state?.base ?? .zero, count: count)
        }
        return (0..<count).map { t in
            // The highest (or lowest) of the quarter hours that a slot covers.
            let from = Int(step.wholeMilliseconds) * t / 900_000
            let to = max(from + 1, (Int(step.wholeMilliseconds) * (t + 1) + 899_999) / 900_000)
            let covered = forecast[min(from, forecast.count - 1)..<min(to, forecast.count)]
            return (isLeast ? covered.min() : covered.max()) ?? forecast[forecast.count - 1]
        }
    }

    /// What is paid for beside the fleet, kW, less generation: as likely more as less.
    private func expectedLoad(
        of n: Int, _ s: Int, start: Instant, step: Duration, count: Int, at now: Instant
    ) -> [Double] {
        var load = baseLoad(of: n, s, start: start, step: step, count: count, probability: 0.5).map(\.kilowatts)
        load[0] *= Self.remaining(of: start, step, at: now)
        return load
    }

    /// What may flow out of the fleet below a node. Generation is counted on, the most that is to be expected.
    /// - Parameter countsLoad: what the base load takes up at the least is, too.
    private func exportRoom(
        of n: Int, _ s: Int, countsLoad: Bool, start: Instant, step: Duration, count: Int, at now: Instant
    ) -> [Double]? {
        guard let limit = nodes[n].node.exportLimit else { return nil }
        let margin = 1 - settings.dispatch.targetMargin
        var room = baseLoad(of: n, s, start: start, step: step, count: count, isLeast: true)
            .map { max(0, limit.kilowatts * margin + (countsLoad ? $0.kilowatts : min(0, $0.kilowatts))) }
        room[0] *= Self.remaining(of: start, step, at: now)
        return room
    }

    /// What a discharged kWh earns in each slot; nothing where no tariff says it.
    private func exportPrices(_ site: Site, start: Instant, step: Duration, count: Int) -> [Double] {
        guard !site.exportTariffs.isEmpty else { return [Double](repeating: 0, count: count) }
        return prices(of: { $0.exportTariff(on: $1) }, site, start: start, step: step, count: count).map { $0 ?? 0 }
    }

    private func prices(_ site: Site, start: Instant, step: Duration, count: Int) -> [Double?] {
        prices(of: { $0.tariff(on: $1) }, site, start: start, step: step, count: count)
    }

    /// Yuan/kWh of each slot; `nil` where no tariff says it.
    private func prices(
        of tariff: (Site, CivilDay) -> String?, _ site: Site, start: Instant, step: Duration, count: Int
    ) -> [Double?] {
        var prices: [Double?] = []
        prices.reserveCapacity(count)
        // Day by day: another tariff may be in force tomorrow, and a day that one does not know makes no other unknown.
        while prices.count < count {
            let at = start + step * prices.count
            let midnight = site.zone.midnight(of: site.zone.civilDay(at: at).adding(days: 1))
            let length = step.wholeMilliseconds
            let slots = min(
                count - prices.count, Int(((midnight - at).wholeMilliseconds + length - 1) / length))
            let known = tariff(site, site.zone.civilDay(at: at)).flatMap { tariffs[$0] }
            let day = try? known?.slotPrices(start: at, step: step, count: slots)
            prices += day?.values.map { $0.price?.approximate } ?? [Double?](repeating: nil, count: slots)
        }
        return prices
    }
    /// Stands in for unknown prices, the same for all: then only limits and time decide. No amount is told from it.
    private static let unknownPrice = 0.5

    /// A site without a tariff is planned by its limits alone, which may be wanted; a tariff with a hole is not.
    private mutating func judgePrices(_ prices: [Double?], _ s: Int, start: Instant, step: Duration, at now: Instant) {
        let site = sites[s].site
        let isUncharged = site.paysDemand && demandPrice(site: s, at: now) == nil
        guard !site.tariffs.isEmpty, let hole = prices.firstIndex(of: nil) ?? (isUncharged ? 0 : nil) else {
            return endAlarm("prices-unknown", object: site.id.value, at: now)
        }
        raise(
            "prices-unknown", object: site.id.value, site: site.id, priority: .medium,
            values: ["from": (start + step * hole).description], at: now)
    }

    // MARK: - The answer

    mutating func planned(_ outcome: PlanOutcome, at now: Instant) {
        let request = outcome.request
        guard let s = siteIndex[request.site], !outcome.solution.isCancelled,
            sites[s].plan.map({ $0.id < request.id }) ?? true
        else { return }
        let plan = Self.plan(of: outcome)
        sites[s].plan = plan
        if let fallback = outcome.solution.fallback {
            raise(
                "plan-refused", object: request.site.value, site: request.site, priority: .high,
                values: [
                    "kind": fallback.kind.rawValue, "plan": String(request.id.value),
                    "violation": fallback.violations.first.map { "\($0)" } ?? "",
                ], at: now)
        } else {
            endAlarm("plan-refused", object: request.site.value, at: now)
        }
        persist(.plan(plan))
        persist(.setting(key: Counters.planKey, value: String(counters.plan)))
        emit(.publish(.plan(request.site, plan.id)))
        step(site: s, at: now)
    }

    static func plan(of outcome: PlanOutcome) -> Plan {
        let request = outcome.request
        let problem = request.problem
        let solution = outcome.solution
        let count = problem.slotCount
        let remaining = remaining(of: request.start, request.step, at: request.requestedAt)
        var totals = request.nodes.map(\.base)
        var stays: [Plan.Stay] = []
        for (v, schedule) in solution.vehicles.enumerated() {
            let vehicle = problem.vehicles[v]
            let key = request.keys[v]
            var setpoints = [Power](repeating: .zero, count: count)
            for (offset, energy) in schedule.net.enumerated() {
                let slot = vehicle.slots.lowerBound + offset
                let mean = energy / problem.stepHours
                let power = slot == 0 ? min(mean / remaining, vehicle.maxCharge) : mean
                setpoints[slot] = Power(roundingKilowatts: power)
            }
            var node = vehicle.node
            while let n = node {
                // Those behind the grid's are limits from outside.
                if n < totals.count { for t in 0..<count { totals[n][t] += setpoints[t] } }
                node = problem.nodes[n].parent
            }
            let binding = schedule.binding.flatMap { bound in
                RangeSet(bound.slots.map { $0..<($0 + 1) }).ranges.map { run in
                    Plan.Binding(
                        node: bound.node.flatMap { $0 < request.nodes.count ? request.nodes[$0].node : nil },
                        interval: Interval(
                            request.start + request.step * run.lowerBound,
                            request.start + request.step * run.upperBound))
                }
            }
            stays.append(
                Plan.Stay(
                    session: key.session, evse: key.evse, setpoints: setpoints, wanted: key.wanted,
                    undelivered: Energy(roundingKilowattHours: schedule.undelivered), binding: binding,
                    isForecast: key.isForecast, departure: key.departure))
        }
        return Plan(
            id: request.id, site: request.site, computedAt: request.requestedAt, trigger: request.trigger,
            start: request.start, step: request.step, count: count, stays: stays,
            nodes: zip(request.nodes, totals).map {
                Plan.NodeLoad(node: $0.node, limit: $0.limit, base: $0.base, total: $1)
            },
            objectiveYuan: request.pricesAreKnown ? solution.objective : nil,
            boundYuan: request.pricesAreKnown ? solution.bound : nil, gap: solution.gap)
    }

    /// Part of the slot that begins at `start` which is still to come, at least a thousandth.
    static func remaining(of start: Instant, _ step: Duration, at now: Instant) -> Double {
        let left = Double((start + step - now).wholeMilliseconds) / Double(step.wholeMilliseconds)
        return min(1, max(0.001, left))
    }
}

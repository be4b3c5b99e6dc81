import Assets
import Documents
import Quantities
import Scheduling

/// The answer of `tidewatt plan` (interfaces.md §3) in its forms: JSON, text, schedule CSV.
struct PlanAnswer {
    let planning: PlanningCase
    let solution: PlanningSolution
    let seconds: Seconds
    let plan: PlanReport
    let uncontrolled: PlanReport

    /// What the parts of the work took, by the clock on the wall: files read and problem made; solved, repaired and checked; the
    /// schedule written.
    struct Seconds {
        var reading = 0.0
        var solving = 0.0
        var writing = 0.0
    }

    init(_ planning: PlanningCase, _ solution: PlanningSolution, _ seconds: Seconds) {
        self.planning = planning
        self.solution = solution
        self.seconds = seconds
        plan = PlanReport(solution.vehicles, in: planning)
        uncontrolled = PlanReport(planning.problem.uncontrolled(), in: planning)
    }

    /// Whether a node's base load alone is above its limit, even where discharging covers it, or an overload is left.
    var hasOverload: Bool {
        let base = zip(planning.grid.nodes, planning.baseLoads).contains { node, load in
            let limit = node.limit.approximate
            return load.contains { $0 > limit + 1e-6 }
        }
        return base || plan.nodes.contains { !$0.overloads.isEmpty || !$0.exportOverloads.isEmpty }
    }

    /// Stays that miss energy one can see, worst first.
    var shortages: [(stay: ChargingStay, schedule: VehicleSchedule)] {
        zip(planning.fleet.stays, solution.vehicles).filter { $1.undelivered > 0.001 }
            .map { (stay: $0, schedule: $1) }
            .sorted { ($1.schedule.undelivered, $0.stay.session) < ($0.schedule.undelivered, $1.stay.session) }
    }

    func slotStart(_ slot: Int) -> String {
        planning.zone.iso8601(planning.start + planning.step * slot)
    }

    /// Storages stand behind the stays, by their ids.
    static func writeSchedule(_ planning: PlanningCase, _ solution: PlanningSolution, to sink: inout FileSink) {
        let count = planning.fleet.stays.count
        ScheduleCSV.write(
            planning.problem.vehicles, stepHours: planning.problem.stepHours,
            names: { $0 < count ? planning.fleet.stays[$0].session : planning.storages[$0 - count].id },
            net: { solution.vehicles[$0].net }, to: &sink)
    }
}

// MARK: - JSON

extension PlanAnswer {
    var json: JSONValue {
        [
            "status": .string(solution.isOptimal ? "optimal" : "feasible"),
            "objective_yuan": .yuan(solution.objective),
            // A bound stays one: it is rounded down.
            "bound_yuan": .yuan(solution.bound, .down),
            "gap": .double(solution.gap),
            "slots": [
                "start": .string(slotStart(0)),
                "step_minutes": .int(planning.step.wholeMilliseconds / 60_000),
                "count": .int(planning.problem.slotCount),
            ],
            "totals": plan.totals.json,
            "nodes": .array(plan.nodes.indices.map { nodeJSON($0, plan.nodes[$0]) }),
            "shortages": .array(
                shortages.map { stay, schedule in
                    [
                        "session_id": .string(stay.session),
                        "undelivered_kwh": .double(schedule.undelivered),
                        "binding": .array(
                            schedule.binding.map { binding in
                                [
                                    "node": .string(orNull: binding.node.map { planning.grid.nodes[$0].id }),
                                    "slots": .array(binding.slots.map { .int($0) }),
                                ]
                            }),
                    ]
                }),
            "uncontrolled": [
                "totals": uncontrolled.totals.json,
                "nodes": .array(uncontrolled.nodes.indices.map { nodeJSON($0, uncontrolled.nodes[$0]) }),
            ],
            "solver": [
                "seconds": .double(seconds.solving), "passes": .int(solution.passes),
                "reading_seconds": .double(seconds.reading), "writing_seconds": .double(seconds.writing),
            ],
        ]
    }

    private func nodeJSON(_ index: Int, _ report: PlanReport.Node) -> JSONValue {
        let node = planning.grid.nodes[index]
        var members: [JSONValue.Member] = [
            .init("id", .string(node.id)), .init("limit_kw", .decimal(node.limit)),
        ]
        if let rating = node.rating {
            members.append(
                .init(
                    "rating",
                    [
                        "kva": .decimal(rating.kilovoltAmperes), "power_factor": .decimal(rating.powerFactor),
                        "loading": .decimal(rating.loading),
                    ]))
        }
        func slots(_ list: [(slot: Int, kilowattHours: Double)]) -> JSONValue {
            .array(list.map { ["slot": .int($0.slot), "kwh": .double($0.kilowattHours)] })
        }
        members += [
            .init("peak_kw", .double(report.peak)), .init("overload_kwh", .double(report.overload)),
            .init("overload_slots", slots(report.overloads)),
        ]
        if let margin = planning.margins[index].above.max(), margin > 0 {
            members.append(.init("margin", ["chance": .decimal(node.chance), "most_kw": .double(margin)]))
        }
        if let demand = node.demand, let charge = planning.problem.nodes[index].demand {
            members.append(
                .init(
                    "demand",
                    [
                        "so_far_kw": .decimal(demand.soFar), "yuan_per_kw": .double(charge.yuanPerKilowatt),
                        "new_kw": .double(max(0, report.peak - charge.soFar)),
                    ]))
        }
        if !node.commitments.isEmpty {
            members.append(
                .init(
                    "commitments",
                    .array(
                        zip(node.commitments, report.missed).map { promise, missed in
                            [
                                "from": .string(planning.zone.iso8601(promise.interval.start)),
                                "to": .string(planning.zone.iso8601(promise.interval.end)),
                                promise.side == .atMost ? "at_most_kw" : "at_least_kw": .decimal(promise.kilowatts),
                                "missed_kwh": .double(missed),
                            ]
                        })))
        }
        if report.covered > 0 { members.append(.init("covered_kwh", .double(report.covered))) }
        if node.exportLimit != nil {
            members += [
                .init("export_overload_kwh", .double(report.exportOverload)),
                .init("export_overload_slots", slots(report.exportOverloads)),
            ]
        }
        return .object(members)
    }
}

extension PlanReport.Totals {
    fileprivate var json: JSONValue {
        [
            "import_kwh": .double(importKilowattHours),
            "discharge_kwh": .double(dischargeKilowattHours),
            "undelivered_kwh": .double(undeliveredKilowattHours),
            "cost_yuan": .yuan(cost),
            "valley_share": valleyShare.map { .double($0) } ?? .null,
            "demand_yuan": .yuan(demandCost),
            "fines_yuan": .yuan(fines),
            "peak_kw": .double(peak),
            "pv_kwh": .double(generatedKilowattHours),
            "self_consumption": selfConsumption.map { .double($0) } ?? .null,
            "storage_charge_kwh": .double(storedKilowattHours),
            "storage_discharge_kwh": .double(restoredKilowattHours),
        ]
    }
}

// MARK: - Text

extension PlanAnswer {
    func text(_ say: Language) -> String {
        var table = TextTable(
            say == .zh ? ["", "有序", "无序"] : ["", "planned", "uncontrolled"], rightAligned: [1, 2])
        let (a, b) = (plan.totals, uncontrolled.totals)
        table.add([say("import, kWh", "充电量，千瓦时"), fixed(a.importKilowattHours), fixed(b.importKilowattHours)])
        table.add([say("discharge, kWh", "放电量，千瓦时"), fixed(a.dischargeKilowattHours), fixed(b.dischargeKilowattHours)])
        table.add([
            say("undelivered, kWh", "未送达，千瓦时"), fixed(a.undeliveredKilowattHours), fixed(b.undeliveredKilowattHours),
        ])
        table.add([say("cost, yuan", "费用，元"), fixed(a.cost), fixed(b.cost)])
        table.add([say("valley share", "低谷占比"), percent(a.valleyShare, say), percent(b.valleyShare, say)])
        let nodes = planning.grid.nodes
        if nodes.contains(where: { $0.demand != nil }) {
            table.add([say("new peaks, yuan", "需量电费增量，元"), fixed(a.demandCost), fixed(b.demandCost)])
        }
        if nodes.contains(where: { !$0.commitments.isEmpty }) {
            table.add([say("promises not kept, yuan", "未履约罚款，元"), fixed(a.fines), fixed(b.fines)])
        }
        if a.generatedKilowattHours > 0 || !planning.storages.isEmpty {
            table.add([say("peak, kW", "峰值，千瓦"), fixed(a.peak), fixed(b.peak)])
            table.add([say("PV, kWh", "光伏发电量，千瓦时"), fixed(a.generatedKilowattHours), fixed(b.generatedKilowattHours)])
            table.add([
                say("self-consumption of PV", "光伏自用率"), a.selfConsumption.map { percentText($0, 1) } ?? "",
                b.selfConsumption.map { percentText($0, 1) } ?? "",
            ])
            table.add([
                say("storage in / out, kWh", "储能充 / 放，千瓦时"),
                "\(fixed(a.storedKilowattHours)) / \(fixed(a.restoredKilowattHours))",
                "\(fixed(b.storedKilowattHours)) / \(fixed(b.restoredKilowattHours))",
            ])
        }

        var perNode = TextTable(
            say == .zh
                ? ["节点", "限额 kW", "峰值 kW", "超限 kWh", "无序峰值 kW", "无序超限 kWh"]
                : ["node", "limit kW", "peak kW", "overload kWh", "uncontrolled peak kW", "uncontrolled overload kWh"],
            rightAligned: [1, 2, 3, 4, 5])
        for (index, node) in planning.grid.nodes.enumerated() {
            let (p, u) = (plan.nodes[index], uncontrolled.nodes[index])
            perNode.add([
                node.id, node.limit.text(atMost: 3), fixed(p.peak), fixed(p.overload), fixed(u.peak), fixed(u.overload),
            ])
        }
        let status = solution.isOptimal ? say("optimal", "最优") : say("feasible", "可行")
        let gap = percentText(solution.gap, 4)
        var lines = [
            say(
                "\(status): \(fixed(solution.objective)) yuan, at least \(fixed(solution.bound)) (gap \(gap))",
                "\(status)：目标 \(fixed(solution.objective)) 元，下界 \(fixed(solution.bound)) 元（间隙 \(gap)）"),
            say(
                "\(planning.fleet.stays.count) stays, \(planning.problem.slotCount) slots from \(slotStart(0))",
                "\(planning.fleet.stays.count) 次停留，自 \(slotStart(0)) 起 \(planning.problem.slotCount) 个时隙"),
            "", table.text, perNode.text,
        ]
        lines += shortageLines(say)
        return lines.joined(separator: "\n")
    }

    private func shortageLines(_ say: Language) -> [String] {
        let list = shortages
        if list.isEmpty { return [] }
        var lines = [say("Short of energy:", "未满足的停留：")]
        for (stay, schedule) in list.prefix(20) {
            lines.append("  \(stay.session)  −\(fixed(schedule.undelivered)) kWh  \(reason(schedule, say))")
        }
        if list.count > 20 { lines.append(say("  … and \(list.count - 20) more", "  …… 另有 \(list.count - 20) 次")) }
        return lines
    }

    func reason(_ schedule: VehicleSchedule, _ say: Language) -> String {
        let parts = schedule.binding.map { binding in
            guard let node = binding.node else { return say("its own window, power or battery", "自身时间窗、功率或电池") }
            let id = planning.grid.nodes[node].id
            return say("node \(id) full in \(binding.slots.count) slots", "节点 \(id) 在 \(binding.slots.count) 个时隙满载")
        }
        return parts.isEmpty
            ? say("charging costs more than it is worth", "充电成本高于其价值")
            : parts.joined(separator: say(", ", "，"))
    }

    private func percent(_ part: Double?, _ say: Language) -> String {
        part.map { percentText($0, 1) } ?? say("undefined", "无低谷时段")
    }
}

extension JSONValue {
    /// To the millionth of a yuan: what lies behind it is the dust of binary sums.
    fileprivate static func yuan(_ value: Double, _ rule: FloatingPointRoundingRule = .toNearestOrAwayFromZero)
        -> JSONValue
    {
        .double((value * 1e6).rounded(rule) / 1e6)
    }
}

/// Two decimals, for people.
func fixed(_ value: Double) -> String { fixed(value, 2) }
func fixed(_ value: Double, _ places: Int) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    guard value.isFinite, abs(value) < 1e12 else { return "–" }
    let scaled = Int64((value * scale).rounded())
    let digits = String(scaled.magnitude)
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    return (scaled < 0 ? "-" : "") + padded.dropLast(places) + (places > 0 ? "." + padded.suffix(places) : "")
}
func percentText(_ part: Double, _ places: Int) -> String { fixed(part * 100, places) + " %" }

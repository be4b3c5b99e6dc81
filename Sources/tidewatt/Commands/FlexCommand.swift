import ArgumentParser
import Assets
import Documents
import Foundation
import Quantities
import Scheduling

/// `tidewatt flex …`: what a fleet can do, in three layers that are kept apart (docs/flexibility.md).
struct FlexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flex",
        abstract: words(
            "What a fleet can do: outer bounds, signals it can follow, power it can hold.",
            "车队的调节能力：外包络、可跟踪的曲线、可维持的功率。"),
        discussion: words(
            "Example: tidewatt flex check --fleet fleet.csv --signal signal.csv --disaggregate S.csv",
            "示例：tidewatt flex check --fleet fleet.csv --signal signal.csv --disaggregate S.csv"),
        subcommands: [FlexEnvelope.self, FlexCheck.self, FlexBlock.self, FlexGuaranteed.self])
}

/// The fleet that a subcommand is about, and the time.
struct FlexInput: ParsableArguments {
    @Option(help: help("Fleet CSV: one row a charging stay.", "车队 CSV：每行一次充电停留。"))
    var fleet: String
    @OptionGroup var horizon: HorizonOptions
    @Option(
        help: help(
            "kW that a slot may miss (default: 0.001, and a millionth of the largest power).",
            "每个时隙允许的偏差，千瓦（默认 0.001 加最大功率的百万分之一）。"),
        transform: Arguments.amount)
    var toleranceKw: Rational?

    func read(grid: String? = nil, atLeast slots: Int = 0) throws -> FlexibilityCase {
        guard let zone = Zone("Asia/Shanghai") else { preconditionFailure("the platform's own zone") }
        return try FlexibilityCase(
            fleet: FleetFile(FileAccess.read(fleet), file: fleet), grid: grid.map(FileAccess.grid), from: horizon.from,
            to: horizon.to, step: horizon.step, atLeast: slots, zone: zone)
    }

    func signal(_ path: String) throws -> SignalFile { try SignalFile(FileAccess.read(path), file: path) }

    /// kW.
    func tolerance(for power: [Double]) -> Double {
        toleranceKw?.approximate ?? (0.001 + 1e-6 * power.reduce(0) { max($0, abs($1)) })
    }
}

extension FlexibilityCase {
    func time(_ slot: Int) -> String { zone.iso8601(start + step * slot) }

    var slotsJSON: JSONValue {
        [
            "start": .string(time(0)), "step_minutes": .int(step.wholeMilliseconds / 60_000),
            "count": .int(flexible.slotCount),
        ]
    }

    func name(_ vehicle: Int) -> String {
        if vehicle < fleet.stays.count { return fleet.stays[vehicle].session }
        return (grid?.nodes ?? []).flatMap(\.storages)[vehicle - fleet.stays.count].id
    }

    /// Why sets of slots do not say all, as written in JSON.
    var inexactness: [String] {
        flexible.inexactness.map(\.rawValue) + (nodes.isEmpty ? [] : ["shared-limits"])
    }

    var outOfReachJSON: JSONValue {
        .array(
            flexible.outOfReach.map {
                ["session_id": .string(name($0.vehicle)), "missing_kwh": .double($0.missing)]
            })
    }

    /// Stays that cannot be kept whatever is done, the first twenty.
    func outOfReachLines(_ say: Language) -> [String] {
        let list = flexible.outOfReach
        guard !list.isEmpty else { return [] }
        var lines = [say("No schedule can keep these departures:", "以下停留无论如何都无法按时充足：")]
        lines += list.prefix(20).map { "  \(name($0.vehicle))  −\(fixed($0.missing)) kWh" }
        if list.count > 20 { lines.append(say("  … and \(list.count - 20) more", "  …… 另有 \(list.count - 20) 次")) }
        return lines
    }
}

extension FlexibleFleet.Inexactness {
    fileprivate func text(_ say: Language) -> String {
        switch self {
        case .lossesBothWays:
            say(
                "vehicles that give back lose energy on the way: bounds on sums of slots do not say all",
                "放电车辆存在充放损耗：按时隙求和的界不能完整描述")
        case .leastPower:
            say(
                "least charging powers are not looked at: what can be followed may need less than a pile's least current",
                "未考虑最小充电功率：可跟踪的曲线可能低于充电桩的最小电流")
        case .arrivalBelowMinimum:
            say(
                "vehicles that arrive below their minimum must climb first",
                "到达时低于最低电量的车辆须先充至最低电量")
        }
    }
}

// MARK: - Envelope

struct FlexEnvelope: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "envelope",
        abstract: words(
            "Upper limits of power and energy a slot, and a storage the fleet can stand for.",
            "各时隙功率与电量的外包络，以及可等效的储能。"),
        discussion: words(
            """
            The bounds are necessary only: most curves near them cannot be followed. The storage is proven by schedules.
            Example: tidewatt flex envelope --fleet fleet.csv --from 2026-03-02T18:00:00+08:00 --to 2026-03-03T06:00:00+08:00
            """,
            """
            外包络只是必要条件：贴近边界的曲线大多无法跟踪。等效储能由实际可行的排程证明。
            示例：tidewatt flex envelope --fleet fleet.csv --from 2026-03-02T18:00:00+08:00 --to 2026-03-03T06:00:00+08:00
            """))

    @OptionGroup var input: FlexInput
    @Option(
        help: help(
            "Grid YAML whose limits cut the bounds; then no storage is looked for.",
            "电网 YAML，其限额用于收紧外包络；此时不求等效储能。"))
    var grid: String?
    @Option(
        help: help("Hours for which the storage's power should last (2).", "等效储能功率应维持的小时数（默认 2）。"),
        transform: Arguments.hours)
    var hours: Rational = Rational(2)
    @Option(help: help("Where to write a page with curves: HTML.", "曲线网页输出：HTML。"))
    var report: String?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let flex = try input.read(grid: grid)
        let envelope = flex.flexible.envelope(under: flex.nodes)
        Interruption.listen()
        let progress = ProgressLine(output.lang("looking for a storage", "求等效储能"))
        // What proves a storage are schedules of the stays alone.
        let storage =
            grid == nil
            ? flex.flexible.equivalentStorage(
                hours: max(flex.flexible.stepHours, hours.approximate),
                tolerance: input.tolerance(for: envelope.mostPower), isCancelled: { Interruption.isAsked },
                progress: progress.show) : nil
        progress.clear()
        if storage == nil, Interruption.isAsked { throw Refusal(.stoppedUndecided) }
        if let report { try FileAccess.write(page(flex, envelope, storage), to: report) }
        output.answer(json: json(flex, envelope, storage), text: text(flex, envelope, storage))
    }

    /// One stay's bounds say all; the bounds of several add up to more than their sum.
    private func why(_ flex: FlexibilityCase) -> [String] {
        let several = flex.flexible.vehicles.filter { !$0.slots.isEmpty }.count > 1
        return flex.inexactness + (several ? ["sum-of-bounds"] : [])
    }

    private func json(_ flex: FlexibilityCase, _ envelope: Envelope, _ storage: EquivalentStorage?) -> JSONValue {
        func list(_ values: [Double]) -> JSONValue { .array(values.map { .double($0) }) }
        let why = why(flex)
        return [
            "slots": flex.slotsJSON,
            "p_max_kw": list(envelope.mostPower), "p_min_kw": list(envelope.leastPower),
            "e_max_kwh": list(envelope.mostEnergy), "e_min_kwh": list(envelope.leastEnergy),
            "exact": .bool(why.isEmpty), "why": .array(why.map { .string($0) }),
            "equivalent_storage": grid == nil
                ? [
                    "charge_kw": .double(storage?.charge ?? 0), "discharge_kw": .double(storage?.discharge ?? 0),
                    "energy_kwh": .double(storage?.energy ?? 0), "round_trip": .double(storage?.roundTrip ?? 1),
                    "holds_from": .string(orNull: storage.map { flex.time($0.slots.lowerBound) }),
                    "holds_to": .string(orNull: storage.map { flex.time($0.slots.upperBound) }),
                    "baseline_kw": storage.map { list($0.baseline) } ?? .null,
                ] : .null,
            "out_of_reach": flex.outOfReachJSON,
        ]
    }

    private func page(_ flex: FlexibilityCase, _ envelope: Envelope, _ storage: EquivalentStorage?) -> String {
        let say = output.lang
        func chart(_ title: String, _ unit: String, _ curves: [(values: [Double], style: String, name: String)])
            -> String
        {
            var chart = SlotChart(slots: flex.flexible.slotCount, time: flex.time, unit: unit)
            for curve in curves { chart.add(curve.values, curve.style) }
            return "<h2>\(title)</h2>\(chart.svg(title))" + PlanPage.keys(curves.map { ($0.style, $0.name) })
        }
        var power = [
            (values: envelope.mostPower, style: "limit", name: say("most, by itself", "单时隙上限")),
            (values: envelope.leastPower, style: "other", name: say("least, by itself", "单时隙下限")),
        ]
        if let storage {
            power.append((values: storage.baseline, style: "line", name: say("baseline of the storage", "等效储能基线")))
        }
        return PlanPage.head(say("What the fleet can do", "车队调节能力"), text(flex, envelope, storage), say)
            + chart(say("Power: upper limits", "功率外包络"), "kW", power)
            + chart(
                say("Energy since the beginning: upper limits", "累计电量外包络"), "kWh",
                [
                    (values: envelope.mostEnergy, style: "limit", name: say("most", "上限")),
                    (values: envelope.leastEnergy, style: "other", name: say("least", "下限")),
                ]) + PlanPage.end
    }

    private func text(_ flex: FlexibilityCase, _ envelope: Envelope, _ storage: EquivalentStorage?) -> String {
        let say = output.lang
        var lines = [
            say(
                "Upper limits (necessary only, not to be sold as dispatchable):",
                "外包络（仅为必要条件，不可当作可调度能力）：")
        ]
        var table = TextTable(
            say == .zh
                ? ["时刻", "功率下限 kW", "功率上限 kW", "累计下限 kWh", "累计上限 kWh"]
                : ["from", "p min kW", "p max kW", "e min kWh", "e max kWh"], rightAligned: [1, 2, 3, 4])
        for t in envelope.mostPower.indices {
            table.add([
                String(flex.time(t).prefix(16)), fixed(envelope.leastPower[t]), fixed(envelope.mostPower[t]),
                fixed(envelope.leastEnergy[t]), fixed(envelope.mostEnergy[t]),
            ])
        }
        lines += [table.text]
        lines += flex.flexible.inexactness.map { "- " + $0.text(say) }
        if let storage {
            let (from, to) = (flex.time(storage.slots.lowerBound), flex.time(storage.slots.upperBound))
            lines.append(
                say(
                    "Stands for a storage from \(from) to \(to): charges \(fixed(storage.charge)) kW, discharges \(fixed(storage.discharge)) kW against its baseline, holds \(fixed(storage.energy)) kWh, gives back \(percentText(storage.roundTrip, 1)).",
                    "\(from) 至 \(to) 可等效为储能：相对基线可增 \(fixed(storage.charge)) kW、可减 \(fixed(storage.discharge)) kW，容量 \(fixed(storage.energy)) kWh，往返效率 \(percentText(storage.roundTrip, 1))。"
                ))
        } else if grid == nil {
            lines.append(say("It cannot stand for a storage.", "无法等效为储能。"))
        }
        return (lines + flex.outOfReachLines(say)).joined(separator: "\n")
    }
}

// MARK: - Check

struct FlexCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: words(
            "Whether a fleet can follow a signal with every departure kept; how, or why not.",
            "车队能否在满足全部离开需求的同时跟踪给定曲线：给出分解方案或证明。"),
        discussion: words(
            """
            Exits 1 when it cannot. Slot 0 begins with the first arrival, floored to the step, or at --from.
            Example: tidewatt flex check --fleet fleet.csv --signal signal.csv --disaggregate S.csv
            """,
            """
            不能跟踪时退出状态为 1。时隙 0 从首次到达所在步长或 --from 开始。
            示例：tidewatt flex check --fleet fleet.csv --signal signal.csv --disaggregate S.csv
            """))

    @OptionGroup var input: FlexInput
    @Option(
        help: help("Signal CSV slot,kw: charging positive; slots without a row are 0.", "曲线 CSV：slot,kw，充电为正，未列时隙为 0。"))
    var signal: String
    @Option(help: help("Grid YAML whose limits must be kept too.", "电网 YAML，其限额也须满足。"))
    var grid: String?
    @Option(
        help: help("Where to write the stays' schedules: CSV session_id,slot,kw.", "各停留计划输出 CSV：session_id,slot,kw。"))
    var disaggregate: String?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let signal = try input.signal(self.signal)
        let flex = try input.read(grid: grid, atLeast: signal.power.count)
        guard signal.power.count <= flex.flexible.slotCount else {
            throw Problem(
                file: signal.file, line: 0,
                message: .signalTooLong(signal.power.count, slots: flex.flexible.slotCount))
        }
        let asked = signal.power + [Double](repeating: 0, count: flex.flexible.slotCount - signal.power.count)
        let tolerance = input.tolerance(for: asked)
        Interruption.listen()
        let progress = ProgressLine(output.lang("rounds", "轮次"))
        let zeros = asked.map { _ in 0.0 }
        let answer =
            grid == nil
            ? flex.flexible.follow(
                asked, tolerance: tolerance, isCancelled: { Interruption.isAsked }, progress: progress.show)
            : FlexibleFleet.follow(
                asked, in: flex.problem(buyPrice: zeros, sellPrice: zeros), chargedLater: flex.chargedLater,
                tolerance: tolerance, threads: ProcessInfo.processInfo.activeProcessorCount,
                isCancelled: { Interruption.isAsked }, progress: progress.show)
        progress.clear()
        if answer.isCancelled { throw Refusal(.stoppedUndecided) }
        let isFeasible = answer.isFollowed && flex.flexible.outOfReach.isEmpty
        if isFeasible, let disaggregate, case .followed(let schedules) = answer.verdict {
            try FileAccess.write(to: disaggregate) { sink in
                ScheduleCSV.write(
                    flex.flexible.vehicles, stepHours: flex.flexible.stepHours, names: flex.name,
                    net: { schedules[$0] }, to: &sink)
            }
        }
        output.answer(json: json(flex, answer, isFeasible, tolerance), text: text(flex, answer, isFeasible))
        if !isFeasible { throw ExitStatus.answerIsNo.asError }
    }

    private func json(
        _ flex: FlexibilityCase, _ answer: FlexibleFleet.FollowAnswer, _ isFeasible: Bool, _ tolerance: Double
    ) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("feasible", .bool(isFeasible)),
            .init("exact", .bool(flex.inexactness.isEmpty)),
            .init("why", .array(flex.inexactness.map { .string($0) })),
            .init("slots", flex.slotsJSON), .init("tolerance_kw", .double(tolerance)),
        ]
        switch answer.verdict {
        case .followed: members.append(.init("violated", .null))
        case .slotsProve(let slots, let isTooMuch, let by):
            members.append(
                .init(
                    "violated",
                    [
                        "slots": .array(slots.map { .int($0) }), "asks": .string(isTooMuch ? "too-much" : "too-little"),
                        "by_kwh": .double(by),
                    ]))
        case .pricesProve(let prices, let by):
            members.append(
                .init("violated", ["prices": .array(prices.map { .double($0) }), "by_yuan": .double(by)]))
        case .undecided: members.append(.init("violated", .null))
        }
        if case .undecided = answer.verdict {
            members.append(.init("proven", false))
        } else {
            members.append(.init("proven", true))
        }
        if !answer.isFollowed { members.append(.init("nearest_kw", .array(answer.nearest.map { .double($0) }))) }
        members += [
            .init("largest_miss_kw", .double(answer.miss)), .init("out_of_reach", flex.outOfReachJSON),
            .init("rounds", .int(answer.rounds)),
        ]
        return .object(members)
    }

    private func text(_ flex: FlexibilityCase, _ answer: FlexibleFleet.FollowAnswer, _ isFeasible: Bool) -> String {
        let say = output.lang
        var lines: [String] = []
        switch answer.verdict {
        case .followed:
            lines.append(
                isFeasible
                    ? say(
                        "The fleet can follow the signal; largest miss \(fixed(answer.miss * 1000, 3)) W.",
                        "车队可以跟踪该曲线；最大偏差 \(fixed(answer.miss * 1000, 3)) W。")
                    : say("The fleet could follow the signal but for its departures.", "除离开需求外，车队可以跟踪该曲线。"))
        case .slotsProve(let slots, let isTooMuch, let by):
            let when = FlexCheck.spans(slots).map { range in
                "\(flex.time(range.lowerBound).dropFirst(5).prefix(11))–\(flex.time(range.upperBound).dropFirst(11).prefix(5))"
            }.joined(separator: ", ")
            lines.append(
                say(
                    "The fleet cannot follow it: in \(when) it asks \(fixed(by)) kWh \(isTooMuch ? "more" : "less") than the fleet can do.",
                    "车队无法跟踪：\(when) 内要求的电量比车队能力\(isTooMuch ? "多" : "少") \(fixed(by)) kWh。"))
        case .pricesProve(_, let by):
            lines.append(
                say(
                    "The fleet cannot follow it: at the prices in the JSON it is worth \(fixed(by, 4)) yuan more than anything the fleet can do.",
                    "车队无法跟踪：按 JSON 中的价格，其价值比车队任何方案高 \(fixed(by, 4)) 元。"))
        case .undecided:
            lines.append(
                say(
                    "No schedule was found, and nothing proves that there is none: \(fixed(answer.miss, 3)) kW are missed.",
                    "未找到可行方案，也未能证明不存在：最大偏差 \(fixed(answer.miss, 3)) kW。"))
        }
        lines += flex.flexible.inexactness.map { "- " + $0.text(say) }
        return (lines + flex.outOfReachLines(say)).joined(separator: "\n")
    }

    /// Runs of slots, in order.
    static func spans(_ slots: [Int]) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        for slot in slots {
            if let last = spans.last, last.upperBound == slot {
                spans[spans.count - 1] = last.lowerBound..<(slot + 1)
            } else {
                spans.append(slot..<(slot + 1))
            }
        }
        return spans
    }
}

// MARK: - Block

struct FlexBlock: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "block",
        abstract: words(
            "The most power a fleet can add or shed for some hours, with every departure kept.",
            "车队在满足全部离开需求的同时，可在若干小时内增加或削减的最大功率。"),
        discussion: words(
            """
            Against the baseline (default: each stay charges evenly); outside the block the fleet is free to make up for it.
            Example: tidewatt flex block --fleet fleet.csv --at 2026-03-02T19:00:00+08:00 --hours 2
            """,
            """
            相对基线（默认：各停留匀速充电）计算；时段之外车队可自由补偿。
            示例：tidewatt flex block --fleet fleet.csv --at 2026-03-02T19:00:00+08:00 --hours 2
            """))

    @OptionGroup var input: FlexInput
    @Option(help: help("When the block begins.", "时段起点。"), transform: Arguments.instant)
    var at: Instant
    @Option(help: help("How long it lasts, hours.", "持续小时数。"), transform: Arguments.hours)
    var hours: Rational
    @Option(help: help("Baseline CSV slot,kw (default: charging evenly).", "基线 CSV：slot,kw（默认匀速充电）。"))
    var baseline: String?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let given = try baseline.map(input.signal)
        let flex = try input.read(atLeast: given?.power.count ?? 0)
        let fleet = flex.flexible
        guard let slots = slots(flex) else {
            throw Refusal(.blockOutside(from: flex.time(0), to: flex.time(fleet.slotCount)))
        }
        let even = fleet.evenBaseline
        let baseline = given.map { $0.power + [Double](repeating: 0, count: max(0, fleet.slotCount - $0.power.count)) }
        let asked = Array((baseline ?? even).prefix(fleet.slotCount))
        Interruption.listen()
        let band = fleet.largestBand(
            slots, baseline: asked, tolerance: input.tolerance(for: asked), isCancelled: { Interruption.isAsked })
        if Interruption.isAsked { throw Refusal(.stoppedUndecided) }
        guard let band else { throw Refusal(.baselineOutOfReach) }
        output.answer(json: json(flex, band, asked), text: text(flex, band))
    }

    private func slots(_ flex: FlexibilityCase) -> Range<Int>? {
        let step = flex.step.wholeMilliseconds
        let offset = at.milliseconds - flex.start.milliseconds
        let count = Int((hours.approximate / flex.flexible.stepHours).rounded())
        guard offset >= 0, offset % step == 0, count > 0 else { return nil }
        let first = Int(offset / step)
        guard first + count <= flex.flexible.slotCount else { return nil }
        return first..<(first + count)
    }

    private func json(
        _ flex: FlexibilityCase, _ band: (more: FlexibleFleet.Block, less: FlexibleFleet.Block), _ baseline: [Double]
    ) -> JSONValue {
        func block(_ block: FlexibleFleet.Block) -> JSONValue {
            [
                "kw": .double(block.power), "proven_most_kw": .double(block.provenMost),
                "total_kw": .array(block.total.map { .double($0) }),
            ]
        }
        return [
            "slots": flex.slotsJSON,
            "block": [
                "from": .string(flex.time(band.more.slots.lowerBound)),
                "to": .string(flex.time(band.more.slots.upperBound)),
            ],
            "more": block(band.more), "less": block(band.less),
            "band_kw": .double(min(band.more.power, band.less.power)),
            "baseline_kw": .array(baseline.map { .double($0) }),
            "exact": .bool(flex.flexible.inexactness.isEmpty),
            "why": .array(flex.flexible.inexactness.map { .string($0.rawValue) }),
            "out_of_reach": flex.outOfReachJSON,
        ]
    }

    private func text(_ flex: FlexibilityCase, _ band: (more: FlexibleFleet.Block, less: FlexibleFleet.Block)) -> String
    {
        let say = output.lang
        let (from, to) = (flex.time(band.more.slots.lowerBound), flex.time(band.more.slots.upperBound))
        let lines = [
            say("From \(from) to \(to), against the baseline:", "\(from) 至 \(to)，相对基线："),
            say(
                "  more  \(fixed(band.more.power)) kW (no more than \(fixed(band.more.provenMost)) kW can be)",
                "  可增  \(fixed(band.more.power)) kW（上限证明 \(fixed(band.more.provenMost)) kW）"),
            say(
                "  less  \(fixed(band.less.power)) kW (no more than \(fixed(band.less.provenMost)) kW can be)",
                "  可减  \(fixed(band.less.power)) kW（上限证明 \(fixed(band.less.provenMost)) kW）"),
            say(
                "  both  ±\(fixed(min(band.more.power, band.less.power))) kW",
                "  双向  ±\(fixed(min(band.more.power, band.less.power))) kW"),
        ]
        return (lines + flex.flexible.inexactness.map { "- " + $0.text(say) } + flex.outOfReachLines(say))
            .joined(separator: "\n")
    }
}

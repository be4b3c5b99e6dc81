import ArgumentParser
import Documents
import Foundation
import Quantities
import Scheduling

/// `tidewatt flex envelope`: outer bounds, and a storage that schedules prove.
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
    @Option(
        name: .customLong("scenario"),
        help: help(
            "Fleet CSV of another day, as often as wanted: the storage is scaled to what stands in enough of them.",
            "其他日期的车队 CSV，可多次给出：等效储能按多数场景可兑现的部分缩放。"))
    var scenarios: [String] = []
    @Option(
        help: help("Part of the scenarios in which the storage should stand (0.9).", "等效储能应成立的场景比例（默认 0.9）。"),
        transform: Arguments.amount)
    var confidence: Rational?
    @Option(help: help("Where to write a page with curves: HTML.", "曲线网页输出：HTML。"))
    var report: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let confidence, confidence <= .zero || confidence > .one {
            throw ValidationError(.notAConfidence(confidence))
        }
        if scenarios.isEmpty, confidence != nil { throw ValidationError(.confidenceOfScenarios) }
        if !scenarios.isEmpty, grid != nil { throw ValidationError(.scenariosWithoutGrid) }
    }

    func run() throws {
        let flex = try input.read(grid: grid)
        // All files are read before anything is worked out.
        let others = try scenarios.map { try input.readScenario($0, like: flex) }
        let envelope = flex.flexible.envelope(under: flex.nodes)
        Interruption.listen()
        let progress = ProgressLine(output.lang("looking for a storage", "求等效储能"))
        // What proves a storage are schedules of the stays alone.
        let tolerance = input.tolerance(for: envelope.mostPower)
        let first = others.isEmpty ? 1.0 : 0.5
        var storage =
            grid == nil
            ? flex.flexible.equivalentStorage(
                hours: max(flex.flexible.stepHours, hours.approximate),
                tolerance: tolerance, isCancelled: { Interruption.isAsked },
                progress: { progress.show($0 * first) }) : nil
        var trust: Trust?
        if storage != nil, !others.isEmpty {
            trust = Trust(&storage!, others, confidence ?? Rational(9, 10), tolerance) {
                progress.show(first + (1 - first) * $0)
            }
            if trust.map({ $0.scale <= 0 }) ?? true { storage = nil }
        }
        progress.clear()
        if storage == nil, Interruption.isAsked { throw Refusal(.stoppedUndecided) }
        if let report { try FileAccess.write(page(flex, envelope, storage, trust), to: report) }
        output.answer(json: json(flex, envelope, storage, trust), text: text(flex, envelope, storage, trust))
    }

    /// One stay's bounds say all; the bounds of several add up to more than their sum.
    private func why(_ flex: FlexibilityCase) -> [String] {
        let several = flex.flexible.vehicles.filter { !$0.slots.isEmpty }.count > 1
        return flex.inexactness + (several ? ["sum-of-bounds"] : [])
    }

    private func json(_ flex: FlexibilityCase, _ envelope: Envelope, _ storage: EquivalentStorage?, _ trust: Trust?)
        -> JSONValue
    {
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
                    "confidence": trust?.json ?? .null,
                ] : .null,
            "out_of_reach": flex.outOfReachJSON,
        ]
    }

    private func page(_ flex: FlexibilityCase, _ envelope: Envelope, _ storage: EquivalentStorage?, _ trust: Trust?)
        -> String
    {
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
        return PlanPage.head(say("What the fleet can do", "车队调节能力"), text(flex, envelope, storage, trust), say)
            + chart(say("Power: upper limits", "功率外包络"), "kW", power)
            + chart(
                say("Energy since the beginning: upper limits", "累计电量外包络"), "kWh",
                [
                    (values: envelope.mostEnergy, style: "limit", name: say("most", "上限")),
                    (values: envelope.leastEnergy, style: "other", name: say("least", "下限")),
                ]) + PlanPage.end
    }

    private func text(_ flex: FlexibilityCase, _ envelope: Envelope, _ storage: EquivalentStorage?, _ trust: Trust?)
        -> String
    {
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
            if let trust { lines.append(trust.text(say)) }
        } else if grid == nil {
            lines.append(say("It cannot stand for a storage.", "无法等效为储能。"))
            if let trust { lines.append(trust.text(say)) }
        }
        return (lines + flex.outOfReachLines(say)).joined(separator: "\n")
    }
}

/// In how many scenarios a storage stands.
private struct Trust {
    let asked: Rational
    /// Of each scenario, the part of the storage, before it was scaled, that it can stand for.
    let parts: [Double]
    /// What was left of the storage.
    fileprivate let scale: Double

    /// Scales `storage` to what stands in `asked` of the scenarios.
    /// - Returns: `nil` when it was cancelled.
    init?(
        _ storage: inout EquivalentStorage, _ scenarios: [FlexibilityCase], _ asked: Rational, _ tolerance: Double,
        progress: (Double) -> Void
    ) {
        self.asked = asked
        var parts: [Double] = []
        for scenario in scenarios {
            guard
                let part = scenario.flexible.part(
                    of: storage, tolerance: tolerance, isCancelled: { Interruption.isAsked },
                    progress: { progress((Double(parts.count) + $0) / Double(scenarios.count)) })
            else { return nil }
            parts.append(part)
        }
        self.parts = parts
        let needed = Int((asked.approximate * Double(parts.count) - 1e-9).rounded(.up))
        scale = parts.sorted(by: >)[max(1, needed) - 1]
        storage.scale(by: scale)
    }

    private var standing: Int { parts.count { $0 >= scale && $0 > 0 } }

    var json: JSONValue {
        [
            "asked": .decimal(asked), "scenarios": .int(parts.count), "stands_in": .int(standing),
            "scaled_by": .double(scale), "parts": .array(parts.map { .double($0) }),
        ]
    }

    func text(_ say: Language) -> String {
        say(
            "Stands in \(standing) of \(parts.count) scenarios, each against its own baseline (scaled by \(fixed(scale)) for it).",
            "在 \(parts.count) 个场景中的 \(standing) 个成立，均以各自基线为准（为此按 \(fixed(scale)) 缩放）。")
    }
}

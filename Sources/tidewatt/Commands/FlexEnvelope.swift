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

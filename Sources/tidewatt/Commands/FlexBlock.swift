import ArgumentParser
import Documents
import Foundation
import Quantities
import Scheduling

/// `tidewatt flex block`: the most power that can be held for some hours.
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

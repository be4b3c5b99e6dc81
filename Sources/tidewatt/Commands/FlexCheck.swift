import ArgumentParser
import Documents
import Foundation
import Quantities
import Scheduling

/// `tidewatt flex check`: a signal followed, or refused with a proof.
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
            let when = RangeSet(slots.map { $0..<($0 + 1) }).ranges.map { range in
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
}

import ArgumentParser
import Assets
import Documents
import Foundation
import Quantities
import Rulebook
import Scheduling

/// `tidewatt plan …`: the cheapest schedule of a fleet under a grid's limits, with its proof.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: words(
            "Schedules a fleet of charging stays under the limits of a grid, at least cost.",
            "在电网限额内以最低成本为一批充电会话排程。"),
        discussion: words(
            """
            Always answers with the best that can be done; what cannot be delivered is listed with its reason. A base load \
            above its limit is covered by vehicles and storages that can discharge, as far as they can; it is reported and makes \
            the exit status 1 all the same.
            Example: tidewatt plan --fleet fleet.csv --grid grid.yaml --tariff cn/hubei/residential-charging \
            --schedule-out S.csv
            """,
            """
            总是给出可行的最优方案；无法送达的电量会列出原因。基础负荷本身超限时由可放电的车辆与储能尽量削减，但仍会列出并使退出状态为 1。
            示例：tidewatt plan --fleet fleet.csv --grid grid.yaml --tariff cn/hubei/residential-charging \
            --schedule-out S.csv
            """))

    @Option(help: help("Fleet CSV: one row a charging stay.", "车队 CSV：每行一次充电停留。"))
    var fleet: String
    @Option(help: help("Grid YAML: nodes, limits, base loads, EVSEs.", "电网 YAML：节点、限额、基础负荷、充电桩。"))
    var grid: String
    @OptionGroup var prices: PriceOptions
    @OptionGroup var horizon: HorizonOptions
    @Option(
        help: help("Relative gap that counts as optimal (0.001).", "视为最优的相对间隙（默认 0.001）。"),
        transform: Arguments.amount)
    var gap: Rational?
    @Option(
        help: help("Among schedules of equal cost: early, late or spread.", "成本相同时的取舍：early 尽早、late 尽晚、spread 均匀。"))
    var prefer = PlanPreference.early
    @Flag(
        help: help(
            "Share a shortage by a convex penalty (objective and bound stay linear).",
            "以凸惩罚分摊缺电（目标值与下界仍按线性计）。"))
    var fairness = false
    @Option(help: help("Where to write the schedule: CSV session_id,slot,kw.", "计划输出 CSV：session_id,slot,kw。"))
    var scheduleOut: String?
    @Option(help: help("Where to write a page with curves and shortages: HTML.", "曲线与缺电原因的网页输出：HTML。"))
    var report: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let gap, gap > .one { throw ValidationError(.gapAboveOne(gap)) }
        if let scheduleOut, scheduleOut == report { throw ValidationError(.oneFileForTwo) }
    }

    func run() throws {
        let clock = ContinuousClock()
        var clocked = PlanAnswer.Seconds()
        let planning = try clock.measuring(&clocked.reading, readCase)
        let options = PlanningOptions(
            gap: gap?.approximate ?? 0.001, preference: prefer.preference, fairness: fairness,
            threads: ProcessInfo.processInfo.activeProcessorCount)
        let progress = ProgressLine(output.lang("planning", "排程中"))
        Interruption.listen()
        let solution = clock.measuring(&clocked.solving) {
            solve(planning.problem, options: options, isCancelled: { Interruption.isAsked }, progress: progress.show)
        }
        progress.clear()
        if solution.isCancelled { Output.complain(.stoppedWithBest) }
        if let scheduleOut {
            try clock.measuring(&clocked.writing) {
                try FileAccess.write(to: scheduleOut) { PlanAnswer.writeSchedule(planning, solution, to: &$0) }
            }
        }
        let answer = PlanAnswer(planning, solution, clocked)
        if let report { try FileAccess.write(PlanPage(answer, output.lang).html, to: report) }
        output.answer(json: answer.json, text: answer.text(output.lang))
        if answer.hasOverload { throw ExitStatus.answerIsNo.asError }
    }

    /// Reads all files before it complains, so that one call shows what is wrong in each.
    private func readCase() throws -> PlanningCase {
        var problems = ProblemList()
        func gather<Value>(_ read: () throws -> Value) throws -> Value? {
            do {
                return try read()
            } catch let list as Problems {
                problems.add(list)
            } catch let problem as Problem {
                problems.add(problem)
            }
            return nil
        }
        let fleet = try gather { try FleetFile(FileAccess.read(self.fleet), file: self.fleet) }
        let grid = try gather { try FileAccess.grid(self.grid) }
        let tariff = try gather { try RuleFiles.tariff(prices.tariff) }
        let exportTariff = try gather { try prices.exportTariff.map(RuleFiles.tariff) }
        guard let fleet, let grid, let tariff, problems.isEmpty else {
            throw Problems(problems.list, omitted: 0)
        }
        return try PlanningCase(
            fleet: fleet, grid: grid, tariff: tariff, exportTariff: exportTariff ?? nil,
            wear: prices.degradationYuanPerKwh,
            from: horizon.from, to: horizon.to, step: horizon.step)
    }
}

/// The tie rules as they are written on the command line.
enum PlanPreference: String, ExpressibleByArgument, CaseIterable {
    case early, late, spread

    var preference: PlanningOptions.Preference {
        switch self {
        case .early: .early
        case .late: .late
        case .spread: .spread
        }
    }
}

extension ContinuousClock {
    /// What `body` took, in seconds, and its answer.
    fileprivate func measuring<Answer>(_ seconds: inout Double, _ body: () throws -> Answer) rethrows -> Answer {
        let began = now
        defer { seconds = (now - began) / .seconds(1) }
        return try body()
    }
}

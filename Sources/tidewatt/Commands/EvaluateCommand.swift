import ArgumentParser
import Documents
import Evaluation
import Metering
import Quantities
import Rulebook

/// `tidewatt evaluate …`: the indicators of a call from metered evidence.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: words("Indicators of a pilot call from meter data.", "由计量数据计算试点通知的指标。"),
        discussion: words(
            """
            Exits 1 when an indicator fails; "undefined" and "missing" are answers of their own and are named with their reason.
            Example: tidewatt evaluate --call ndrc-2024-718 --meter m.csv --tariff cn/hubei/residential-charging --period 2026
            """,
            """
            有指标不达标时退出状态为 1；“无定义”和“缺少数据”是独立的结论，并给出原因。
            示例：tidewatt evaluate --call ndrc-2024-718 --meter m.csv --tariff cn/hubei/residential-charging --period 2026
            """))
    @Option(help: help("The call, as ndrc-2024-718.", "通知编号，如 ndrc-2024-718。"))
    var call: String
    @Option(help: help("Meter CSV.", "电表 CSV 文件。"))
    var meter: String
    @Option(help: help("Tariff that says which hours are valley, id or file.", "界定低谷时段的电价，id 或文件。"))
    var tariff: String
    @Option(help: help("Calendar year of the tariff's zone.", "自然年（电价时区）。"), transform: Arguments.year)
    var period: Int
    @Option(help: help("YAML with the facilities of the project.", "项目设施清单 YAML。"))
    var facilities: String?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let programme = try RuleFiles.programme(call)
        let tariff = try RuleFiles.tariff(tariff)
        let facilities = try facilities.map { try Facility.read(FileAccess.read($0), file: $0) }
        let file = try MeterFile(FileAccess.read(meter), file: meter)
        guard let first = CivilDay(year: period, month: 1, day: 1),
            let next = CivilDay(year: period + 1, month: 1, day: 1)
        else { throw Refusal(.yearOutOfRange(period)) }
        let year = Interval(tariff.zone.midnight(of: first), tariff.zone.midnight(of: next))
        let results: [IndicatorResult]
        do {
            results = try evaluate(
                programme, meters: file.intervals, tariff: tariff, period: year, facilities: facilities)
        } catch {
            throw Problem(file: meter, line: error.interval.line, message: error.reason)
        }
        for line in file.repeated {
            Output.complain(Problem(file: meter, line: line, message: .repeatsEarlierLine), in: output.lang)
        }
        output.answer(
            json: [
                "call": .string(programme.id), "document": .string(orNull: programme.source.document),
                "period": .string(String(period)), "tariff": .string(tariff.id),
                "indicators": .array(results.map(\.json)),
            ],
            text: text(of: results, programme, output.lang))
        if results.contains(where: { $0.outcome == .fail }) { throw ExitStatus.answerIsNo.asError }
    }

    private func text(of results: [IndicatorResult], _ programme: Programme, _ say: Language) -> String {
        let outcomes: [Outcome: (String, String)] = [
            .pass: ("pass", "达标"), .fail: ("FAIL", "不达标"), .undefined: ("undefined", "无定义"),
            .missing: ("missing", "缺少数据"),
        ]
        var table = TextTable(
            say == .zh
                ? ["指标", "数值", "要求", "结论", "覆盖率", "条款", "说明"]
                : ["indicator", "value", "asked", "outcome", "coverage", "clause", "why"],
            rightAligned: [1, 2, 4])
        for result in results {
            let outcome = outcomes[result.outcome] ?? ("", "")
            table.add([
                say(result.indicator.name.en, result.indicator.name.zh), shown(result.value, result.indicator, say),
                "≥ " + shown(result.indicator.threshold, result.indicator, say), say(outcome.0, outcome.1),
                result.coverage.map(percent) ?? "", "\(result.lineage.rule) \(result.lineage.clause ?? "")",
                result.reason.map { say($0.en, $0.zh) } ?? "",
            ])
        }
        let title = "\(say(programme.name.en, programme.name.zh))  \(programme.source.document ?? "")  \(period)"
        return title + "\n\n" + table.text
    }

    private func shown(_ value: Rational?, _ indicator: Programme.Indicator, _ say: Language) -> String {
        guard let value else { return "—" }
        switch indicator.measure {
        case .energyShare: return percent(value)
        case .energySum: return value.text(atMost: 3) + " " + say("kWh", "千瓦时")
        case .facilitySum(let field):
            let unit = field.hasSuffix("_kw") ? " " + say("kW", "千瓦") : ""
            return value.text(atMost: 3) + unit
        }
    }

    private func percent(_ value: Rational) -> String { (value * Rational(100)).text(decimals: 2) + " %" }
}

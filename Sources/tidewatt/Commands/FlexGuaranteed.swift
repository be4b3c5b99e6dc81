import ArgumentParser
import Assets
import Documents
import Foundation
import Quantities
import Rulebook
import Scheduling

/// `tidewatt flex guaranteed`: complete schedules whose mixtures a fleet surely can do under all limits.
struct FlexGuaranteed: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guaranteed",
        abstract: words(
            "Complete schedules under all limits; every mixture of them can be done.",
            "在全部限额内的一组完整方案，其任意加权组合都可执行。"),
        discussion: words(
            """
            Each column is a total the fleet can do, with its cost. Weights of columns (they add up to 1) are handed out to the stays \
            with --weights and --disaggregate. The same input gives the same columns.
            Example: tidewatt flex guaranteed --fleet fleet.csv --grid grid.yaml --tariff cn/hubei/residential-charging \
            --columns-out C.csv
            """,
            """
            每一列是车队可执行的总功率曲线及其费用。用 --weights 与 --disaggregate 可将列的加权组合（权重和为 1）分解到各停留。\
            相同输入得到相同的列。
            示例：tidewatt flex guaranteed --fleet fleet.csv --grid grid.yaml --tariff cn/hubei/residential-charging \
            --columns-out C.csv
            """))

    @OptionGroup var input: FlexInput
    @Option(help: help("Grid YAML: nodes, limits, EVSEs.", "电网 YAML：节点、限额、充电桩。"))
    var grid: String
    @OptionGroup var prices: PriceOptions
    @Option(
        help: help(
            "Parts of the time in each of which a column takes most and one least (24).", "时间分段数，每段各求一列最多与最少（默认 24）。"))
    var blocks: Int = 24
    @Option(help: help("Where to write the columns: CSV column,slot,kw.", "各列输出 CSV：column,slot,kw。"))
    var columnsOut: String?
    @Option(help: help("Weights to hand out: CSV column,weight.", "要分解的权重 CSV：column,weight。"))
    var weights: String?
    @Option(
        help: help("Where to write the stays' schedules: CSV session_id,slot,kw.", "各停留计划输出 CSV：session_id,slot,kw。"))
    var disaggregate: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...1000).contains(blocks) else {
            throw ValidationError(.outOfRange("--blocks", blocks, least: 1, most: 1000))
        }
        if (weights == nil) != (disaggregate == nil) { throw ValidationError(.weightsWithDisaggregate) }
        if let columnsOut, columnsOut == disaggregate { throw ValidationError(.oneFileForTwo) }
    }

    func run() throws {
        let flex = try input.read(grid: grid)
        let (buy, sell) = try slotPrices(flex)
        let given = try weights.map { try WeightsFile(FileAccess.read($0), file: $0) }
        Interruption.listen()
        let progress = ProgressLine(output.lang("columns", "求解各列"))
        let set = GuaranteedSet(
            flex.problem(buyPrice: buy, sellPrice: sell, wear: prices.degradationYuanPerKwh.approximate),
            chargedLater: flex.chargedLater, blocks: blocks,
            options: PlanningOptions(threads: ProcessInfo.processInfo.activeProcessorCount),
            isCancelled: { Interruption.isAsked }, progress: progress.show)
        progress.clear()
        if Interruption.isAsked { throw Refusal(.stoppedUndecided) }
        guard let set else {
            output.answer(
                json: ["columns": [], "why": ["departures-within-limits"], "out_of_reach": flex.outOfReachJSON],
                text: output.lang(
                    "The limits of the grid do not let every departure be kept, so nothing is guaranteed.",
                    "电网限额无法满足全部离开需求，因此没有可保证的方案。"))
            throw ExitStatus.answerIsNo.asError
        }
        if let columnsOut { try FileAccess.write(to: columnsOut) { FlexGuaranteed.write(set, to: &$0) } }
        if let given, let disaggregate { try handOut(flex, set, given, to: disaggregate) }
        output.answer(json: json(flex, set), text: text(flex, set))
    }

    private func slotPrices(_ flex: FlexibilityCase) throws -> (buy: [Double], sell: [Double]) {
        func list(_ name: String) throws -> [Double] {
            try PlanningCase.slotPrices(
                RuleFiles.tariff(name), start: flex.start, step: flex.step, count: flex.flexible.slotCount)
        }
        return (
            try list(prices.tariff),
            try prices.exportTariff.map(list) ?? [Double](repeating: 0, count: flex.flexible.slotCount)
        )
    }

    private func handOut(
        _ flex: FlexibilityCase, _ set: GuaranteedSet, _ given: WeightsFile, to path: String
    ) throws {
        let weights = try given.weights(count: set.columns.count)
        guard let schedules = set.schedules(weights, isCancelled: { Interruption.isAsked }) else {
            throw Refusal(Interruption.isAsked ? .stoppedUndecided : .mixtureBurns)
        }
        try FileAccess.write(to: path) { sink in
            ScheduleCSV.write(
                flex.flexible.vehicles, stepHours: flex.flexible.stepHours, names: flex.name,
                net: { schedules[$0] }, to: &sink)
        }
    }

    private static func write(_ set: GuaranteedSet, to sink: inout FileSink) {
        sink.append("column,slot,kw\n".utf8)
        for (k, column) in set.columns.enumerated() {
            for (t, power) in column.total.enumerated() where abs(power) >= 5e-7 {
                sink.append("\(k + 1),\(t),\(fixed(power, 6))\n".utf8)
            }
        }
    }

    private func json(_ flex: FlexibilityCase, _ set: GuaranteedSet) -> JSONValue {
        [
            "slots": flex.slotsJSON,
            "columns": .array(
                set.columns.enumerated().map { k, column in
                    var members: [JSONValue.Member] = [
                        .init("column", .int(k + 1)), .init("cost_yuan", .double((column.cost * 1e6).rounded() / 1e6)),
                    ]
                    let (kind, slots) = column.kind.parts
                    members.append(.init("kind", .string(kind)))
                    if let slots {
                        members += [
                            .init("from", .string(flex.time(slots.lowerBound))),
                            .init("to", .string(flex.time(slots.upperBound))),
                        ]
                    }
                    members.append(.init("total_kw", .array(column.total.map { .double($0) })))
                    return .object(members)
                }),
            "exact": false, "why": .array(flex.inexactness.map { .string($0) }),
            "out_of_reach": flex.outOfReachJSON,
        ]
    }

    private func text(_ flex: FlexibilityCase, _ set: GuaranteedSet) -> String {
        let say = output.lang
        var table = TextTable(
            say == .zh ? ["列", "方案", "费用 元", "该段平均 kW"] : ["column", "what", "cost yuan", "mean there kW"],
            rightAligned: [0, 2, 3])
        for (k, column) in set.columns.enumerated() {
            let (kind, slots) = column.kind.parts
            let over = slots ?? 0..<column.total.count
            let mean = over.reduce(0) { $0 + column.total[$1] } / Double(max(1, over.count))
            let when = slots.map {
                " \(flex.time($0.lowerBound).prefix(16)) – \(flex.time($0.upperBound).dropFirst(11).prefix(5))"
            }
            let name =
                kind == "most" ? say("most", "最多") : kind == "least" ? say("least", "最少") : say("cheapest", "最省")
            table.add(["\(k + 1)", name + (when ?? ""), fixed(column.cost), fixed(mean)])
        }
        return ([table.text] + flex.outOfReachLines(say)).joined(separator: "\n")
    }
}

extension GuaranteedSet.Column.Kind {
    fileprivate var parts: (String, Range<Int>?) {
        switch self {
        case .cheapest: ("cheapest", nil)
        case .most(let slots): ("most", slots)
        case .least(let slots): ("least", slots)
        case .asked: ("asked", nil)
        }
    }
}

/// A weights CSV, `column,weight`: columns without a row weigh 0.
private struct WeightsFile {
    private let file: String
    private var rows: [(column: Int, weight: Rational, line: Int)] = []

    init(_ bytes: [UInt8], file: String) throws(Problems) {
        self.file = file
        var rows: [(column: Int, weight: Rational, line: Int)] = []
        try CSVDocument.forEachRow(bytes, file: file, required: ["column", "weight"]) { row, problems in
            let column = Int(row["column"] ?? "").flatMap { $0 > 0 ? $0 : nil }
            let weight = Rational(decimal: row["weight"] ?? "").flatMap { (.zero ... .one).contains($0) ? $0 : nil }
            if column == nil { problems.add(row.problem("column", .notAColumn(row["column"] ?? ""))) }
            if weight == nil { problems.add(row.problem("weight", .notAWeight(row["weight"] ?? ""))) }
            if let column, let weight { rows.append((column, weight, row.line)) }
        }
        self.rows = rows
    }

    func weights(count: Int) throws(Problems) -> [Double] {
        var problems = ProblemList()
        var weights = [Double](repeating: 0, count: count)
        var sum = Rational.zero
        for row in rows {
            if row.column > count {
                problems.add(file: file, line: row.line, .columnUnknown(row.column, count: count))
            } else {
                weights[row.column - 1] += row.weight.approximate
                sum = sum + row.weight
            }
        }
        // What is written with six decimals need not add up to the last.
        if abs(sum.approximate - 1) > 1e-4 {
            problems.add(file: file, line: 0, .weightsNotOne(fixed(sum.approximate, 6)))
        }
        try problems.throwIfAny()
        let total = weights.reduce(0, +)
        return weights.map { $0 / total }
    }
}

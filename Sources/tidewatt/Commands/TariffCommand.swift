import ArgumentParser
import Documents
import Metering
import Quantities
import Rulebook
import Settlement

/// `tidewatt tariff …`: prices by the hour, and bills.
struct TariffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tariff",
        abstract: words("Tariffs: levels, prices and bills.", "电价：时段、价格与账单。"),
        discussion: words(
            "Example: tidewatt tariff show cn/hubei/residential-charging --date 2026-03-02",
            "示例：tidewatt tariff show cn/hubei/residential-charging --date 2026-03-02"),
        subcommands: [TariffList.self, TariffShow.self, TariffPrice.self, TariffBill.self])
}

/// The tariff that a subcommand is about.
struct TariffArgument: ParsableArguments {
    @Argument(
        help: help("Id of a built-in tariff (see `tariff list`) or a YAML file.", "内置电价的 id（见 `tariff list`）或 YAML 文件。")
    )
    var tariff: String

    func load() throws -> Tariff { try RuleFiles.tariff(tariff) }
}

extension Tariff {
    /// Runs `ask`; a day without an answer is a fault of the tariff's file or of the call.
    func answering<Answer>(_ ask: (Tariff) throws(TariffGap) -> Answer) throws(Problem) -> Answer {
        do {
            return try ask(self)
        } catch {
            throw Problem(file: file, line: 0, message: error.message)
        }
    }
}

extension PriceLevel {
    func name(in language: Language) -> String { language(name.en, name.zh) }
}

struct TariffList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: words("The built-in tariffs with their sources.", "内置电价及其来源。"),
        discussion: words("Example: tidewatt tariff list", "示例：tidewatt tariff list"))
    @OptionGroup var output: OutputOptions

    func run() throws {
        let tariffs = RulePacks.builtIn.tariffs
        let say = output.lang
        var table = TextTable(
            say == .zh
                ? ["编号", "名称", "方向", "起始日", "来源", "可信度"] : ["id", "name", "direction", "from", "source", "mark"])
        for tariff in tariffs {
            table.add([
                tariff.id, say(tariff.name.en, tariff.name.zh),
                tariff.direction == .import ? say("import", "用电") : say("export", "放电"),
                tariff.versions[0].from.description, tariff.source.document ?? "", tariff.source.mark.rawValue,
            ])
        }
        output.answer(
            json: [
                "items": .array(
                    tariffs.map { tariff in
                        [
                            "id": .string(tariff.id), "name": tariff.name.json,
                            "direction": .string(tariff.direction.rawValue),
                            "zone": .string(tariff.zone.identifier),
                            "versions": .array(tariff.versions.map(\.headJSON)), "source": tariff.source.json,
                        ]
                    })
            ],
            text: table.text)
    }
}

extension Tariff.Version {
    var headJSON: JSONValue {
        [
            "from": .string(from.description), "through": .string(orNull: through?.description),
            "known": .string(orNull: known?.description),
        ]
    }
}

struct TariffPrice: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "price",
        abstract: words("Level and price over a span of time.", "一段时间内的时段与价格。"),
        discussion: words(
            """
            A step that a boundary cuts gets a row for each part.
            Example: tidewatt tariff price cn/hubei/residential-charging --from 2026-03-02T00:00:00+08:00 \
            --to 2026-03-03T00:00:00+08:00 --step-minutes 60
            """,
            """
            时段边界落在步长之内时，每一部分各占一行。
            示例：tidewatt tariff price cn/hubei/residential-charging --from 2026-03-02T00:00:00+08:00 \
            --to 2026-03-03T00:00:00+08:00 --step-minutes 60
            """))
    /// Eleven years of quarter hours; a typing error in a year asks for more.
    private static let rowLimit = 400_000

    @OptionGroup var argument: TariffArgument
    @Option(help: help("First instant, ISO 8601 with offset.", "起始时刻，带时区的 ISO 8601。"), transform: Arguments.instant)
    var from: Instant
    @Option(help: help("End, not included.", "结束时刻（不含）。"), transform: Arguments.instant)
    var to: Instant
    @Option(help: help("Step in minutes (15).", "步长，分钟（默认 15）。"), transform: Arguments.positiveMinutes)
    var stepMinutes: Int = 15
    @Option(
        help: help("Only versions that were public on this day.", "只用该日已公布的版本。"), transform: Arguments.civilDay)
    var knownOn: CivilDay?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard from < to else { throw ValidationError(.toNotAfterFrom) }
        let step = Duration.minutes(stepMinutes)
        guard (to - from) / step <= Double(TariffPrice.rowLimit) else {
            throw ValidationError(.tooManyRows(limit: TariffPrice.rowLimit))
        }
    }

    func run() throws {
        var tariff = try argument.load()
        if let knownOn {
            guard let known = tariff.asKnown(on: knownOn) else {
                throw Problem(file: tariff.file, line: 0, message: .nothingPublic(knownOn))
            }
            tariff = known
        }
        let spans = try tariff.answering { [from, to] tariff throws(TariffGap) in
            try tariff.spans(in: Interval(from, to))
        }
        var all = PriceUse()
        for span in spans { all.add(span, of: tariff) }
        let notes = PriceNotes(notes: all.notes(of: tariff))
        let marks = notes.notes.isEmpty ? [] : spans.map { TariffPrice.marks(of: $0, tariff) }
        var rows: [(part: Interval, span: Int)] = []
        var first = 0
        var start = from
        while start < to {
            let step = Interval(start, min(start + .minutes(stepMinutes), to))
            while spans[first].interval.end <= step.start { first += 1 }
            for span in spans.indices[first...].prefix(while: { spans[$0].interval.start < step.end }) {
                guard let part = spans[span].interval.intersection(step) else { continue }
                rows.append((part, span))
            }
            start = step.end
        }
        let zone = tariff.zone
        let say = output.lang
        output.answer(
            json: .array(
                rows.map { row in
                    [
                        "start": .string(zone.iso8601(row.part.start)),
                        "end": .string(zone.iso8601(row.part.end)),
                        "level": .string(spans[row.span].level.rawValue),
                        "price": spans[row.span].price.map { .decimalString($0) } ?? .null,
                        "notes": marks.isEmpty ? [] : marks[row.span],
                    ]
                }),
            text: TariffPrice.table(spans, zone, say) + (notes.text(in: say).map { "\n" + $0 } ?? ""))
        notes.complain(about: tariff.file, in: say)
    }

    /// `PART:REASON` of each part of the span's price that is not settled.
    private static func marks(of span: PriceSpan, _ tariff: Tariff) -> JSONValue {
        var use = PriceUse()
        use.add(span, of: tariff)
        return .array(
            use.notes(of: tariff).flatMap { note in note.reasons.map { .string("\(note.part):\($0.rawValue)") } })
    }

    private static func table(_ spans: [PriceSpan], _ zone: Zone, _ say: Language) -> String {
        var table = TextTable(
            say == .zh ? ["开始", "结束", "时段", "元/千瓦时"] : ["start", "end", "level", "yuan/kWh"], rightAligned: [3])
        for span in spans {
            table.add([
                zone.iso8601(span.interval.start), zone.iso8601(span.interval.end), span.level.name(in: say),
                span.price?.text() ?? say("unknown", "未知"),
            ])
        }
        return table.text
    }
}

import ArgumentParser
import Documents
import Quantities
import Rulebook

struct TariffShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: words("A tariff on one day: levels, prices, parts and sources.", "某日的电价：时段、价格、构成与来源。"),
        discussion: words(
            "Example: tidewatt tariff show cn/guizhou/commercial-10kv-two-part --date 2026-09-10",
            "示例：tidewatt tariff show cn/guizhou/commercial-10kv-two-part --date 2026-09-10"))
    @OptionGroup var argument: TariffArgument
    @Option(
        help: help("Civil day of the tariff's zone (first day of its newest version).", "电价时区的日期（默认最新版本首日）。"),
        transform: Arguments.civilDay)
    var date: CivilDay?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let tariff = try argument.load()
        let day = date ?? tariff.versions[tariff.versions.count - 1].from
        let (version, segments) = try tariff.answering { tariff throws(TariffGap) in
            (try tariff.version(on: day), try tariff.segments(on: day))
        }
        let sheet = TariffDay(tariff: tariff, day: day, version: version, segments: segments)
        output.answer(json: sheet.json, text: sheet.text(in: output.lang))
    }
}

/// A tariff on one day, for people and for programs.
private struct TariffDay {
    let tariff: Tariff
    let day: CivilDay
    let version: Tariff.Version
    let segments: [DaySegment]

    var dayType: DayType? { RulePacks.builtIn.calendar.dayType(of: day) }

    var json: JSONValue {
        let month = day.month
        return [
            "id": .string(tariff.id), "name": tariff.name.json, "zone": .string(tariff.zone.identifier),
            "direction": .string(tariff.direction.rawValue), "source": tariff.source.json,
            "version": version.headJSON, "date": .string(day.description),
            "day_type": .string(orNull: dayType?.rawValue),
            "levels": .array(
                version.levels(month: month).map { level in
                    [
                        "level": .string(level.rawValue),
                        "ratio": decimal(version.ratio(of: level, month: month)),
                        "price": decimal(version.price(of: level, month: month)),
                        "unknown": .array(version.unknowns(of: level, month: month).map(JSONValue.string)),
                    ]
                }),
            "periods": .array(
                segments.map { segment in
                    [
                        "start": .string(TariffDay.clock(segment.start)), "end": .string(TariffDay.clock(segment.end)),
                        "level": .string(segment.level.rawValue), "price": decimal(segment.price),
                    ]
                }),
            "components": .array(
                version.components.map { component in
                    [
                        "name": .string(component.name), "value": decimal(component.value),
                        "floats": .bool(component.floats), "sample": .bool(component.isSample),
                        "holds": component.holds?.json ?? .null, "source": component.source?.json ?? .null,
                    ]
                }),
            "demand": version.demand.map { demand in
                [
                    "yuan_per_kw_month": decimal(demand.yuanPerKilowattMonth),
                    "yuan_per_kva_month": decimal(demand.yuanPerKilovoltAmpereMonth),
                ]
            } ?? .null,
            "rounding": version.rounding.map { ["decimals": .int($0.decimals), "mode": .string($0.mode.rawValue)] }
                ?? .null,
        ]
    }

    private func decimal(_ value: Rational?) -> JSONValue { value.map { .decimalString($0) } ?? .null }

    func text(in say: Language) -> String {
        var text = "\(say(tariff.name.en, tariff.name.zh))  (\(tariff.id))\n"
        let holds = version.through.map { say(" through \($0)", "，至 \($0)") } ?? ""
        let types: [DayType: (String, String)] = [
            .workday: ("workday", "工作日"), .restday: ("rest day", "休息日"), .holiday: ("holiday", "节假日"),
        ]
        let type = dayType.flatMap { types[$0] }.map { say($0.0, $0.1) } ?? say("day type unknown", "日类型未知")
        text += say("\(day), \(type); version from \(version.from)", "\(day)，\(type)；版本自 \(version.from) 起")
        text += holds + "\n"
        let source = [tariff.source.document, tariff.source.mark.rawValue, tariff.source.note].compactMap { $0 }
        text += say("source: ", "来源：") + source.joined(separator: "; ") + "\n\n"
        text += strip(in: say) + "\n"
        text += periodTable(in: say)
        if !version.components.isEmpty { text += "\n" + componentTable(in: say) }
        if let demand = version.demand {
            let charges = [
                (demand.yuanPerKilowattMonth, say("yuan/kW and month (demand)", "元/千瓦·月（需量）")),
                (demand.yuanPerKilovoltAmpereMonth, say("yuan/kVA and month (capacity)", "元/千伏安·月（容量）")),
            ]
            text += "\n"
            for case (let price?, let unit) in charges { text += "\(price) \(unit)\n" }
        }
        return text
    }

    /// The day as a strip, half an hour a character, the level with the most minutes in it.
    private func strip(in say: Language) -> String {
        let shades: [PriceLevel: Character] = [.sharp: "█", .peak: "▓", .flat: "▒", .valley: "░", .deepValley: "·"]
        var hours = ""
        for hour in stride(from: 0, through: 24, by: 3) {
            let mark = TariffDay.clock(hour * 60).prefix(2)
            hours += hour == 24 ? String(mark) : mark + "    "
        }
        var line = ""
        for half in 0..<48 {
            let slot = (half * 30)..<(half * 30 + 30)
            let longest = segments.max { a, b in minutes(of: a, in: slot) < minutes(of: b, in: slot) }
            line.append(longest.flatMap { shades[$0.level] } ?? " ")
        }
        let levels = Set(segments.map(\.level)).sorted()
        let legend = levels.map { "\(shades[$0] ?? " ") \($0.name(in: say))" }.joined(separator: "   ")
        return "\(hours)\n\(line)\n\(legend)\n"
    }

    private func minutes(of segment: DaySegment, in slot: Range<Int>) -> Int {
        max(0, min(segment.end, slot.upperBound) - max(segment.start, slot.lowerBound))
    }

    private func periodTable(in say: Language) -> String {
        var table = TextTable(
            say == .zh ? ["时间", "时段", "倍率", "元/千瓦时"] : ["time", "level", "ratio", "yuan/kWh"],
            rightAligned: [2, 3])
        for segment in segments {
            table.add([
                TariffDay.clock(segment.start) + "-" + TariffDay.clock(segment.end), segment.level.name(in: say),
                version.ratio(of: segment.level, month: day.month)?.text() ?? "",
                segment.price?.text() ?? say("unknown", "未知"),
            ])
        }
        return table.text
    }

    private func componentTable(in say: Language) -> String {
        var table = TextTable(
            say == .zh
                ? ["构成", "元/千瓦时", "随倍率浮动", "可信度", "来源"] : ["component", "yuan/kWh", "floats", "mark", "source"],
            rightAligned: [1])
        for component in version.components {
            let source = component.source ?? tariff.source
            table.add([
                component.name, component.value?.text() ?? say("unknown", "未知"),
                component.floats ? say("yes", "是") : say("no", "否"), source.mark.rawValue,
                [source.document, source.note].compactMap { $0 }.joined(separator: "; "),
            ])
        }
        return table.text
    }

    private static func clock(_ minute: Int) -> String {
        func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
        return two(minute / 60) + ":" + two(minute % 60)
    }
}

public import Documents
import Quantities

extension Tariff {
    /// Reads a tariff file and checks it whole: whatever is wrong is named with its line, whatever day is asked later.
    public static func read(
        _ bytes: [UInt8], file: String, calendar: WorkCalendar = RulePacks.builtIn.calendar
    ) throws(Problems) -> Tariff {
        try Tariff(YAMLDocument(bytes, file: file), calendar: calendar)
    }

    public init(_ document: YAMLDocument, calendar: WorkCalendar) throws(Problems) {
        var problems = ProblemList()
        let root = document.root
        root.checkKeys(
            allowed: ["id", "kind", "name", "zone", "direction", "source", "versions"], into: &problems)
        try problems.throwIfAny()
        if let kind = root["kind"], kind.text != "tariff" {
            problems.add(kind.problem(.anotherKind(kind.shown)))
        }
        let id = root.required(
            "id", .words("give the tariff a name like example/two-part", "电价编号，如 example/two-part"), into: &problems)?
            .requireText("id", into: &problems)
        let name = root.required("name", .words("give {zh: …, en: …}", " {zh: …, en: …}"), into: &problems)?
            .requireName(into: &problems)
        let direction = root.required("direction", .words("import or export", " import 或 export"), into: &problems)?
            .requireWord("direction", Direction.self, into: &problems)
        let source = root.required(
            "source", .words("a rule names its source and its mark", "规则的来源及可信度"), into: &problems)?
            .requireSource(into: &problems)
        var zone: Zone? = .shanghai
        if let node = root["zone"] {
            zone = node.text.flatMap { Zone($0) }
            if zone == nil {
                problems.add(node.problem(.zoneUnknown(node.shown)))
            }
        }
        var versions: [Version] = []
        if let node = root.required(
            "versions", .words("a list, each from a civil day", "版本列表，每个自某日起"), into: &problems),
            let items = node.requireItems("versions", into: &problems)
        {
            if items.isEmpty { problems.add(node.problem(.versionsEmpty)) }
            let drafts = items.compactMap { VersionDraft($0, into: &problems) }.sorted { $0.order < $1.order }
            for (index, draft) in drafts.enumerated() {
                if index > 0, drafts[index - 1].order == draft.order {
                    problems.add(
                        draft.node.problem(
                            .versionRepeated(draft.from)))
                }
                let next = drafts[index...].first { $0.from > draft.from }?.from
                versions.append(draft.finished(next: next, calendar: calendar, into: &problems))
            }
        }
        try problems.throwIfAny()
        guard let id, let name, let direction, let source, let zone, !versions.isEmpty else {
            throw Problems(root.problem(.tariffIncomplete))
        }
        self.init(
            id: id, name: name, zone: zone, direction: direction, source: source, versions: versions,
            file: root.file, calendar: calendar)
    }
}

/// A version as its lines say it, before it is checked as a whole.
private struct VersionDraft {
    let node: YAMLNode
    let from: CivilDay
    let through: CivilDay?
    let known: CivilDay?
    private var components: [Tariff.Component] = []
    private var seasons: [Tariff.Version.Season] = []
    private var periods: [(node: YAMLNode, period: Period)] = []
    private var periodsNode: YAMLNode?
    private var demand: Tariff.DemandCharge?
    private var rounding: Tariff.Rounding?
    /// Nothing more is said about a version whose lines are wrong already.
    private var readable = true

    var order: String { "\(from) \(known?.description ?? "")" }

    init?(_ node: YAMLNode, into problems: inout ProblemList) {
        var own = ProblemList()
        defer { problems.add(contentsOf: own) }
        node.checkKeys(
            allowed: ["from", "through", "known", "components", "levels", "periods", "demand", "rounding"], into: &own)
        guard node.mapping != nil,
            let from = node.required("from", .words("the first civil day", "起始日期"), into: &own)?.requireDay(
                "from", into: &own)
        else { return nil }
        self.node = node
        self.from = from
        self.through = node["through"]?.requireDay("through", into: &own)
        self.known = node["known"]?.requireDay("known", into: &own)
        if let through, through < from {
            own.add(node.problem(.versionEndsEarly(through, from: from)))
        }
        readComponents(into: &own)
        readLevels(into: &own)
        readPeriods(into: &own)
        readDemand(into: &own)
        readRounding(into: &own)
        readable = own.isEmpty
    }

    private mutating func readComponents(into problems: inout ProblemList) {
        guard let list = node["components"] else { return }
        for item in list.requireItems("components", into: &problems) ?? [] {
            item.checkKeys(
                allowed: ["name", "value", "floats", "holds", "sample", "mark", "source"], into: &problems)
            guard item.mapping != nil,
                let name = item.required(
                    "name", .words("what the part of the price is called", "价格构成的名称"), into: &problems)?
                    .requireText("name", into: &problems),
                let value = item.required(
                    "value", .words("yuan/kWh, or unknown", "元/千瓦时的数值或 unknown"), into: &problems)?
                    .decimalOrUnknown("value", into: &problems),
                let floatsNode = item.required(
                    "floats",
                    .words("true when the level's ratio multiplies it, else false", "随时段倍率浮动为 true，否则为 false"),
                    into: &problems)
            else { continue }
            guard let floats = floatsNode.boolean else {
                problems.add(floatsNode.problem(.mustBeBoolean("floats", floatsNode.shown)))
                continue
            }
            if components.contains(where: { $0.name == name }) {
                problems.add(item.problem(.componentRepeated(name)))
            }
            var isSample = false
            if let node = item["sample"] {
                guard let sample = node.boolean else {
                    problems.add(node.problem(.mustBeBoolean("sample", node.shown)))
                    continue
                }
                isSample = sample
            }
            components.append(
                Tariff.Component(
                    name: name, value: value, floats: floats, source: ownSource(item, into: &problems),
                    holds: item["holds"].flatMap { validity($0, into: &problems) }, isSample: isSample))
        }
    }

    /// The source of a part; a bare `mark` says how far the tariff's own is to be trusted for it.
    private func ownSource(_ item: YAMLNode, into problems: inout ProblemList) -> Source? {
        let source = item["source"]?.requireSource(into: &problems)
        let mark = item["mark"]?.requireWord("mark", RuleMark.self, into: &problems)
        return source ?? mark.map { Source(document: nil, mark: $0) }
    }

    /// `{from: YYYY-MM-DD, through: YYYY-MM-DD}`, one of them or both.
    private func validity(_ node: YAMLNode, into problems: inout ProblemList) -> Tariff.Validity? {
        node.checkKeys(allowed: ["from", "through"], into: &problems)
        let from = node["from"]?.requireDay("from", into: &problems)
        let through = node["through"]?.requireDay("through", into: &problems)
        if let from, let through, through < from {
            problems.add(node.problem(.periodEndsEarly(through, from: from)))
        }
        if from == nil && through == nil { return nil }
        return Tariff.Validity(from: from, through: through)
    }

    // MARK: Levels

    private mutating func readLevels(into problems: inout ProblemList) {
        guard
            let levels = node.required(
                "levels", .words("a ratio or a price for each level", "各时段的倍率或价格"), into: &problems)
        else { return }
        let tables = levels.sequence ?? [levels]
        if tables.isEmpty { problems.add(levels.problem(.levelsEmpty)) }
        for table in tables {
            let listed = levels.sequence != nil
            let words = PriceLevel.allCases.map(\.rawValue)
            table.checkKeys(allowed: listed ? words + ["months"] : words, into: &problems)
            var entries: [PriceLevel: YAMLNode] = [:]
            for (key, value) in table.mapping ?? [] {
                if let level = key.text.flatMap(PriceLevel.init(rawValue:)) { entries[level] = value }
            }
            if table.mapping != nil, entries.isEmpty {
                problems.add(table.problem(.noLevelHere(allowed: words.joined(separator: ", "))))
            }
            var months = Set(1...12)
            if let node = table["months"] { months = monthSet(node, into: &problems) ?? [] }
            var own: [PriceLevel: OwnRate] = [:]
            for (level, node) in entries.sorted(by: { $0.key < $1.key }) {
                own[level] = ownRate(of: level, node, entries, into: &problems)
            }
            var rates: [PriceLevel: Tariff.Version.Rate] = [:]
            for level in own.keys.sorted() { rates[level] = resolve(level, own, into: &problems) }
            seasons.append(Tariff.Version.Season(months: months, rates: rates))
        }
    }

    /// What a level's line says, before the level it refers to is followed.
    private enum OwnRate {
        case rate(Tariff.Version.Rate)
        case times(PriceLevel, factor: Rational, YAMLNode)
    }

    private func ownRate(
        of level: PriceLevel, _ node: YAMLNode, _ entries: [PriceLevel: YAMLNode], into problems: inout ProblemList
    ) -> OwnRate? {
        guard node.mapping != nil else {
            guard let ratio = node.requireDecimal(.ratioOf(level.rawValue), into: &problems) else { return nil }
            if components.isEmpty {
                problems.add(
                    node.problem(.nothingToMultiply(level.rawValue)))
            }
            return .rate(.ratio(ratio))
        }
        node.checkKeys(allowed: ["of", "times", "price"], into: &problems)
        if let price = node["price"] {
            if node["of"] != nil || node["times"] != nil {
                problems.add(node.problem(.priceAndRatio))
            }
            if !components.isEmpty {
                problems.add(
                    node.problem(.priceWithComponents(level.rawValue)))
            }
            return price.decimalOrUnknown("price", into: &problems).map { .rate(.price($0)) }
        }
        guard let ofNode = node.required("of", .words("the level that is multiplied", "被乘的时段"), into: &problems),
            let of = ofNode.requireWord("level", PriceLevel.self, into: &problems),
            let factor = node.required("times", .words("the factor", "倍数"), into: &problems)?
                .requireDecimal(.key("times"), into: &problems)
        else { return nil }
        guard entries[of] != nil else {
            problems.add(ofNode.problem(.levelWithoutRate(of.rawValue)))
            return nil
        }
        return .times(of, factor: factor, ofNode)
    }

    private func resolve(
        _ level: PriceLevel, _ own: [PriceLevel: OwnRate], into problems: inout ProblemList
    ) -> Tariff.Version.Rate? {
        var (at, via, product) = (level, [level], Rational.one)
        while true {
            switch own[at] {
            case nil: return nil
            case .rate(.ratio(let ratio)): return .ratio(ratio * product)
            case .rate(.price(let price)): return .price(price.map { $0 * product })
            case .times(let of, let factor, let node):
                via.append(of)
                if of == level {
                    let circle = via.map(\.rawValue).joined(separator: " of ")
                    problems.add(node.problem(.levelsInACircle(circle)))
                }
                if via.dropLast().contains(of) { return nil }
                (at, product) = (of, product * factor)
            }
        }
    }

    private func monthSet(_ node: YAMLNode, into problems: inout ProblemList) -> Set<Int>? {
        guard let items = node.requireItems("months", into: &problems) else { return nil }
        var months: Set<Int> = []
        for item in items {
            if let month = item.integer, (1...12).contains(month) {
                months.insert(month)
            } else {
                problems.add(item.problem(.monthUnknown(item.shown)))
            }
        }
        if items.isEmpty { problems.add(node.problem(.monthsEmpty)) }
        return months
    }

    // MARK: Periods

    private mutating func readPeriods(into problems: inout ProblemList) {
        guard let list = node.required("periods", .words("which level holds when", "各时段的起止时间"), into: &problems) else {
            return
        }
        periodsNode = list
        for item in list.requireItems("periods", into: &problems) ?? [] {
            item.checkKeys(allowed: ["level", "spans", "months", "days"], into: &problems)
            guard item.mapping != nil,
                let level = item.required("level", .words("one of the levels above", "上述时段之一"), into: &problems)?
                    .requireWord("level", PriceLevel.self, into: &problems),
                let spans = item.required(
                    "spans", .words("a list like [\"00:00-08:00\"]", " [\"00:00-08:00\"] 形式的列表"), into: &problems)?
                    .requireItems("spans", into: &problems)
            else { continue }
            var ranges: [Range<Int>] = []
            for span in spans { ranges += minuteRanges(span, into: &problems) }
            var months = Set(1...12)
            if let node = item["months"] { months = monthSet(node, into: &problems) ?? [] }
            guard let days = days(item["days"], into: &problems) else { continue }
            periods.append((item, Period(level: level, spans: ranges, months: months, days: days)))
        }
    }

    private func days(_ node: YAMLNode?, into problems: inout ProblemList) -> Period.Days? {
        guard let node else { return .all }
        if let items = node.sequence {
            let days = items.compactMap { $0.requireDay("day", into: &problems) }
            return .listed(Set(days))
        }
        if node.text == "all" { return .all }
        if let type = node.text.flatMap(DayType.init(rawValue:)) { return .type(type) }
        problems.add(
            node.problem(.daysUnknown(node.shown)))
        return nil
    }

    /// `22:00-06:00` runs over midnight and is both ends of the same civil day.
    private func minuteRanges(_ node: YAMLNode, into problems: inout ProblemList) -> [Range<Int>] {
        let parts = (node.text ?? "").split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let start = minute(parts[0]), let end = minute(parts[1]), start < minutesPerDay else {
            problems.add(node.problem(.spanUnknown(node.shown)))
            return []
        }
        if start < end { return [start..<end] }
        if start == end {
            problems.add(node.problem(.spanEmpty(node.shown)))
            return []
        }
        return end == 0 ? [start..<minutesPerDay] : [start..<minutesPerDay, 0..<end]
    }

    private func minute(_ text: Substring) -> Int? {
        let digits = Array(text.utf8)
        guard digits.count == 5, digits[2] == UInt8(ascii: ":") else { return nil }
        func two(_ i: Int) -> Int? {
            guard (48...57).contains(digits[i]), (48...57).contains(digits[i + 1]) else { return nil }
            return Int(digits[i] - 48) * 10 + Int(digits[i + 1] - 48)
        }
        guard let hour = two(0), let minute = two(3), minute < 60, hour * 60 + minute <= minutesPerDay else {
            return nil
        }
        return hour * 60 + minute
    }

    // MARK: Charges and rounding

    private mutating func readDemand(into problems: inout ProblemList) {
        guard let demand = node["demand"] else { return }
        demand.checkKeys(allowed: ["yuan_per_kw_month", "yuan_per_kva_month", "mark", "source"], into: &problems)
        self.demand = Tariff.DemandCharge(
            yuanPerKilowattMonth: demand["yuan_per_kw_month"]?.decimalOrUnknown("charge", into: &problems) ?? nil,
            yuanPerKilovoltAmpereMonth: demand["yuan_per_kva_month"]?.decimalOrUnknown("charge", into: &problems)
                ?? nil, source: ownSource(demand, into: &problems))
    }

    private mutating func readRounding(into problems: inout ProblemList) {
        guard let rounding = node["rounding"] else { return }
        rounding.checkKeys(allowed: ["decimals", "mode"], into: &problems)
        guard rounding.mapping != nil,
            let decimalsNode = rounding.required("decimals", .words("places behind the point", "小数位数"), into: &problems)
        else { return }
        guard let decimals = decimalsNode.integer, (0...12).contains(decimals) else {
            problems.add(decimalsNode.problem(.decimalsUnknown(decimalsNode.shown)))
            return
        }
        var mode = RoundingMode.halfUp
        if let node = rounding["mode"] {
            guard let word = node.requireWord("mode", RoundingMode.self, into: &problems) else { return }
            mode = word
        }
        self.rounding = Tariff.Rounding(decimals: decimals, mode: mode)
    }

    // MARK: The version as a whole

    func finished(next: CivilDay?, calendar: WorkCalendar, into problems: inout ProblemList) -> Tariff.Version {
        let kinds = dayKinds(next: next, calendar: calendar)
        let months = Set(kinds.map(\.month))
        if readable {
            checkRates(months, into: &problems)
            checkCoverage(kinds, into: &problems)
        }
        var version = Tariff.Version(
            from: from, through: through, known: known, components: components, demand: demand, rounding: rounding,
            seasons: seasons, periods: periods.map(\.period), partitions: .none)
        version.partitions = DayPartitions(periods: version.periods) { [version] in version.price(of: $0, month: $1) }
        return version
    }

    /// The kinds of day that occur while the version holds. Without an end, or for more than a year, that is all of them.
    private func dayKinds(next: CivilDay?, calendar: WorkCalendar) -> Set<DayKind> {
        let end = [next, through.map { $0.adding(days: 1) }].compactMap { $0 }.min()
        var kinds: Set<DayKind> = []
        guard let end, end - from < 366 else {
            for month in 1...12 {
                for type in DayType.allCases { kinds.insert(DayKind(month: month, type: type, day: nil)) }
            }
            return kinds
        }
        var day = from
        while day < end {
            for type in calendar.dayType(of: day).map({ [$0] }) ?? DayType.allCases {
                kinds.insert(DayKind(month: day.month, type: type, day: nil))
            }
            day = day.adding(days: 1)
        }
        return kinds
    }

    /// Every period's level has a rate in every month in which it can hold.
    private func checkRates(_ months: Set<Int>, into problems: inout ProblemList) {
        for (node, period) in periods {
            var asked = period.months.intersection(months)
            if case .listed(let days) = period.days { asked.formIntersection(days.map(\.month)) }
            let without = asked.sorted().filter { month in
                seasons.first { $0.months.contains(month) }?.rates[period.level] == nil
            }
            guard !without.isEmpty else { continue }
            let level = period.level.rawValue
            let months = without.map(String.init).joined(separator: ", ")
            problems.add(
                node.problem(
                    without.count == 12 ? .rateMissing(level) : .rateMissingInMonths(level, months: months)))
        }
    }

    /// Every minute of every kind of day belongs to a level.
    private func checkCoverage(_ kinds: Set<DayKind>, into problems: inout ProblemList) {
        var gaps: [Range<Int>: Set<DayKind>] = [:]
        for kind in kinds {
            let found = DayPartitions.segments(of: kind, periods.map(\.period)) { _, _ in nil }.gaps
            for gap in found { gaps[gap, default: []].insert(kind) }
        }
        for (gap, holes) in gaps.sorted(by: {
            ($0.key.lowerBound, $0.key.upperBound) < ($1.key.lowerBound, $1.key.upperBound)
        }) {
            let days = VersionDraft.describe(holes, of: kinds)
            problems.add(
                (periodsNode ?? node).problem(
                    .notCovered("\(clockText(gap.lowerBound))-\(clockText(gap.upperBound))", days)))
        }
    }

    private static func describe(_ holes: Set<DayKind>, of all: Set<DayKind>) -> Message {
        if holes == all { return .onAnyDay }
        let types = DayType.allCases.filter { type in holes.contains { $0.type == type } }
        let months = Set(holes.map(\.month)).sorted()
        let inSome = months.count < Set(all.map(\.month)).count
        let list = months.map(String.init).joined(separator: ", ")
        if types.count == 3 { return inSome ? .onDaysOfMonths(list) : .onSomeDays }
        let names = types.map(\.message)
        guard let first = names.first else { return .onSomeDays }
        let named = names.dropFirst().reduce(first) { .eitherDay($0, $1) }
        return inSome ? .onDayTypesOfMonths(named, list) : .onDayTypes(named)
    }
}

extension DayType {
    fileprivate var message: Message {
        switch self {
        case .workday: .workday
        case .restday: .restday
        case .holiday: .holiday
        }
    }
}

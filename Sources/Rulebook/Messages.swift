import Documents
import Quantities

/// What is wrong in a rule file or has no answer in a rule, in both languages.
extension Message {
    // MARK: Words that all rule files share

    static func missing(_ key: String, _ what: Message) -> Message {
        Message("missing", "{key} is missing; {what}", "缺少 {key}，应给出{what}", ["key": key, "what": what])
    }
    static func notADecimal(_ what: Message, _ given: String) -> Message {
        Message(
            "not-a-decimal", "{what} {given} is not a decimal; write it like \"0.388997\"",
            "{what} {given} 不是十进制数，应写作 \"0.388997\" 的形式", ["what": what, "given": given])
    }
    static func notADecimalOrUnknown(_ what: String, _ given: String) -> Message {
        Message(
            "not-a-decimal-or-unknown", "{what} {given} is not a decimal; write it like \"0.388997\", or unknown",
            "{what} {given} 不是十进制数，应写作 \"0.388997\" 的形式或 unknown", ["what": what, "given": given])
    }
    static func notACivilDay(_ what: String, _ given: String) -> Message {
        Message(
            "not-a-civil-day", "{what} {given} is not a civil day; write YYYY-MM-DD",
            "{what} {given} 不是日期，应写作 YYYY-MM-DD", ["what": what, "given": given])
    }
    static func textNeeded(_ what: String) -> Message {
        Message("text-needed", "{what} must be a text", "{what} 应为文本", ["what": what])
    }
    static func wordUnknown(_ what: String, _ given: String, allowed: String) -> Message {
        Message(
            "word-unknown", "{what} {given} is not known; allowed are {allowed}", "{what} {given} 无法识别，可用的有 {allowed}",
            ["what": what, "given": given, "allowed": allowed])
    }
    static func listNeeded(_ what: String) -> Message {
        Message("list-needed", "{what} must be a list", "{what} 应为列表", ["what": what])
    }
    static let nameIncomplete = Message("name-incomplete", "a name needs both zh and en", "名称需要同时给出 zh 与 en")
    static func key(_ name: String) -> Message {
        Message("key", "{name}", "{name}", ["name": name])
    }

    // MARK: Tariffs

    static func anotherKind(_ kind: String) -> Message {
        Message("another-kind", "this file is a {kind}, not a tariff", "该文件的类型为 {kind}，不是电价（tariff）", ["kind": kind])
    }
    static func zoneUnknown(_ given: String) -> Message {
        Message(
            "zone-unknown", "zone {given} is not known; write it like Asia/Shanghai",
            "时区 {given} 无法识别，应写作 Asia/Shanghai 的形式", ["given": given])
    }
    static let versionsEmpty = Message(
        "versions-empty", "versions is empty; a tariff needs at least one version", "versions 为空，电价至少需要一个版本")
    static func versionRepeated(_ from: CivilDay) -> Message {
        Message(
            "version-repeated", "a second version from {from}; give each a day of its own, or a later known day",
            "自 {from} 起有两个版本，请使用不同的日期，或更晚的 known 日期", ["from": from])
    }
    static let tariffIncomplete = Message("tariff-incomplete", "the tariff is not complete", "电价内容不完整")
    static func versionEndsEarly(_ through: CivilDay, from: CivilDay) -> Message {
        Message(
            "version-ends-early", "the version ends with {through}, before it begins on {from}",
            "该版本的截止日 {through} 早于起始日 {from}", ["through": through, "from": from])
    }
    static func mustBeBoolean(_ key: String, _ given: String) -> Message {
        Message(
            "must-be-boolean", "{key} {given} must be true or false", "{key} {given} 应为 true 或 false",
            ["key": key, "given": given])
    }
    static func componentRepeated(_ name: String) -> Message {
        Message(
            "component-repeated", "component {name} stands twice; name each component once", "构成 {name} 出现两次，每项只能写一次",
            ["name": name])
    }
    static func periodEndsEarly(_ through: CivilDay, from: CivilDay) -> Message {
        Message(
            "period-ends-early", "through {through} is before from {from}; a period ends after it begins",
            "through {through} 早于 from {from}，有效期的截止日不能早于起始日", ["through": through, "from": from])
    }
    static let levelsEmpty = Message(
        "levels-empty", "levels is empty; give a ratio or a price for each level", "levels 为空，请为每个时段给出倍率或价格")
    static func noLevelHere(allowed: String) -> Message {
        Message("no-level-here", "no level here; allowed are {allowed}", "此处没有时段，可用的有 {allowed}", ["allowed": allowed])
    }
    static func ratioOf(_ level: String) -> Message {
        Message("ratio-of", "ratio of {level}", "{level} 的倍率", ["level": level])
    }
    static func nothingToMultiply(_ level: String) -> Message {
        Message(
            "nothing-to-multiply",
            "{level} has a ratio, but there are no components to multiply; add components, or write {price: \"…\"}",
            "{level} 给出了倍率，但没有可乘的构成；请补充 components，或写 {price: \"…\"}", ["level": level])
    }
    static let priceAndRatio = Message(
        "price-and-ratio", "price stands beside of/times; a level has one or the other", "price 与 of/times 同时出现，只能给出其一")
    static func priceWithComponents(_ level: String) -> Message {
        Message(
            "price-with-components", "{level} has an absolute price; components must then be empty",
            "{level} 为绝对价格，此时 components 应为空", ["level": level])
    }
    static func levelWithoutRate(_ level: String) -> Message {
        Message(
            "level-without-rate", "level {level} has no ratio or price here", "时段 {level} 在此没有倍率或价格", ["level": level])
    }
    static func levelsInACircle(_ circle: String) -> Message {
        Message(
            "levels-in-a-circle", "levels in a circle: {circle}; one of them needs a ratio",
            "时段互相引用形成环路：{circle}；其中之一应给出倍率", ["circle": circle])
    }
    static func monthUnknown(_ given: String) -> Message {
        Message("month-unknown", "month {given} is not one of 1 to 12", "月份 {given} 不在 1 至 12 之内", ["given": given])
    }
    static let monthsEmpty = Message(
        "months-empty", "months is empty; leave it out for all months", "months 为空；适用于全年时请省略")
    static func daysUnknown(_ given: String) -> Message {
        Message(
            "days-unknown", "days {given} is not known; allowed are all, workday, restday, holiday, or a list of days",
            "days {given} 无法识别，可用的有 all、workday、restday、holiday 或日期列表", ["given": given])
    }
    static func spanUnknown(_ given: String) -> Message {
        Message(
            "span-unknown", "span {given} is not HH:MM-HH:MM between 00:00 and 24:00",
            "时间段 {given} 不是 00:00 至 24:00 之间的 HH:MM-HH:MM", ["given": given])
    }
    static func spanEmpty(_ given: String) -> Message {
        Message(
            "span-empty", "span {given} is empty; a whole day is 00:00-24:00", "时间段 {given} 为空；全天应写作 00:00-24:00",
            ["given": given])
    }
    static func decimalsUnknown(_ given: String) -> Message {
        Message(
            "decimals-unknown", "decimals {given} is not one of 0 to 12", "decimals {given} 不在 0 至 12 之内",
            ["given": given])
    }
    static func rateMissing(_ level: String) -> Message {
        Message(
            "rate-missing", "level {level} has no ratio or price; add it to levels", "时段 {level} 没有倍率或价格，请在 levels 中补充",
            ["level": level])
    }
    static func rateMissingInMonths(_ level: String, months: String) -> Message {
        Message(
            "rate-missing-in-months", "level {level} has no ratio or price in month {months}; add it to levels",
            "时段 {level} 在 {months} 月没有倍率或价格，请在 levels 中补充", ["level": level, "months": months])
    }
    static func notCovered(_ gap: String, _ days: Message) -> Message {
        Message(
            "not-covered",
            "{gap} belongs to no level {days}; the periods must cover 24 hours of every day, so begin with {level: flat, spans: [\"00:00-24:00\"]}",
            "{days}的 {gap} 不属于任何时段；各时段必须覆盖每天 24 小时，可先写 {level: flat, spans: [\"00:00-24:00\"]}",
            ["gap": gap, "days": days])
    }
    static let onAnyDay = Message("on-any-day", "on any day", "任何日期")
    static let onSomeDays = Message("on-some-days", "on days", "部分日期")
    static func onDaysOfMonths(_ months: String) -> Message {
        Message("on-days-of-months", "on days of month {months}", "{months} 月", ["months": months])
    }
    static func onDayTypes(_ types: Message) -> Message {
        Message("on-day-types", "on a {types}", "{types}", ["types": types])
    }
    static func onDayTypesOfMonths(_ types: Message, _ months: String) -> Message {
        Message(
            "on-day-types-of-months", "on a {types} of month {months}", "{months} 月的{types}",
            ["types": types, "months": months])
    }
    static let workday = Message("workday", "workday", "工作日")
    static let restday = Message("restday", "restday", "周末")
    static let holiday = Message("holiday", "holiday", "节假日")
    static func eitherDay(_ one: Message, _ other: Message) -> Message {
        Message("either-day", "{one} or {other}", "{one}或{other}", ["one": one, "other": other])
    }

    // MARK: Calls and calendars

    static func kindUnknown(_ given: String, allowed: String) -> Message {
        Message(
            "kind-unknown", "kind {given} is not known; allowed are {allowed}", "kind {given} 无法识别，可用的有 {allowed}",
            ["given": given, "allowed": allowed])
    }
    static let callIncomplete = Message("call-incomplete", "the call is not complete", "通知内容不完整")
    static func measureUnknown(_ given: String) -> Message {
        Message(
            "measure-unknown", "measure {given} is not known; allowed are energy_share, energy_sum, facility_sum",
            "measure {given} 无法识别，可用的有 energy_share、energy_sum、facility_sum", ["given": given])
    }
    static func yearUnknown(_ given: String) -> Message {
        Message("year-unknown", "year {given} is not a year", "year {given} 不是年份", ["given": given])
    }
    static let daysOffUnordered = Message(
        "days-off-unordered", "the days off end before they begin, or last longer than a month", "放假的截止日早于起始日，或长于一个月")
    static func notAWeekend(_ day: CivilDay) -> Message {
        Message(
            "not-a-weekend", "{day} is no Saturday or Sunday; only those are made workdays",
            "{day} 不是星期六或星期日，只有周末可以调为工作日", ["day": day])
    }
    static func dayOffAndWorkday(_ day: CivilDay) -> Message {
        Message(
            "day-off-and-workday", "{day} is a day off and a make-up workday; it can be one of them",
            "{day} 既是放假日又是调休工作日，只能是其一", ["day": day])
    }

    // MARK: Days without an answer

    static func beforeFirstVersion(_ tariff: String, _ day: CivilDay, first: CivilDay) -> Message {
        Message(
            "before-first-version",
            "tariff {tariff} does not hold on {day}, its first version is from {first}; ask from that day on, or add a version to the file",
            "电价 {tariff} 在 {day} 不适用，其首个版本自 {first} 起；请查询该日及以后，或在文件中补充版本",
            ["tariff": tariff, "day": day, "first": first])
    }
    static func afterLastDay(_ tariff: String, _ day: CivilDay, last: CivilDay) -> Message {
        Message(
            "after-last-day",
            "tariff {tariff} does not hold on {day}, its version ended with {last}; ask up to that day, or add a version to the file",
            "电价 {tariff} 在 {day} 不适用，其版本截至 {last}；请查询该日及以前，或在文件中补充版本", ["tariff": tariff, "day": day, "last": last])
    }
    static func dayTypeUnknown(_ tariff: String, _ day: CivilDay, years: String) -> Message {
        Message(
            "day-type-unknown",
            "tariff {tariff} tells workdays from days off, and no calendar says what {day} is (known years: {years}); add the year's notice under Rules/cn/calendar",
            "电价 {tariff} 区分工作日与休息日，而没有日历说明 {day} 的类型（已有年份：{years}）；请在 Rules/cn/calendar 下补充该年的通知",
            ["tariff": tariff, "day": day, "years": years])
    }
    static func dayNotCovered(_ tariff: String, _ day: CivilDay) -> Message {
        Message(
            "day-not-covered", "tariff {tariff} as known then does not cover {day}; ask with a later known day",
            "按当时已公布的内容，电价 {tariff} 未覆盖 {day}；请使用更晚的公布日期查询", ["tariff": tariff, "day": day])
    }
}

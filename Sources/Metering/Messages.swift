import Documents

/// What is wrong in a meter file, in both languages.
extension Message {
    static func sameTime(meter: String, line: Int) -> Message {
        Message(
            "same-time", "meter {meter} has the time of line {line}; keep the one that is right",
            "电表 {meter} 与第 {line} 行的时间相同，请保留正确的一行", ["meter": meter, "line": line])
    }
    static func overlappingTime(meter: String, line: Int) -> Message {
        Message(
            "overlapping-time", "meter {meter} overlaps the time of line {line}; keep the one that is right",
            "电表 {meter} 与第 {line} 行的时间重叠，请保留正确的一行", ["meter": meter, "line": line])
    }
    static let meterUnnamed = Message("meter-unnamed", "is empty; name the meter", "为空，请填写电表编号")
    static func endNotAfterStart(_ end: String, start: String) -> Message {
        Message(
            "end-not-after-start", "{end} is not after the start {start}", "{end} 不晚于开始时间 {start}",
            ["end": end, "start": start])
    }
    static let intervalTooLong = Message(
        "interval-too-long", "is more than 400 days after the start; check the years", "距开始时间超过 400 天，请检查年份")
    static let noEnergy = Message(
        "no-energy", "is empty as export_kwh is; give a value, or quality missing",
        "与 export_kwh 均为空；请给出数值，或将 quality 写为 missing")
    static func instantNeeded(_ text: String) -> Message {
        Message(
            "instant-needed", "{text} is not an instant with offset; write it like 2024-09-10T07:00:00+08:00",
            "{text} 不是带时区的时刻，应写作 2024-09-10T07:00:00+08:00 的形式", ["text": text])
    }
    static func energyNeeded(_ text: String) -> Message {
        Message("energy-needed", "{text} is not a decimal number of kWh", "{text} 不是以千瓦时计的十进制数", ["text": text])
    }
    static func negativeEnergy(_ text: String, other: String) -> Message {
        Message(
            "negative-energy", "{text} is negative; energy the other way belongs in {other}",
            "{text} 为负数，反向电量应填在 {other}", ["text": text, "other": other])
    }
    static func wordNotKnown(_ text: String, allowed: String) -> Message {
        Message(
            "word-not-known", "{text} is not known; allowed are {allowed}", "{text} 无法识别，可用的有 {allowed}",
            ["text": text, "allowed": allowed])
    }
}

import Quantities

/// Numbers and times as people read them: fixed decimals a quantity, times in the site's zone, "—" for what is not known.
struct Format: Sendable {
    let words: Words
    let zone: Zone
    let now: Instant

    static let none = "—"

    /// kW with one decimal.
    func kilowatts(_ power: Power?) -> String {
        power.map { Format.fixed($0.watts, scale: 3, decimals: 1) } ?? Format.none
    }
    /// "1.3–2.0 kW", or one number where both are the same.
    func range(_ powers: [Power]) -> String {
        guard let least = powers.min(), let most = powers.max() else { return Format.none }
        let (low, high) = (kilowatts(least), kilowatts(most))
        return (low == high ? low : low + "–" + high) + " kW"
    }
    /// kWh with two decimals.
    func kilowattHours(_ energy: Energy?) -> String {
        energy.map { Format.fixed($0.milliwattHours, scale: 6, decimals: 2) } ?? Format.none
    }
    func percent(_ share: Double?) -> String {
        guard let share, share.isFinite else { return Format.none }
        return Format.fixed(Int64((share * 1000).rounded()), scale: 1, decimals: 1) + " %"
    }

    func time(_ instant: Instant) -> String { String(zone.iso8601(instant).dropFirst(11).prefix(5)) }
    func seconds(_ instant: Instant) -> String { String(zone.iso8601(instant).dropFirst(11).prefix(8)) }
    func day(_ instant: Instant) -> String { zone.civilDay(at: instant).description }
    /// Day and minute; the day is left out where it is today.
    func moment(_ instant: Instant) -> String {
        zone.civilDay(at: instant) == zone.civilDay(at: now) ? time(instant) : day(instant) + " " + time(instant)
    }
    func span(_ interval: Interval) -> String {
        let sameDay = zone.civilDay(at: interval.start) == zone.civilDay(at: interval.end)
        return moment(interval.start) + "–" + (sameDay ? time(interval.end) : moment(interval.end))
    }
    func tag(_ instant: Instant?) -> HTML {
        guard let instant else { return HTML(escaping: Format.none) }
        return
            "<time datetime=\"\(instant.description)\" title=\"\(zone.iso8601(instant)) \(zone.identifier)\">\(moment(instant))</time>"
    }
    func precise(_ instant: Instant) -> HTML {
        let day = zone.civilDay(at: instant) == zone.civilDay(at: now) ? "" : self.day(instant) + " "
        return
            "<time datetime=\"\(instant.description)\" title=\"\(zone.iso8601(instant)) \(zone.identifier)\">\(day + seconds(instant))</time>"
    }

    /// "5 min": how long something lasts or lasted.
    func duration(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        if seconds < 60 { return words("duration.seconds", ["n": String(seconds)]) }
        if seconds < 3600 { return words("duration.minutes", ["n": String(seconds / 60)]) }
        if seconds < 86_400 {
            return words("duration.hours", ["h": String(seconds / 3600), "m": String(seconds / 60 % 60)])
        }
        return words("duration.days", ["d": String(seconds / 86_400), "h": String(seconds / 3600 % 24)])
    }
    func ago(_ instant: Instant) -> HTML {
        let text = words("duration.ago", ["span": duration(now - instant)])
        return
            "<time datetime=\"\(instant.description)\" title=\"\(zone.iso8601(instant)) \(zone.identifier)\">\(text)</time>"
    }

    /// `value · 10^-scale` with exactly `decimals` places and grouped thousands, halves away from zero.
    static func fixed(_ value: Int64, scale: Int, decimals: Int) -> String {
        var magnitude = value.magnitude
        for _ in 0..<max(0, scale - decimals - 1) { magnitude /= 10 }
        if scale > decimals { magnitude = (magnitude + 5) / 10 }
        for _ in 0..<max(0, decimals - scale) { magnitude *= 10 }
        var digits = String(magnitude)
        if digits.count <= decimals { digits = String(repeating: "0", count: decimals + 1 - digits.count) + digits }
        let whole = digits.dropLast(decimals)
        var grouped = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0 { grouped += "," }
            grouped.append(digit)
        }
        let sign = value < 0 && magnitude != 0 ? "−" : ""
        return sign + grouped + (decimals > 0 ? "." + digits.suffix(decimals) : "")
    }
}

import Charging
import Operations
import Quantities

extension Parts {
    /// `89.3 % (86.1–92.5 %)`.
    static func roundTrip(_ measured: RoundTrip, _ t: Words) -> HTML {
        func percent(_ permille: Int) -> String { Format.fixed(Int64(permille), scale: 1, decimals: 1) }
        return HTML(
            escaping: t(
                "roundtrip.value",
                ["value": percent(measured.middle), "low": percent(measured.low), "high": percent(measured.high)]))
    }

    /// With how much it stands on; a dash where nothing was measured.
    static func roundTrip(_ learned: LearnedRoundTrip?, _ t: Words) -> HTML {
        guard let learned else { return HTML(escaping: Format.none) }
        let key = learned.isEnough ? "roundtrip.sessions" : "roundtrip.few"
        return "\(roundTrip(learned.value, t)) <span class=\"muted\">\(t(key, ["n": String(learned.sessions)]))</span>"
    }
}

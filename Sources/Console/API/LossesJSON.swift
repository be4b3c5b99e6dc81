import Charging
import Documents
import Operations
import Quantities

// Losses as the API shows them: parts of one, as terms of batteries have them.

extension RoundTrip {
    /// - Parameter more: what belongs to it beside.
    func json(_ more: [JSONValue.Member] = []) -> JSONValue {
        func part(_ permille: Int) -> JSONValue { .number(decimalText(Int128(permille), scale: 3)) }
        return .object(
            [.init("value", part(middle)), .init("low", part(low)), .init("high", part(high))] + more)
    }
}

extension LearnedRoundTrip {
    var json: JSONValue { value.json([.init("sessions", .int(sessions)), .init("at", .instant(at))]) }
}

extension LossTrack {
    /// - Parameter capacity: of the battery, where its vehicle told it.
    func json(_ capacity: Energy?) -> JSONValue {
        func percent(_ way: Way) -> JSONValue { .number(decimalText(Int128(way.points), scale: 2)) }
        return [
            "charged_soc_percent": percent(charged), "discharged_soc_percent": percent(discharged),
            "round_trip": roundTrip?.json() ?? .null,
            "charge_efficiency": capacity.flatMap { chargeShare(capacity: $0) }?.json() ?? .null,
            "discharge_efficiency": capacity.flatMap { dischargeShare(capacity: $0) }?.json() ?? .null,
        ]
    }
}

extension Session {
    /// How far its driver, its vehicle or the operator lets it be emptied at most, net energy since plug-in; `nil`: nobody
    /// said.
    var statedMinimum: Energy? { [needs?.minimum, v2x?.minimum, v2x?.minimumV2X].compactMap { $0 }.max() }
}

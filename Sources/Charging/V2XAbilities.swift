/// What a station says of giving energy back (OCPP 2.1 `V2XChargingCtrlr`), by EVSE; 0 stands for all of them.
public struct V2XAbilities: Hashable, Sendable {
    /// `nil`: it did not say.
    public var isEnabled: Bool?
    /// A vehicle at it spoke of giving back (`v2xChargingParameters`): whatever its variables say, it can.
    public var hasVehicle = false
    /// `SupportedOperationModes`, in the standard's words.
    public var modes: [Int: [String]] = [:]
    /// `SupportedEnergyTransferModes`.
    public var transfers: [Int: [String]] = [:]
    /// `LocalLoadBalancing`, by instance (`UpperThreshold` …), thousandths of what the station says.
    public var balancing: [Int: [String: Int64]] = [:]
    public init() {}

    public static let component = "V2XChargingCtrlr"
    /// Every station that does V2X knows these, named or not (Q01.FR.31).
    public static let alwaysKnown: Set<String> = ["ChargingOnly", "CentralSetpoint", "CentralFrequency"]
    /// Values of ``balancing`` without which a station refuses LocalLoadBalancing (Q09.FR.02).
    public static let balancingValues = ["UpperThreshold", "LowerThreshold", "UpperOffset", "LowerOffset"]

    public var isUsable: Bool { isEnabled ?? hasVehicle }

    /// `nil`: the station does not say which modes an EVSE knows.
    public func knows(mode: String, evse: Int) -> Bool? {
        if Self.alwaysKnown.contains(mode) { return isUsable || mode == "ChargingOnly" }
        guard let known = modes[evse] ?? modes[0] else { return nil }
        return known.contains(mode)
    }

    /// `nil`: the station does not say.
    public func knows(transfer: String, evse: Int) -> Bool? {
        (transfers[evse] ?? transfers[0]).map { $0.contains(transfer) }
    }

    /// What speaks against balancing the load of a building on an EVSE, as far as it is known; `nil`: nothing.
    public func balancingProblem(evse: Int) -> String? {
        guard let values = balancing[evse] ?? balancing[0] else { return nil }
        if let missing = Self.balancingValues.first(where: { values[$0] == nil }) {
            return "the station has no LocalLoadBalancing[\(missing)]"
        }
        guard let upper = values["UpperThreshold"], let lower = values["LowerThreshold"], upper > lower else {
            return "the station's UpperThreshold does not lie above its LowerThreshold"
        }
        return nil
    }

    /// A peer may name any number of EVSEs and words.
    public mutating func take(_ variable: String, instance: String?, evse: Int, value: String) {
        guard (0...Self.mostEVSEs).contains(evse) else { return }
        let words = value.split(separator: ",").prefix(16).map { word in
            String(word.drop { $0 == " " }.prefix(30)).filter { $0 != " " && $0 != ":" }
        }.filter { !$0.isEmpty }
        switch variable.lowercased() {
        case "enabled": isEnabled = (isEnabled ?? false) || value.lowercased() == "true"
        case "supportedoperationmodes": modes[evse] = words
        case "supportedenergytransfermodes": transfers[evse] = words
        case "localloadbalancing":
            guard let instance, Self.balancingValues.contains(instance) else { return }
            balancing[evse, default: [:]][instance] = Self.thousandths(value)
        default: break
        }
    }
    private static let mostEVSEs = 64

    private static func thousandths(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = Int64(parts[0]), abs(whole) < 1_000_000_000 else { return nil }
        let digits = parts.count == 2 ? String(parts[1].prefix(3)) : ""
        guard digits.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
        let part = Int64(digits + String(repeating: "0", count: 3 - digits.count)) ?? 0
        return whole * 1000 + (text.hasPrefix("-") ? -part : part)
    }
}

// For the disk, as ``VehicleDialogue/texts``.
extension V2XAbilities {
    public var texts: [String: String] {
        var texts = Texts()
        texts["enabled"] = isEnabled.map(String.init)
        if hasVehicle { texts["vehicle"] = "true" }
        for (evse, words) in modes { texts["modes.\(evse)"] = words.joined(separator: ",") }
        for (evse, words) in transfers { texts["transfers.\(evse)"] = words.joined(separator: ",") }
        for (evse, values) in balancing {
            texts["balancing.\(evse)"] = values.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(
                separator: ",")
        }
        return texts.all
    }

    public init(texts all: [String: String]) {
        let texts = Texts(all)
        isEnabled = texts["enabled"].flatMap(Bool.init)
        hasVehicle = texts["vehicle"] == "true"
        for (name, _) in texts.named("modes.") { if let evse = Int(name) { modes[evse] = texts.list("modes." + name) } }
        for (name, _) in texts.named("transfers.") {
            if let evse = Int(name) { transfers[evse] = texts.list("transfers." + name) }
        }
        for (name, _) in texts.named("balancing.") {
            guard let evse = Int(name) else { continue }
            balancing[evse] = [:]
            for item in texts.list("balancing." + name) {
                let sides = item.split(separator: ":").map(String.init)
                if sides.count == 2, let value = Int64(sides[1]) { balancing[evse]?[sides[0]] = value }
            }
        }
    }
}

public import Assets
public import Charging
import OCPPMessages
import Quantities

/// Orders about device models. What goes to a station becomes a command of it, as one that a person made by hand.
public enum DeviceOrder: Sendable {
    /// Everything that it has: FullInventory in 2.x, all keys in 1.6.
    case refresh(StationID)
    /// In 1.6 exactly one.
    case set(StationID, [VariableSetting])
    /// In 1.6 keys.
    case read(StationID, [VariableQuestion])
    case refreshMonitors(StationID)
    case setMonitors(StationID, [MonitorWish])
    case clearMonitors(StationID, [Int])
    /// `All`, `FactoryDefault`, `HardWiredOnly`.
    case monitoringBase(StationID, String)
    case monitoringLevel(StationID, Int)
    case putTemplate(DeviceTemplate)
    case removeTemplate(String)
    /// `network` and `priority` are for 2.x.
    case securityProfile(StationID, target: Int, network: NetworkProfile?, priority: String?)
    case endSecurityProfileChange(StationID)
    case customer(StationID, CustomerReference, report: Bool, clear: Bool)
    case removeCustomer(StationID, request: Int)

    /// `nil`: about none.
    public var station: StationID? {
        switch self {
        case .refresh(let id), .set(let id, _), .read(let id, _), .refreshMonitors(let id), .setMonitors(let id, _),
            .clearMonitors(let id, _), .monitoringBase(let id, _), .monitoringLevel(let id, _),
            .securityProfile(let id, _, _, _), .endSecurityProfileChange(let id), .customer(let id, _, _, _),
            .removeCustomer(let id, _):
            id
        case .putTemplate, .removeTemplate: nil
        }
    }
}

/// Why a value is not sent to a station; it says what would be right.
public enum VariableProblem: Wording {
    /// The station has told everything that it has, and this is not among it.
    case unknown(String)
    case readOnly
    case notA(DeviceVariable.Kind)
    case below(least: String)
    case above(most: String)
    case notInList(values: String)
    case tooLong(most: Int)
    case tooMany(most: Int)
    /// The same variable twice.
    case repeated(String)
    /// Its own order keeps track of it.
    case ownOrder(String)

    public enum Code: String, WordingCode {
        case unknown = "variable-unknown"
        case readOnly = "variable-read-only"
        case notA = "variable-kind"
        case below = "variable-below"
        case above = "variable-above"
        case notInList = "variable-not-in-list"
        case tooLong = "variable-too-long"
        case tooMany = "variable-too-many"
        case repeated = "variable-repeated"
        case ownOrder = "variable-own-order"

        public var english: String {
            switch self {
            case .unknown: "the station has no {name}; its last full report does not name it"
            case .readOnly: "the station says ReadOnly"
            case .notA: "the station expects {kind}"
            case .below: "the station takes {least} or more"
            case .above: "the station takes {most} at most"
            case .notInList: "the station takes one of {values}"
            case .tooLong: "at most {most} characters"
            case .tooMany: "at most {most} members"
            case .repeated: "{name} stands twice"
            case .ownOrder: "not set here: {address} sends it and keeps track of it"
            }
        }
    }
    public var code: Code {
        switch self {
        case .unknown: .unknown
        case .readOnly: .readOnly
        case .notA: .notA
        case .below: .below
        case .above: .above
        case .notInList: .notInList
        case .tooLong: .tooLong
        case .tooMany: .tooMany
        case .repeated: .repeated
        case .ownOrder: .ownOrder
        }
    }
    public var values: [String: String] {
        switch self {
        case .unknown(let name), .repeated(let name): ["name": name]
        case .readOnly: [:]
        case .notA(let kind): ["kind": kind.rawValue]
        case .below(let least): ["least": least]
        case .above(let most): ["most": most]
        case .notInList(let values): ["values": values]
        case .tooLong(let most), .tooMany(let most): ["most": String(most)]
        case .ownOrder(let address): ["address": address]
        }
    }
}

/// The picture of one station, for looking things up in it.
public struct DevicePicture: Sendable {
    private let known: [String: KnownVariable]
    /// A full report came whole, or all keys of 1.6 were read: what is not there the station does not have.
    public let isComplete: Bool

    public init(_ variables: [KnownVariable], isComplete: Bool) {
        known = Dictionary(variables.map { ($0.variable.key, $0) }) { $1 }
        self.isComplete = isComplete
    }

    public func find(_ name: VariableName, _ attribute: DeviceAttribute = .actual) -> KnownVariable? {
        known[VariableSetting(name: name, attribute: attribute, value: "").key]
    }

    /// The value of one of the standard's variables of the station as a whole.
    public func value(_ component: String, _ variable: String, instance: String? = nil) -> String? {
        find(VariableName(component: component, variable: variable, instance: instance))?.variable.value
    }

    /// `nil`: by what the station has told of it, it takes the value. A station that told nothing is not second-guessed.
    public func problem(with setting: VariableSetting) -> VariableProblem? {
        if setting.name.isStandard("SecurityCtrlr", "BasicAuthPassword")
            || setting.name.isStandard("", "AuthorizationKey")
        {
            return .ownOrder("POST /api/v1/stations/{id}/key")
        }
        if setting.value.unicodeScalars.count > DeviceVariable.longestValue {
            return .tooLong(most: DeviceVariable.longestValue)
        }
        guard let variable = find(setting.name, setting.attribute)?.variable else {
            return isComplete ? .unknown(setting.name.text) : nil
        }
        if variable.mutability == .readOnly { return .readOnly }
        switch variable.kind {
        case nil: return nil
        case .string: return length(setting.value, variable)
        case .boolean: return ["true", "false"].contains(setting.value.lowercased()) ? nil : .notA(.boolean)
        case .integer: return number(setting.value, variable, isWhole: true)
        case .decimal: return number(setting.value, variable, isWhole: false)
        case .dateTime: return Instant(setting.value) == nil ? .notA(.dateTime) : nil
        case .optionList: return members([setting.value], variable)
        case .sequenceList, .memberList:
            let list = setting.value.split(separator: ",").map { String($0) }
            if let most = variable.maxElements, list.count > most { return .tooMany(most: most) }
            return members(list, variable)
        }
    }

    private func length(_ value: String, _ variable: DeviceVariable) -> VariableProblem? {
        guard let most = variable.maxLimit.flatMap({ JSONDecimal($0)?.whole }), value.unicodeScalars.count > most
        else { return nil }
        return .tooLong(most: most)
    }

    private func number(_ value: String, _ variable: DeviceVariable, isWhole: Bool) -> VariableProblem? {
        guard let number = JSONDecimal(value), !isWhole || number.whole != nil else {
            return .notA(isWhole ? .integer : .decimal)
        }
        if let least = variable.minLimit, let bound = JSONDecimal(least), number < bound { return .below(least: least) }
        if let most = variable.maxLimit, let bound = JSONDecimal(most), bound < number { return .above(most: most) }
        return nil
    }

    private func members(_ list: [String], _ variable: DeviceVariable) -> VariableProblem? {
        guard let allowed = variable.valuesList, !allowed.isEmpty else { return nil }
        let words = Set(allowed.split(separator: ",").map { trimmed($0).lowercased() })
        return list.allSatisfy { words.contains(trimmed($0[...]).lowercased()) } ? nil : .notInList(values: allowed)
    }

}

private func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
}

/// One setting of a template on one station that does not hold, as far as anybody knows.
public struct Drift: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// The station has another value.
        case differs
        /// Set; it holds after the station's restart.
        case pending
        /// The station has not told this variable.
        case unknown
    }
    public let setting: VariableSetting
    public let state: State
    /// What the station has; `nil`: it did not say.
    public let value: String?

    /// What of a template does not hold on a station.
    public static func of(_ settings: [VariableSetting], in picture: DevicePicture) -> [Drift] {
        settings.compactMap { setting in
            guard let known = picture.find(setting.name, setting.attribute) else {
                return Drift(setting: setting, state: .unknown, value: nil)
            }
            if let pending = known.pending, same(pending, setting.value, known.variable) {
                return Drift(setting: setting, state: .pending, value: known.variable.value)
            }
            guard let value = known.variable.value else {
                return Drift(setting: setting, state: .unknown, value: nil)
            }
            return same(value, setting.value, known.variable)
                ? nil : Drift(setting: setting, state: .differs, value: value)
        }
    }

    /// `60` is `60.0`, `True` is `true`, the order of a set does not count; texts are compared as they are.
    private static func same(_ a: String, _ b: String, _ variable: DeviceVariable) -> Bool {
        if a == b { return true }
        if let x = JSONDecimal(a), let y = JSONDecimal(b) { return x == y }
        let words = ["true", "false"]
        if words.contains(a.lowercased()), words.contains(b.lowercased()) { return a.lowercased() == b.lowercased() }
        guard variable.kind == .memberList else { return false }
        func members(_ text: String) -> [String] { text.split(separator: ",").map { String(trimmed($0)) }.sorted() }
        return members(a) == members(b)
    }
}

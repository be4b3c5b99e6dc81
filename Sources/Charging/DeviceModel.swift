public import Assets
public import Quantities

// The variables of a station as it told them: in OCPP 2.x the device model (part 2 block B, appendix 3), in 1.6 the
// configuration keys (§9). Both are one picture: a key of 1.6 is a variable without a component.

/// Which variable of a station. Names compare without case (2.0.1 part 2, 4.3).
public struct VariableName: Sendable {
    /// Empty in 1.6.
    public let component: String
    public let componentInstance: String?
    public let evse: Int?
    public let connector: Int?
    public let variable: String
    public let instance: String?

    public init(
        component: String = "", componentInstance: String? = nil, evse: Int? = nil, connector: Int? = nil,
        variable: String, instance: String? = nil
    ) {
        self.component = component
        self.componentInstance = componentInstance
        self.evse = evse
        self.connector = connector
        self.variable = variable
        self.instance = instance
    }

    /// The same for each spelling: lower case, the parts apart by a character that no name has.
    public var key: String {
        [
            component.lowercased(), componentInstance?.lowercased() ?? "", evse.map(String.init) ?? "",
            connector.map(String.init) ?? "", variable.lowercased(), instance?.lowercased() ?? "",
        ].joined(separator: "\u{1F}")
    }

    /// As people write it: `EVSE#1.Power`, `OCPPCommCtrlr.MessageAttempts[TransactionEvent]`, `HeartbeatInterval`.
    public var text: String {
        var text = component
        if let componentInstance { text += "[\(componentInstance)]" }
        if let evse { text += "#\(evse)" + (connector.map { ".\($0)" } ?? "") }
        text += (text.isEmpty ? "" : ".") + variable
        if let instance { text += "[\(instance)]" }
        return text
    }

    /// - Returns: whether it is this one of the standard's, on the station as a whole.
    public func isStandard(_ component: String, _ variable: String, instance: String? = nil) -> Bool {
        evse == nil && componentInstance == nil && self.component.lowercased() == component.lowercased()
            && self.variable.lowercased() == variable.lowercased()
            && self.instance?.lowercased() == instance?.lowercased()
    }
}

extension VariableName: Hashable {
    public static func == (a: VariableName, b: VariableName) -> Bool { a.key == b.key }
    public func hash(into hasher: inout Hasher) { hasher.combine(key) }
}

/// Which value of a variable (2.0.1 `AttributeEnumType`); 1.6 has only the actual one.
public enum DeviceAttribute: String, Hashable, Sendable, CaseIterable {
    case actual = "Actual"
    case target = "Target"
    case minSet = "MinSet"
    case maxSet = "MaxSet"
}

/// What a station told of one attribute of a variable; `nil` where it said nothing. A secret has no value here.
public struct DeviceVariable: Hashable, Sendable {
    public enum Mutability: String, Hashable, Sendable, CaseIterable {
        case readOnly = "ReadOnly"
        case writeOnly = "WriteOnly"
        case readWrite = "ReadWrite"
    }
    /// 2.0.1 `DataEnumType`.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case string, decimal, integer, dateTime, boolean
        case optionList = "OptionList"
        case sequenceList = "SequenceList"
        case memberList = "MemberList"
    }

    public let name: VariableName
    public let attribute: DeviceAttribute
    public var value: String?
    public var mutability: Mutability?
    public var isPersistent: Bool?
    public var isConstant: Bool?
    public var kind: Kind?
    public var unit: String?
    /// Decimal text, exact. For texts the greatest length.
    public var minLimit: String?
    public var maxLimit: String?
    /// Of a list: how many members.
    public var maxElements: Int?
    /// Words that it takes, with commas between.
    public var valuesList: String?
    public var supportsMonitoring: Bool?

    public init(name: VariableName, attribute: DeviceAttribute = .actual, value: String? = nil) {
        self.name = name
        self.attribute = attribute
        self.value = value
    }

    /// More of one station are not kept: the ones told longest ago go.
    public static let most = 4000
    /// Longest value that 2.x allows (`AttributeValue`); what is longer is cut.
    public static let longestValue = 2500

    public var key: String { name.key + "\u{1F}" + attribute.rawValue }
}

/// An attribute in the picture of its station.
public struct KnownVariable: Hashable, Sendable {
    public enum Source: String, Hashable, Sendable, CaseIterable {
        /// A report of the station.
        case report
        /// Asked for by name, or all keys of 1.6.
        case read
        /// Set by us and accepted.
        case set
        /// Set by us, in force since the station's restart.
        case restart
    }
    public var variable: DeviceVariable
    /// Set and accepted, in force after the station's next restart.
    public var pending: String?
    /// When it was told last.
    public var at: Instant
    public var source: Source
    public init(variable: DeviceVariable, pending: String? = nil, at: Instant, source: Source) {
        self.variable = variable
        self.pending = pending
        self.at = at
        self.source = source
    }
}

/// What an answer or a report changes in the picture of a station.
public enum VariableNews: Hashable, Sendable {
    /// Everything about the attribute.
    case reported(DeviceVariable)
    /// Its value, in 1.6 also whether it may be changed; characteristics stay as they are known.
    case read(VariableName, DeviceAttribute, value: String?, mutability: DeviceVariable.Mutability?)
    /// Set by us and accepted.
    case set(VariableName, DeviceAttribute, value: String?, afterRestart: Bool)
    /// The station says that it has no such variable, or no such attribute of it.
    case gone(VariableName, DeviceAttribute)
}

/// A report in parts (NotifyReport, NotifyMonitoringReport): what was asked, and what of it has come.
public struct DeviceReport: Hashable, Sendable {
    public enum Scope: String, Hashable, Sendable, CaseIterable {
        /// Everything that the station has: what is not in it, it no longer has.
        case full = "FullInventory"
        case configuration = "ConfigurationInventory"
        case summary = "SummaryInventory"
        /// Some components, some variables, some monitors.
        case selection
        /// All monitors.
        case monitors
        /// Nobody here asked for it.
        case unasked
    }
    public let station: StationID
    /// Of monitors; their reports are numbered apart.
    public let isOfMonitors: Bool
    /// Number that both sides call it.
    public let request: Int
    public var scope: Scope
    public var orderedAt: Instant?
    /// When its first part came, whichever that was.
    public var firstAt: Instant?
    public var lastAt: Instant?
    public var parts = SequenceRecord()
    /// Variables, or monitors, in the parts that came.
    public var items = 0

    public init(station: StationID, isOfMonitors: Bool, request: Int, scope: Scope, orderedAt: Instant? = nil) {
        self.station = station
        self.isOfMonitors = isOfMonitors
        self.request = request
        self.scope = scope
        self.orderedAt = orderedAt
    }

    public enum State: String, Hashable, Sendable, CaseIterable {
        /// Ordered; nothing has come yet.
        case ordered
        case receiving
        case complete
        /// Parts are missing, and none has come for a while.
        case incomplete
    }
    /// A station sends its parts one after another: after this long without any it does not go on by itself.
    public static let patience: Duration = .minutes(2)

    public func state(at now: Instant) -> State {
        if parts.isComplete { return .complete }
        guard let last = lastAt ?? orderedAt else { return .incomplete }
        if now - last > Self.patience { return .incomplete }
        return firstAt == nil ? .ordered : .receiving
    }

    /// Numbers of parts that are known to be missing; the last one is not known before it has come.
    public var missing: [ClosedRange<Int>] {
        guard let first = parts.seen.first else { return [] }
        return (first.lowerBound > 0 ? [0...(first.lowerBound - 1)] : []) + parts.missing
    }

    /// - Returns: `true` when this part makes it complete.
    public mutating func take(part: Int, isLast: Bool, items count: Int, at now: Instant) -> Bool {
        let wasComplete = parts.isComplete
        if parts.take(part, part == 0 ? .started : isLast ? .ended : .updated) { items += count }
        // A single part is both.
        if part == 0, isLast { parts.take(part, .ended) }
        firstAt = firstAt ?? now
        lastAt = now
        return parts.isComplete && !wasComplete
    }
}

/// One part of a report.
public struct DeviceReportPart: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case variables([DeviceVariable])
        case monitors([DeviceMonitor])
    }
    public let request: Int
    public let number: Int
    public let isLast: Bool
    public let content: Content
    public init(request: Int, number: Int, isLast: Bool, content: Content) {
        self.request = request
        self.number = number
        self.isLast = isLast
        self.content = content
    }
}

/// A value wanted for one attribute of a variable: in an order to one station, or in a template for many.
public struct VariableSetting: Hashable, Sendable {
    public let name: VariableName
    public let attribute: DeviceAttribute
    public let value: String
    public init(name: VariableName, attribute: DeviceAttribute = .actual, value: String) {
        self.name = name
        self.attribute = attribute
        self.value = value
    }
    public var key: String { name.key + "\u{1F}" + attribute.rawValue }
}

/// One attribute of a variable that a station is asked for.
public struct VariableQuestion: Hashable, Sendable {
    public let name: VariableName
    public let attribute: DeviceAttribute
    public init(name: VariableName, attribute: DeviceAttribute = .actual) {
        self.name = name
        self.attribute = attribute
    }
    public var key: String { name.key + "\u{1F}" + attribute.rawValue }
}

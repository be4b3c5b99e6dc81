/// One thing that is wrong with one field of a payload.
///
/// What we send must have none. Of what stations send, soft ones are kept and flagged; hard ones leave the message unusable.
public struct FieldFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// From the payload's root: `csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0].limit`; empty for the payload itself.
    public internal(set) var path: String
    public let kind: Kind
    /// What would be right, or what was found; English, for people.
    public let detail: String
    /// The message cannot be used because of it.
    public internal(set) var isHard: Bool

    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A required field is absent.
        case missing
        /// The value has another JSON type than the field.
        case wrongType
        /// Text longer than the field allows.
        case tooLong
        /// A list with fewer or more elements than allowed.
        case wrongCount
        /// A word that the enumeration does not know.
        case unknownValue
        /// A number outside its bounds, or finer than the field's step.
        case outOfRange
        /// A field that the message does not have.
        case extraField
        /// `null` where the field should have been left out.
        case null
        /// The same key twice.
        case repeated
        /// A date-time that is not RFC 3339 with a zone.
        case badTimestamp
        /// A date-time before any charge point's life: the station's clock was not set yet.
        case unsetClock
        /// Fields that do not go together (OCPP's rules across fields).
        case conflict
        /// Not JSON at all.
        case notJSON
    }

    public init(path: String, kind: Kind, detail: String, isHard: Bool = false) {
        self.path = path
        self.kind = kind
        self.detail = detail
        self.isHard = isHard
    }

    public var description: String { "\(path.isEmpty ? "payload" : path): \(detail)" }

    /// The same for a Chinese reader: field, what is wrong, and the English detail.
    public var chineseDescription: String {
        let what =
            switch kind {
            case .missing: "缺少必填字段"
            case .wrongType: "类型不符"
            case .tooLong: "文本过长"
            case .wrongCount: "元素个数不符"
            case .unknownValue: "枚举中没有此值"
            case .outOfRange: "数值超出范围或精度"
            case .extraField: "报文没有此字段"
            case .null: "不允许为 null，应省略"
            case .repeated: "字段重复"
            case .badTimestamp: "时间格式不符"
            case .unsetClock: "时钟尚未校准"
            case .conflict: "字段之间相互矛盾"
            case .notJSON: "不是合法的 JSON"
            }
        return "\(path.isEmpty ? "payload" : path)：\(what)（\(detail)）"
    }
}

/// Collects faults while a message is read. Paths are put together only when there is a fault, from the inside out.
public struct FieldFaults: Sendable {
    /// A message worse than this is not described further.
    public static let limit = 32
    public private(set) var list: [FieldFault] = []
    /// Whose rules the message is read by.
    public let version: OCPPVersion
    public init(version: OCPPVersion) { self.version = version }

    mutating func add(_ path: @autoclosure () -> String, _ kind: FieldFault.Kind, _ detail: @autoclosure () -> String) {
        guard list.count < FieldFaults.limit else { return }
        list.append(FieldFault(path: path(), kind: kind, detail: detail()))
    }

    /// The message as a whole cannot be used.
    mutating func refuse(_ why: String) {
        list.append(FieldFault(path: "", kind: .conflict, detail: why, isHard: true))
    }

    /// Puts `prefix` before the paths of all faults found since `start`.
    mutating func nest(_ prefix: @autoclosure () -> String, since start: Int) {
        guard list.count > start else { return }
        let prefix = prefix()
        for i in start..<list.count {
            let path = list[i].path
            list[i].path = path.isEmpty ? prefix : path.first == "[" ? prefix + path : prefix + "." + path
        }
    }

    /// A part that cannot be used was left out of something that can: nothing since `start` stands in the way any more.
    mutating func soften(since start: Int) {
        for i in start..<list.count { list[i].isHard = false }
    }

    /// A required field has no usable value: says that it is missing, or makes the fault found in it a hard one.
    mutating func require(_ name: String, seen: Bool, since start: Int) {
        if seen, let i = list.indices.last(where: { $0 >= start && FieldFaults.concerns(list[$0].path, name) }) {
            list[i].isHard = true
        } else if list.count < FieldFaults.limit {
            list.append(FieldFault(path: name, kind: .missing, detail: "required", isHard: true))
        } else {
            list[list.count - 1] = FieldFault(path: name, kind: .missing, detail: "required", isHard: true)
        }
    }

    private static func concerns(_ path: String, _ name: String) -> Bool {
        guard path.hasPrefix(name) else { return false }
        let next = path.dropFirst(name.count).first
        return next == nil || next == "." || next == "["
    }
}

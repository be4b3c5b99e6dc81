public import Assets
public import OCPPMessages
public import Quantities

/// What is wrong with one field of an order; it says what would be right.
public enum FieldProblem: Wording {
    case bytes(ClosedRange<Int>)
    case empty
    case negative
    case range(ClosedRange<Int>, Unit)
    case phases
    /// The same id in two rows of one import.
    case repeated(String)
    case siteUnknown(SiteID)
    case stationUnknown(StationID)
    /// A payload with what is never kept (passwords, customers), where it would have to be.
    case secretToKeep
    /// So many stations were chosen.
    case stations(Int, most: Int)
    case nodeUnknown(NodeID)
    case tariffUnknown(String)
    /// A price of discharging stands where one of charging is expected, or the other way round.
    case tariffDirection(String, is: String)
    /// A token is its own parent.
    case ownParent
    /// A node would hang under itself.
    case cycle(parent: NodeID, node: NodeID)
    case past(now: Instant)
    case future(now: Instant)
    case minimumAboveEnergy
    case beyondAnyNode
    /// More may flow by a profile above the platform's own than a node leaves: positive magnitudes.
    case noRoom(NodeID, left: Power, asked: Power)
    case noExportRoom(NodeID, left: Power, asked: Power)
    /// The vehicle has no more than its driver leaves it.
    case atFloor
    /// No station that the control is for knows the function (2.1 R04.FR.01).
    case functionUnsupported(String)
    /// The token may not be used now.
    case tokenRefused
    /// A command that only a station may send.
    case stationsOwn(action: String)
    /// A protocol payload against its version's schema; `detail` is English, in the words of the schema.
    case payload(FieldFault.Kind, detail: String)
    /// A text that is final as it is.
    case worded(String)

    public enum Unit: String, Hashable, Sendable, CaseIterable {
        case none, volts, amperes
        case kilowattHours = "kWh"
    }

    public enum Code: String, WordingCode {
        case bytes, empty, negative, phases, repeated, cycle, past, future, worded
        case range
        case rangeVolts = "range-volts"
        case rangeAmperes = "range-amperes"
        case rangeKilowattHours = "range-kwh"
        case siteUnknown = "site-unknown"
        case stationUnknown = "station-unknown"
        case stations
        case secretToKeep = "secret-to-keep"
        case nodeUnknown = "node-unknown"
        case tariffUnknown = "tariff-unknown"
        case tariffDirection = "tariff-direction"
        case ownParent = "own-parent"
        case minimumAboveEnergy = "minimum-above-energy"
        case beyondAnyNode = "beyond-any-node"
        case noRoom = "no-room"
        case noExportRoom = "no-export-room"
        case atFloor = "at-floor"
        case stationsOwn = "stations-own"
        case functionUnsupported = "function-unsupported"
        case tokenRefused = "token-refused"
        case payloadMissing = "payload-missing"
        case payloadWrongType = "payload-wrong-type"
        case payloadTooLong = "payload-too-long"
        case payloadWrongCount = "payload-wrong-count"
        case payloadUnknownValue = "payload-unknown-value"
        case payloadOutOfRange = "payload-out-of-range"
        case payloadExtraField = "payload-extra-field"
        case payloadNull = "payload-null"
        case payloadRepeated = "payload-repeated"
        case payloadBadTimestamp = "payload-bad-timestamp"
        case payloadUnsetClock = "payload-unset-clock"
        case payloadConflict = "payload-conflict"
        case payloadNotJSON = "payload-not-json"
    }

    public var code: Code {
        switch self {
        case .bytes: .bytes
        case .empty: .empty
        case .negative: .negative
        case .range(_, .none): .range
        case .range(_, .volts): .rangeVolts
        case .range(_, .amperes): .rangeAmperes
        case .range(_, .kilowattHours): .rangeKilowattHours
        case .phases: .phases
        case .repeated: .repeated
        case .siteUnknown: .siteUnknown
        case .stationUnknown: .stationUnknown
        case .secretToKeep: .secretToKeep
        case .stations: .stations
        case .nodeUnknown: .nodeUnknown
        case .tariffUnknown: .tariffUnknown
        case .tariffDirection: .tariffDirection
        case .ownParent: .ownParent
        case .cycle: .cycle
        case .past: .past
        case .future: .future
        case .minimumAboveEnergy: .minimumAboveEnergy
        case .beyondAnyNode: .beyondAnyNode
        case .noRoom: .noRoom
        case .noExportRoom: .noExportRoom
        case .atFloor: .atFloor
        case .stationsOwn: .stationsOwn
        case .functionUnsupported: .functionUnsupported
        case .tokenRefused: .tokenRefused
        case .payload(let kind, _): Self.code(of: kind)
        case .worded: .worded
        }
    }

    private static func code(of kind: FieldFault.Kind) -> Code {
        switch kind {
        case .missing: .payloadMissing
        case .wrongType: .payloadWrongType
        case .tooLong: .payloadTooLong
        case .wrongCount: .payloadWrongCount
        case .unknownValue: .payloadUnknownValue
        case .outOfRange: .payloadOutOfRange
        case .extraField: .payloadExtraField
        case .null: .payloadNull
        case .repeated: .payloadRepeated
        case .badTimestamp: .payloadBadTimestamp
        case .unsetClock: .payloadUnsetClock
        case .conflict: .payloadConflict
        case .notJSON: .payloadNotJSON
        }
    }

    public var values: [String: String] {
        switch self {
        case .bytes(let range), .range(let range, _):
            ["least": String(range.lowerBound), "most": String(range.upperBound)]
        case .repeated(let id): ["id": id]
        case .siteUnknown(let id): ["site": id.value]
        case .stationUnknown(let id): ["station": id.value]
        case .stations(let count, let most): ["count": String(count), "most": String(most)]
        case .nodeUnknown(let id): ["node": id.value]
        case .noRoom(let node, let left, let asked), .noExportRoom(let node, let left, let asked):
            ["node": node.value, "left": Self.kilowatts(left), "asked": Self.kilowatts(asked)]
        case .tariffUnknown(let id): ["tariff": id]
        case .tariffDirection(let id, let direction): ["tariff": id, "direction": direction]
        case .cycle(let parent, let node): ["parent": parent.value, "node": node.value]
        case .past(let now), .future(let now): ["now": now.description]
        case .stationsOwn(let action): ["action": action]
        case .functionUnsupported(let function): ["function": function]
        case .payload(_, let detail): ["detail": detail]
        case .worded(let text): ["text": text]
        case .empty, .negative, .phases, .minimumAboveEnergy, .beyondAnyNode, .ownParent, .secretToKeep,
            .tokenRefused, .atFloor:
            [:]
        }
    }

    /// Rounded down to tenths.
    private static func kilowatts(_ power: Power) -> String { "\(power.watts / 1000).\(power.watts % 1000 / 100)" }
}

extension FieldProblem.Code {
    public var english: String {
        switch self {
        case .bytes: "{least} to {most} bytes"
        case .empty: "must not be empty"
        case .negative: "must not be negative"
        case .range: "{least} to {most}"
        case .rangeVolts: "{least} to {most} volts, line to neutral"
        case .rangeAmperes: "{least} to {most} amperes"
        case .rangeKilowattHours: "must be from {least} to {most}"
        case .phases: "1 or 3"
        case .repeated: "{id} occurs twice"
        case .stationUnknown: "there is no station {station}"
        case .secretToKeep:
            "carries a password, or names a customer, and a campaign is kept with its commands; send it to each station by itself"
        case .stations: "{count} stations are chosen; 1 to {most} are expected"
        case .siteUnknown: "there is no site {site}; create it first"
        case .nodeUnknown: "there is no node {node}; create it first"
        case .tariffUnknown: "there is no tariff {tariff}; see /api/v1/tariffs"
        case .tariffDirection: "{tariff} is a tariff for {direction}; name one for the other direction"
        case .ownParent: "a token cannot be its own parent"
        case .cycle: "{parent} lies below {node}; a tree has no cycles"
        case .past: "lies in the past; the platform's time is {now}"
        case .future: "lies in the future; the platform's time is {now}"
        case .minimumAboveEnergy: "must be from 0 to energy_kwh"
        case .beyondAnyNode: "beyond what a node can carry (10 GW)"
        case .noRoom: "up to {asked} kW would be charged, and node {node} leaves {left} kW"
        case .noExportRoom: "up to {asked} kW would be given back, and node {node} lets out {left} kW"
        case .atFloor: "the vehicle has no more than its driver leaves it"
        case .functionUnsupported: "no station that it is for supports {function} (R04.FR.01, ModesSupported)"
        case .tokenRefused: "must be a token that may charge (S02.FR.03)"
        case .stationsOwn: "only a station sends {action}"
        case .payloadMissing, .payloadWrongType, .payloadTooLong, .payloadWrongCount, .payloadUnknownValue,
            .payloadOutOfRange, .payloadExtraField, .payloadNull, .payloadRepeated, .payloadBadTimestamp,
            .payloadUnsetClock, .payloadConflict, .payloadNotJSON:
            "{detail}"
        case .worded: "{text}"
        }
    }
}

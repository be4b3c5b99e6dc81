/// The decoded identity of a charging station (OCPP: charge point), as it stands in its URL.
public struct StationID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let value: String
    public init(_ value: String) { self.value = value }
    public static func < (a: StationID, b: StationID) -> Bool { a.value < b.value }
    public var description: String { value }
}

/// One EVSE of a station, counted from 1. In OCPP 1.6 an EVSE is a connector.
public struct EVSEID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let station: StationID
    public let number: Int
    public init(_ station: StationID, _ number: Int) {
        self.station = station
        self.number = number
    }
    public static func < (a: EVSEID, b: EVSEID) -> Bool {
        a.station == b.station ? a.number < b.number : a.station < b.station
    }
    public var description: String { "\(station)/\(number)" }
}

/// A place with one operator and one tariff: a community, a depot, a public station.
public struct SiteID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let value: String
    public init(_ value: String) { self.value = value }
    public static func < (a: SiteID, b: SiteID) -> Bool { a.value < b.value }
    public var description: String { value }
}

/// A node of the grid tree: transformer, feeder, riser.
public struct NodeID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let value: String
    public init(_ value: String) { self.value = value }
    public static func < (a: NodeID, b: NodeID) -> Bool { a.value < b.value }
    public var description: String { value }
}

public import Assets
public import Quantities

/// The local authorization list that the platform keeps for a station, and what is known of the one it holds.
public struct LocalListRecord: Hashable, Sendable {
    public enum Scope: String, Hashable, Sendable, CaseIterable {
        /// The platform keeps none.
        case none
        /// All tokens that the platform knows, blocked ones too: so they are refused without a connection.
        case all
        /// Those of ``LocalListRecord/tokens``.
        case selected
    }
    /// How the last sending ended.
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
        case never, sending, sent
        /// ``LocalListRecord/word`` says why.
        case failed
        /// The station takes no lists.
        case unsupported
    }

    public let station: StationID
    public var scope = Scope.none
    /// Chosen ones; those that nobody knows any more are not in the list.
    public var tokens: [String] = []
    /// Changes of tokens go to the station by themselves.
    public var isAutomatic = false
    /// Version that the station took last from us; 0: none.
    public var version = 0
    /// Sum of the marks of the tokens that it took with it (``IdToken/listMark``); `nil`: nobody knows what it holds.
    public var mark: UInt64?
    /// How many it took.
    public var entries = 0
    /// Tokens that the station's protocol cannot carry (1.6: more than 20 characters).
    public var leftOut = 0
    /// Version that the station said it holds; −1: it has no lists (1.6), 0: an empty one.
    public var heldVersion: Int?
    public var outcome = Outcome.never
    /// The station's own word, or what was missing.
    public var word: String?
    /// Since when the outcome is as it is.
    public var at: Instant

    /// Tokens that may be chosen for one list.
    public static let mostTokens = 10_000

    public init(station: StationID, at: Instant) {
        self.station = station
        self.at = at
    }
}

/// A station's list as people see it.
public struct LocalListView: Hashable, Sendable {
    public let record: LocalListRecord
    /// Tokens that the list should hold now.
    public let wanted: Int
    /// The station holds exactly them; `nil`: nobody knows what it holds, or no list is kept.
    public let isCurrent: Bool?
    public init(record: LocalListRecord, wanted: Int, isCurrent: Bool?) {
        self.record = record
        self.wanted = wanted
        self.isCurrent = isCurrent
    }
}

/// What a caller sets of a station's list; `nil` leaves it as it is.
public struct LocalListChange: Hashable, Sendable {
    public var scope: LocalListRecord.Scope?
    public var tokens: [String]?
    public var isAutomatic: Bool?
    public init() {}
}

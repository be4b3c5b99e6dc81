public import Quantities

/// What came of a command that the station only promised to carry out: a reset, a start, a stop, a change of availability,
/// a message that was triggered, a connector that is unlocked.
public struct CommandFollowUp: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// Promised, not seen yet.
        case waiting
        /// It happened; ``CommandFollowUp/object`` says what.
        case done
        /// Long promised and not seen.
        case overdue
    }
    public let state: State
    /// What it led to: a session, or the word of what was seen (`BootNotification`, `Inoperative`, of an
    /// unlocked connector its status); `nil`: nobody told.
    public let object: String?
    public let at: Instant
    public init(_ state: State, object: String? = nil, at: Instant) {
        self.state = state
        self.object = object
        self.at = at
    }
}

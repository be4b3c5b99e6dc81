public import Assets
public import Charging
public import Quantities

/// A power that an EVSE's vehicle is told to follow, from `at` until the next point of its EVSE or the end of its session. Only
/// vehicles that are steered in both directions have them: others are told limits, which nobody need reach.
public struct SetpointPoint: Hashable, Sendable {
    public let evse: EVSEID
    public let session: Session.ID
    /// When the platform knew that the station had taken it.
    public let at: Instant
    /// Discharging below zero. `nil`: nothing is to be followed from here on.
    public let power: Power?

    public init(evse: EVSEID, session: Session.ID, at: Instant, power: Power?) {
        self.evse = evse
        self.session = session
        self.at = at
        self.power = power
    }
}

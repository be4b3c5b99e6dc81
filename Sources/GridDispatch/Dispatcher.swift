public import Assets
public import Quantities

/// Turns the plan into setpoints for one site and keeps every node below its limit, with us and without us.
public struct Dispatcher: Sendable {
    public let settings: DispatchSettings

    public init(settings: DispatchSettings = DispatchSettings()) {
        self.settings = settings
    }

    /// Call at least once a second of domain time while vehicles charge, and at ``DispatchOutput/wakeAt`` at the latest.
    public mutating func step(_ input: DispatchInput, at now: Instant) -> DispatchOutput {
        DispatchOutput(wakeAt: now + .seconds(1))
    }

    /// How a command of ``DispatchOutput/commands`` ended; also late. An unknown number is ignored.
    public mutating func settle(_ number: UInt64, _ answer: DispatchAnswer, at now: Instant) {}

    /// The station restarted: transaction profiles may be lost, default profiles persist.
    public mutating func restarted(_ station: StationID) {}

    /// After a restart of ours: a default profile that the station had confirmed. Without it the rating is reserved.
    public mutating func restore(_ evse: EVSEID, fallback: DailyProfile) {}

    /// Power that the plan must leave to EVSEs it does not plan: idle and full ones at their default profile, unreachable
    /// ones at their worst case. One value a slot of the series' shape.
    public func reserved(
        below node: NodeID, _ input: DispatchInput, planned: Set<EVSEID>, start: Instant, step: Duration, count: Int
    ) -> [Power] { [] }
}

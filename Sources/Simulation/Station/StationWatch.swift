import OCPPMessages
import Quantities

/// What a station watches by itself (2.0.1 part 2 block N). Outlives a reboot.
struct StationWatch: Sendable {
    struct Monitor: Sendable {
        let id: Int
        let name: StationConfiguration.Name
        let kind: V2.MonitorKind
        let value: JSONDecimal
        let severity: Int
        /// It has told that the threshold was passed, and not yet that this is over.
        var isRaised = false
        /// What it compares with, or told last.
        var reference: String
        /// Of a periodic one.
        var due: Instant?
        var source = Source.variable
    }
    /// Those of its own come first.
    var monitors: [Monitor] = []
    var base = V2.MonitoringBase.factoryDefault
    var nextMonitor = 1
    var nextEvent = 1
    /// Monitors of a higher severity number are silent.
    var level = 9
    /// Events that the central system has not taken yet, oldest first; so many of them are under way.
    var waiting: [V2.EventData] = []
    var inFlight = 0
    /// Deliveries of the first message that had no answer.
    var failures = 0

    /// Of those that are set.
    static let mostMonitors = 50
    static let mostWaiting = 100
    static let slots = 1...4
}

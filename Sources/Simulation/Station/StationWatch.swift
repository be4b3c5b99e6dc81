import OCPPMessages
import Quantities

/// What a station watches by itself (2.0.1 part 2 block N), and its network profiles: they outlive a reboot.
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
    /// Security profile of each network profile that was set; slot 1 is the one it was built with.
    var networks: [Int: Int] = [:]

    /// Of those that are set.
    static let mostMonitors = 50
    static let mostWaiting = 100
    static let slots = 1...4
}

extension SimulatedChargePoint {
    /// After a reboot it uses the network profile that comes first, and says so in its variables (A05.FR.05, FR.06).
    mutating func adoptNetwork() {
        guard settings.version != .v16,
            let first = Dialect201().value(of: Dialect201.priority, in: self)?
                .split(separator: ",").first.flatMap({ Int($0) }), let profile = watch.networks[first]
        else { return }
        configuration.put(Dialect201.securityProfile, "\(profile)")
        let weaker = watch.networks.filter { $0.value < profile }.map(\.key)
        for slot in weaker { watch.networks[slot] = nil }
    }
}

import Assets
import Operations
import Store
import Synchronization

/// Raises an alarm for each station that does not have the values of a template that asks for it, and ends it when it has
/// them again. The pictures lie on the disk: they are compared after what changed them has got there.
final class DriftWatch: Sendable {
    private let store: Store
    private let log: StructuredLog
    private let state = Mutex(State())

    private struct State {
        /// To be looked at; at most as many as there are stations.
        var stations: Set<StationID> = []
        /// A template changed, or we have just begun: all are looked at.
        var everyone = false
        var isBusy = false
        /// With an alarm of this run.
        var drifting: Set<StationID> = []
    }

    static let alarm = "station-drifts"

    init(store: Store, log: StructuredLog) {
        self.store = store
        self.log = log
    }

    /// What of these changes bears on templates.
    struct Touched: Sendable {
        var stations: Set<StationID> = []
        var everyone = false
        var isEmpty: Bool { stations.isEmpty && !everyone }

        mutating func add(_ change: Change) {
            guard case .device(let change) = change else {
                if case .removeStation(let id) = change { stations.insert(id) }
                return
            }
            switch change {
            case .variables(let id, _, _), .restarted(let id, _), .forgetVariables(let id, _): stations.insert(id)
            case .template, .removeTemplate: everyone = true
            default: break
            }
        }
    }

    /// The changes are on the disk.
    func look(at touched: Touched, _ loop: CoreLoop) {
        let begins = state.withLock { state in
            state.stations.formUnion(touched.stations)
            state.everyone = state.everyone || touched.everyone
            defer { state.isBusy = true }
            return !state.isBusy
        }
        if begins { Task { await work(loop) } }
    }

    private func work(_ loop: CoreLoop) async {
        while let (stations, everyone, drifting) = next() {
            guard let templates = await loop.read({ $0.allDeviceTemplates.filter(\.alarms) }) else { continue }
            let members = Set(templates.flatMap(\.stations))
            // Those that left a template have no reason for an alarm any more.
            let chosen = everyone ? members.union(drifting) : stations.intersection(members.union(drifting))
            for id in chosen.sorted() { await compare(id, templates.filter { $0.stations.contains(id) }, loop) }
        }
    }

    /// `nil`: there is nothing left to do.
    private func next() -> (stations: Set<StationID>, everyone: Bool, drifting: Set<StationID>)? {
        state.withLock { state in
            guard !state.stations.isEmpty || state.everyone else {
                state.isBusy = false
                return nil
            }
            defer { (state.stations, state.everyone) = ([], false) }
            return (state.stations, state.everyone, state.drifting)
        }
    }

    private func compare(_ id: StationID, _ templates: [DeviceTemplate], _ loop: CoreLoop) async {
        var settings = 0
        var names: [String] = []
        do {
            for template in templates {
                let keys = Set(template.settings.map(\.name.key))
                let picture = DevicePicture(try await store.deviceModel(of: id, keys: keys), isComplete: false)
                let off = Drift.of(template.settings, in: picture).count { $0.state == .differs }
                if off > 0 { names.append(template.name) }
                settings += off
            }
        } catch {
            // The next change of the station is the next try.
            return log(.error, "read-failed", [.init("fault", .string("\(error)"))])
        }
        var alarm = ShellCondition(
            code: Self.alarm, object: id.value, priority: .medium,
            values: ["settings": String(settings), "templates": names.prefix(5).joined(separator: ", ")])
        alarm.station = id
        loop.post(.condition(alarm, holds: settings > 0))
        state.withLock { state in
            if settings > 0 { state.drifting.insert(id) } else { state.drifting.remove(id) }
        }
    }
}

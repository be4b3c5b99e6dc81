import Assets
import Charging
import GridDispatch
import OCPP
import OCPPMessages
import Operations
import Quantities
import Rulebook
import Scheduling

// Connections that delay, keep their order, and are cut.
extension World {
    func index(of station: StationID) -> Int? { script.stations.firstIndex { $0.identity == station.value } }
    func stationID(_ i: Int) -> StationID { StationID(script.stations[i].identity) }

    func latency() -> Duration {
        random.unit() < 0.03
            ? .milliseconds(Int64.random(in: 500...4_000, using: &random))
            : .milliseconds(Int64.random(in: 5...120, using: &random))
    }

    func connect(_ i: Int) {
        guard core != nil, !unreachable.contains(i) else { return station(i, .disconnected) }
        let id = nextWire
        nextWire += 1
        // The newest connection of an identity wins: the gateway ends the older one.
        if let old = wireOf[i] { platformLost(old) }
        let version = script.stations[i].version
        wires[id] = Wire(
            station: i, link: StationLink(role: .centralSystem, version: version), upFrom: now, downFrom: now)
        wireOf[i] = id
        watch?.rereads[i].connected()
        give(
            .connected(
                stationID(i), connection: id, protocol: version.subprotocol,
                remoteAddress: "192.0.2.\(i + 1)"))
        station(i, .connected)
    }

    /// - Parameter halfOpen: the platform's end notices only after a while.
    func cut(_ id: Wire.ID, halfOpen: Bool) {
        guard wires[id]?.isCut == false else { return }
        wires[id]?.isCut = true
        queue.push(.stationLost(id), at: now + .milliseconds(Int64.random(in: 10...3_000, using: &random)))
        let notice: Duration = halfOpen ? .seconds(Int.random(in: 1...90, using: &random)) : .milliseconds(10)
        queue.push(.platformLost(id), at: now + notice)
    }

    func platformLost(_ id: Wire.ID) {
        guard let wire = wires[id] else { return }
        if wire.link != nil {
            link(id, .closed)
            wires[id]?.link = nil
            if wireOf[wire.station] == id { wireOf[wire.station] = nil }
            give(.disconnected(stationID(wire.station), connection: id, reason: "lost"))
        }
        forget(id)
    }

    func stationLost(_ id: Wire.ID) {
        guard let wire = wires[id], wire.stationIsUp else { return }
        wires[id]?.stationIsUp = false
        if wireOf[wire.station] == id || !wires.values.contains(where: { $0.station == wire.station && $0.stationIsUp })
        {
            station(wire.station, .disconnected)
        }
        forget(id)
    }

    func forget(_ id: Wire.ID) {
        guard let wire = wires[id], wire.link == nil else { return }
        if wireOf[wire.station] == id { wireOf[wire.station] = nil }
        if !wire.stationIsUp { wires[id] = nil }
    }

    /// The platform's end of a connection.
    func link(_ id: Wire.ID, _ event: StationLink.Event) {
        guard var link = wires[id]?.link, let i = wires[id]?.station else { return }
        var actions: [StationLink.Action] = []
        link.handle(event, at: now.milliseconds, into: &actions)
        wires[id]?.link = link
        for action in actions {
            switch action {
            case .transmit(let text):
                guard let from = wires[id]?.downFrom else { break }
                leavesPlatform(text, to: i)
                let at = max(from, now + latency())
                wires[id]?.downFrom = at
                queue.push(.toStation(id, text), at: at)
            case .deliver(let call):
                if watch == nil { readingChecker.sent(call, from: stationID(i)) }
                give(.call(stationID(i), connection: id, call))
            case .completed(let token, let outcome): give(.completed(stationID(i), token: token, outcome, late: false))
            case .lateAnswer(let token, _, let outcome):
                give(.completed(stationID(i), token: token, outcome, late: true))
            case .wake(let at): queue.push(.linkWake(id), at: Instant(milliseconds: at))
            case .close: cut(id, halfOpen: false)
            case .note(let note): give(.note(stationID(i), text: note.text, problem: note.detail))
            }
        }
    }
}

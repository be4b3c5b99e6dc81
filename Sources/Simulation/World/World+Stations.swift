import Assets
import Charging
import GridDispatch
import OCPP
import OCPPMessages
import Operations
import Quantities
import Rulebook
import Scheduling

// Charge points, their drivers and vehicles.
extension World {
    func station(_ i: Int, _ event: SimulatedChargePoint.Event) {
        carryOut(stations[i].handle(event, at: now), i)
    }

    func carryOut(_ actions: [SimulatedChargePoint.Action], _ i: Int) {
        for action in actions {
            switch action {
            case .wake(let at): queue.push(.stationWake(i), at: at)
            case .connect: queue.push(.connect(i), at: now + .milliseconds(Int64.random(in: 20...400, using: &random)))
            // No network but OCPP's: everything is there and taken.
            case .fetch(let number, _): station(i, .fetched(number, isWhole: true))
            case .bring(let number, _, _): station(i, .brought(number, isTaken: true))
            // Nor does anybody sign certificates there.
            case .makeRequest(let number, _, _): station(i, .requestMade(number, request: nil))
            case .judge(let judgement): station(i, .judged(key: judgement.key, fault: "nobody can judge it"))
            case .keep: break
            case .disconnect: if let id = currentWire(i) { cut(id, halfOpen: false) }
            case .transmit(let text):
                guard let id = currentWire(i), let from = wires[id]?.upFrom else { break }
                let at = max(from, now + latency())
                wires[id]?.upFrom = at
                queue.push(.toPlatform(id, text), at: at)
            }
        }
    }

    /// The wire that the station believes in: the newest whose end of its own is up.
    func currentWire(_ i: Int) -> Wire.ID? {
        wires.filter { $0.value.station == i && $0.value.stationIsUp }.keys.max()
    }

    func plugOut(_ s: Int) {
        let stay = script.stays[s]
        // Up to this instant: what flows in the last second counts.
        station(stay.pile, .wake)
        if let vehicle = stations[stay.pile].vehicle(connector: 1) {
            report.delivered += vehicle.received
            checkMinimum(s, received: vehicle.received)
        }
        leaves(s)
        station(stay.pile, .plugOut(connector: 1))
    }

    func stateNeeds(_ s: Int) {
        let stay = script.stays[s]
        // Whoever came before may still be the one that is known here; their session is theirs.
        guard let session = core?.stationView(stationID(stay.pile))?.evses.first?.session,
            let begun = disk.journal.sessions[session]?.startedAt, begun >= stay.arrival - .minutes(1)
        else { return }
        stated(s, stay.minimum)
        order(
            .setNeeds(
                session,
                Needs(
                    departure: stay.saysDeparture ? stay.departure : nil, energy: stay.wanted, minimum: stay.minimum,
                    chargeNow: false, statedBy: "driver", statedAt: now)))
    }
}

import Assets
import Charging
import GridDispatch
import OCPP
import OCPPMessages
import Operations
import Quantities
import Rulebook
import Scheduling

// The platform's life: the core, its disk, its planner.
extension World {
    func start() {
        run += 1
        core = Core(configuration: configuration, state: disk.journal.state, packs: packs, instance: "w\(run)")
    }

    func crash() {
        guard core != nil else { return }
        report.crashes += 1
        core = nil
        planner = Planner()
        run += 1
        disk.crash()
        durableFrom = now
        for id in wires.keys.sorted() where wires[id]?.isCut == false { cut(id, halfOpen: false) }
        for id in wires.keys { wires[id]?.link = nil }
    }

    func request() -> UInt64 {
        nextRequest += 1
        return nextRequest
    }

    func order(_ order: Order) {
        give(.order(request: request(), order, by: Actor(name: "driver", role: .manager)))
    }

    func give(_ input: Input) {
        guard core != nil else { return }
        var effects: [Effect] = []
        core?.handle(input, at: now, into: &effects)
        var changes: [Change] = []
        var waiting: [Effect] = []
        for effect in effects {
            switch effect {
            case .persist(let some): changes += some
            case .reply, .replyError, .answer: waiting.append(effect)
            case .call(let call): send(call)
            case .disconnect(let station, let connection, _, _):
                if let i = index(of: station), wireOf[i] == connection { cut(connection, halfOpen: false) }
            case .solve(let request): plan(request)
            // Nothing that happens here depends on it.
            case .measure: break
            case .wake, .publish, .pay: break
            }
        }
        guard !changes.isEmpty || !waiting.isEmpty else { return }
        let number = disk.append(changes, waiting: waiting)
        // A commit takes milliseconds, sometimes seconds; commits keep their order.
        let latency: Duration =
            random.unit() < 0.01 ? .milliseconds(2_500) : .milliseconds(Int64.random(in: 2...30, using: &random))
        durableFrom = max(durableFrom, now + latency)
        queue.push(.durable(number), at: durableFrom)
    }

    func commit(upTo number: UInt64) {
        for effect in disk.commit(upTo: number) {
            switch effect {
            case .reply(_, let connection, let id, let payload):
                link(connection, .respond(messageID: id, payload: payload))
            case .replyError(_, let connection, let id, let code, let description):
                link(
                    connection,
                    .respondError(
                        messageID: id, code: RPCErrorCode(spelling: code), description: description))
            default: break
            }
        }
    }

    func plan(_ request: PlanRequest) {
        report.plans += 1
        let outcome = planner.solve(request)
        queue.push(.planned(outcome, run: run), at: now + .milliseconds(Int64.random(in: 20...1_500, using: &random)))
    }

    func send(_ call: StationCall) {
        guard let i = index(of: call.station), let id = wireOf[i], wires[id]?.link != nil else {
            return give(.completed(call.station, token: call.token, .dropped, late: false))
        }
        link(
            id,
            .send(
                StationLink.OutgoingCall(
                    token: call.token, messageID: call.messageID, action: call.action, payload: call.payload,
                    timeoutMilliseconds: call.timeout.wholeMilliseconds)))
    }
}

import Assets
import Charging
import OCPP
import OCPPMessages
import Quantities

// A station gets another key over OCPP. What is kept of it is on the disk before the station has it, so that the station
// is let in with whichever it uses, whenever one of the two dies.
extension Core {
    mutating func send(
        key: String, stored: String, to id: StationID, _ timeout: Duration, by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[id] else { return .failure(ServiceFault(.stationUnknown(id))) }
        guard stations[s].isOnline else { return .failure(ServiceFault(.stationOffline(id))) }
        guard stations[s].lane.hasRoom else {
            return .failure(ServiceFault(.stationBusy(id, waiting: CallLane.capacity)))
        }
        guard stations[s].station.beginKeyChange(stored, at: now) else {
            return .failure(ServiceFault(.keysUndecided(id, count: Station.mostUndecidedKeys)))
        }
        let version = stations[s].version
        let (action, payload) = ProtocolAdapter.call(key: key, in: version)
        let (token, messageID) = counters.nextMessage()
        let view = CommandView(
            id: messageID, station: id, action: action,
            payload: ProtocolAdapter.withoutSecrets(request: payload, of: action, in: version), status: .pending,
            createdAt: now, by: actor.name)
        pendingCommands[view.id] = view
        persist(.station(stations[s].station))
        persist(.command(view))
        _ = stations[s].lane.push(
            CallLane.Call(
                token: token, messageID: messageID, action: action, payload: payload, timeout: timeout, rank: .command,
                purpose: .key(command: messageID, stored: stored, key: key)))
        pump(s, at: now)
        emit(.publish(.station(id)))
        return .success(.command(view))
    }

    /// An outcome without the key, should a station repeat it in its answer.
    static func concealed(_ outcome: StationLink.CallOutcome, of purpose: CallLane.Purpose) -> StationLink.CallOutcome {
        let key: String
        switch purpose {
        case .key(_, _, let secret), .webPayments(_, let secret): key = secret
        default: return outcome
        }
        guard !key.isEmpty else { return outcome }
        func concealed(_ text: String) -> String {
            String(decoding: Self.concealed(Array(text.utf8), key), as: UTF8.self)
        }
        return switch outcome {
        case .answered(let payload): .answered(payload: Self.concealed(payload, key))
        case .error(let code, let description, let details):
            .error(
                code: concealed(code), description: concealed(description), details: Self.concealed(details, key))
        case .timeout, .dropped: outcome
        }
    }

    /// `text` with stars for `key` in digits of either case.
    private static func concealed(_ text: [UInt8], _ key: String) -> [UInt8] {
        func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
        let key = key.utf8.map(lower)
        var result: [UInt8] = []
        var i = 0
        while i < text.count {
            if text.count - i >= key.count, zip(text[i...], key).allSatisfy({ lower($0) == $1 }) {
                result += V16.concealed.utf8
                i += key.count
            } else {
                result.append(text[i])
                i += 1
            }
        }
        return result
    }

    mutating func settle(key stored: String, _ answer: KeyAnswer, _ s: Int, at now: Instant) {
        guard stations[s].station.settleKeyChange(stored, answer, at: now) else { return }
        persist(.station(stations[s].station))
        emit(.publish(.station(stations[s].station.id)))
    }

    mutating func came(_ id: StationID, with stored: String, at now: Instant) {
        guard let s = stationIndex[id], stations[s].station.cameWith(stored, at: now) else { return }
        persist(.station(stations[s].station))
        emit(.publish(.station(id)))
    }

    /// What was on its way when the platform ended may have arrived.
    mutating func closeLostKeys(at now: Instant) {
        for s in stations.indices {
            for change in stations[s].station.keyChanges where change.state == .sent {
                settle(key: change.stored, .unknown(word: nil), s, at: now)
            }
        }
    }
}

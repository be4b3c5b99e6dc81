import Charging
import OCPP
import Quantities

// What answered calls tell of a station. One door for all of them, so that a command which a person made by hand leaves
// the platform no less informed than one of its own.
extension Core {
    mutating func learn(from call: CallLane.Call, answer payload: [UInt8], _ s: Int, at now: Instant) {
        guard AnsweredCall.telling.contains(call.action),
            let answered = AnsweredCall(
                action: call.action, request: call.payload, response: payload, in: stations[s].version),
            let fact = answered.fact
        else { return }
        switch fact {
        case .localList(let version): stations[s].localListVersion = version
        case .device(let fact): learn(fact, isWhole: answered.isWholePicture, s, at: now)
        }
    }
}

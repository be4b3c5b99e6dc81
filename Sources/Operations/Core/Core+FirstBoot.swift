import Assets
import Charging
import OCPP
import Quantities

// A station that was accepted long ago does not boot when it comes back (OCPP-J): of one that never booted with us nobody
// knows maker, model and firmware. It is asked for its BootNotification, like a person would, where it can be.
extension Core {
    /// After connecting. A station that boots by itself does it at once.
    mutating func expectBoot(_ s: Int, at now: Instant) {
        guard settings.bootPatience > .zero, stations[s].station.boot == nil,
            stations[s].bootQuestions < StationSlot.mostBootQuestions
        else { return }
        let due = now + settings.bootPatience
        stations[s].bootDue = due
        remind(at: due)
    }

    mutating func askForBoot(_ s: Int, at now: Instant) {
        guard let due = stations[s].bootDue else { return }
        guard stations[s].station.boot == nil, stations[s].isOnline, stations[s].station.registration == .accepted
        else {
            return stations[s].bootDue = nil
        }
        guard due <= now else { return remind(at: due) }
        guard stations[s].lane.hasRoom else { return remind(at: now + .seconds(1)) }
        stations[s].bootDue = nil
        stations[s].bootQuestions += 1
        let (action, payload) = ProtocolAdapter.bootQuestion(in: stations[s].version)
        _ = command(
            stations[s].station.id, action, payload, settings.callTimeout, by: .platform, at: now)
    }
}

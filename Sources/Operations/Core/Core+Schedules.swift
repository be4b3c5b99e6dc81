import Assets
import Charging
import GridDispatch
import Quantities

// Once a day each pile is asked what it reckons that it may draw (GetCompositeSchedule: OCPP 1.6 §5.7, 2.x K08).
extension Core {
    private static let compareEvery: Duration = .days(1)
    /// A difference is looked at again soon: whoever mends it wants to see it.
    private static let compareAgain: Duration = .minutes(15)
    /// Until then what is under way has settled.
    private static let compareLater: Duration = .minutes(1)
    /// Long enough for the transaction limit to end and the default profile to take over.
    private static let compared: Duration = .hours(1)

    /// Only while a transaction runs under confirmed limits: what a schedule means without one, stations read differently.
    mutating func compareSchedules(_ m: Int, _ s: Int, at now: Instant) {
        guard stations[m].commissioner.step == .done, stations[m].commissioner.test == nil, stations[m].isOnline,
            stations[m].lane.isIdle
        else { return }
        for e in stations[m].evses.indices {
            let evse = stations[m].evses[e]
            guard evse.comparisonDue.map({ now >= $0 }) ?? true,
                certainLimits(m, e, s) != nil || certainDirectives(m, e, at: now) != nil
            else { continue }
            stations[m].evses[e].comparisonDue = now + Self.compareLater
            let command = StationCommand.readSchedule(evse: evse.number, duration: Self.compared)
            _ = send(command, .comparison(evse: evse.number, command), rank: .commissioning, to: m, at: now)
            return
        }
    }

    /// In both directions, for stations of 2.1: what they are known to hold, while a profile of the transaction is among it.
    private func certainDirectives(_ m: Int, _ e: Int, at now: Instant) -> ((Instant) -> TwoWayLimit)? {
        let evse = stations[m].evses[e].number
        guard let i = stations[m].activeSession(on: evse), let directive = directives(m, evse: evse),
            // What is on its way, or had no answer, may be in the station's reckoning and is not in ours.
            stations[m].station.site.flatMap({ siteIndex[$0] }).flatMap({
                sites[$0].dispatcher.heldLimits(of: stations[m].evses[e].id)
            })?.setpoints.allSatisfy({ $0.state == .confirmed }) ?? true,
            stations[m].profiles?.picture.kept.contains(where: { one in
                one.missingSince == nil && one.profile.purpose == HeldProfile.forTransaction
                    && one.profile.transaction == stations[m].sessions[i].transactionID && !one.profile.isOver(at: now)
            }) == true
        else { return nil }
        return { at in directive(at).limits }
    }

    private func certainLimits(_ m: Int, _ e: Int, _ s: Int) -> ((Instant) -> Power)? {
        let evse = stations[m].evses[e]
        guard let i = stations[m].activeSession(on: evse.number) else { return nil }
        let ours = sites[s].dispatcher.heldLimits(of: evse.id)?.certain(for: stations[m].sessions[i].id.value)
        guard let ours, stations[m].profiles?.outside.isEmpty == false else { return ours }
        // As the standard combines them: the lowest of what we set and of what others did (2.x part 2 §3.6).
        let others = outsideLimits(of: m, evse: evse.number)
        return { at in others(at).map { min($0, ours(at)) } ?? ours(at) }
    }

    /// What the station said. A station that does not know the question is asked again tomorrow.
    mutating func compared(
        _ number: Int, _ command: StationCommand, _ answer: CommandAnswer, _ m: Int, at now: Instant
    ) {
        if case .readDefault = command {
            if case .refused = answer { defaultNotRead(number, m) }
            return
        }
        guard let e = stations[m].evse(number), let s = stations[m].station.site.flatMap({ siteIndex[$0] }) else {
            return
        }
        let reported: ReportedSchedule
        switch answer {
        case .schedule(let schedule): reported = schedule
        case .none: return
        case .refused, .accepted, .abilities, .listBounds, .listVersion:
            stations[m].evses[e].comparisonDue = now + Self.compareEvery
            return
        }
        let (form, evse) = (stations[m].limitForm, stations[m].evses[e].id)
        let asked = Interval(now, now + Self.compared)
        let rating = stations[m].station.electrical.maxPower
        let tolerance = Power(watts: Int64(form.voltage * form.phases) / 5)
        let found: ScheduleComparison?
        if let ours = certainDirectives(m, e, at: now) {
            found = ScheduleComparison(of: reported, asked: asked, with: ours, rating: rating, tolerance: tolerance)
        } else if let ours = certainLimits(m, e, s) {
            found = ScheduleComparison(of: reported, asked: asked, with: ours, rating: rating, tolerance: tolerance)
        } else {
            // What was sent meanwhile may be in it or not.
            return
        }
        guard let comparison = found else {
            stations[m].evses[e].comparisonDue = now + Self.compareEvery
            return
        }
        let isNews = stations[m].evses[e].comparison?.verdict != comparison.verdict
        let session = stations[m].activeSession(on: number).map { stations[m].sessions[$0].id }
        // What is on its way, a stop in the station's queue or a setpoint without an answer, explains one such answer: the
        // alarm waits for the second.
        let isSure = session != nil && stations[m].evses[e].allowedMoreIn == session
        stations[m].evses[e].allowedMoreIn = comparison.verdict == .allowsMore ? session : nil
        stations[m].evses[e].comparison = comparison
        switch comparison.verdict {
        case .agrees: stations[m].evses[e].comparisonDue = now + Self.compareEvery
        case .allowsMore where !isSure: stations[m].evses[e].comparisonDue = now + Self.compareLater
        default: stations[m].evses[e].comparisonDue = now + Self.compareAgain
        }
        if comparison.verdict != .allowsMore {
            endAlarm(Self.allowsMore, object: evse.description, at: now)
        } else if isSure, let worst = comparison.differences.filter(\.allowsMore).max(by: { $0.theirs < $1.theirs }) {
            raise(
                Self.allowsMore, object: evse.description, site: sites[s].site.id, priority: .high,
                values: ["ours_w": String(worst.ours.watts), "station_w": String(worst.theirs.watts)], at: now)
        }
        if isNews { emit(.publish(.station(stations[m].station.id))) }
    }
    private static let allowsMore = "schedule-allows-more"

    mutating func endScheduleAlarms(_ s: Int, at now: Instant) {
        for evse in stations[s].evses { endAlarm(Self.allowsMore, object: evse.id.description, at: now) }
    }
}

import Assets
import Charging
import OCPP
import Quantities

/// What the core holds of one station's controls of the grid code.
struct DERKeeper: Sendable {
    var picture: DERPicture
    /// A call of ours is on its way.
    var isAsking = false
    /// What the station holds is not known for sure: it tells that first.
    var mustRead = false
    var reading: Reading?
    /// Not before; `nil`: at once.
    var retryAt: Instant?
    var failures = 0
    /// Controls that it would not clear: how often it said no, and when it is asked again.
    var refusedClears: [String: (times: Int, again: Instant)] = [:]
    /// When it is looked at again; `nil`: when something happens.
    var due: Instant?
    /// Targets of orders that reached it when it was looked at last.
    var reached: Set<DERTarget> = []

    /// Reports of one question on their way. They may be faster than the answer that announces them.
    struct Reading: Sendable {
        let request: Int
        let since: Instant
        /// All that it has was asked for; `nil`: its answer has not come.
        var isWhole: Bool?
        var controls: [ReportedDERControl] = []
        var hasLast = false
    }

    mutating func failed(at now: Instant) {
        failures = min(failures + 1, 6)
        retryAt = now + .seconds(15 << failures)
    }
    mutating func succeeded() {
        failures = 0
        retryAt = nil
    }
    /// It keeps that one: it is asked again, ever more rarely, and meanwhile gets what else there is.
    mutating func wouldNotClear(_ id: String, at now: Instant) {
        let times = min((refusedClears[id]?.times ?? 0) + 1, 6)
        refusedClears = refusedClears.filter { picture[$0.key] != nil }
        refusedClears[id] = (times, now + .seconds(15 << times))
    }
}

// Controls of the grid code (2.1 block R). A utility gives them to a site, a node or a station; each station gets the ones
// that win there, one call after another, and tells at every boot what it holds. What it lacks it gets again.
extension Core {
    // MARK: - Orders

    mutating func der(_ wish: DERWish, by actor: Actor, at now: Instant) -> Result<OrderResult, ServiceFault> {
        switch wish {
        case .give(let id, let function, let priority, let span, let settings, let target, let source):
            return give(
                id: id, function, priority: priority, span, settings, target, source: source, by: actor, at: now)
        case .withdraw(let id): return withdraw(der: id, at: now)
        case .read(let id):
            guard let s = stationIndex[id] else { return .failure(ServiceFault(.stationUnknown(id))) }
            return request(.der(.read(request: nextReport())), s, settings.callTimeout, by: actor, at: now)
        }
    }

    private mutating func give(
        id: String?, _ function: DERFunction, priority: Int, _ span: Interval?, _ settings: String, _ target: DERTarget,
        source: String?, by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        func refused(_ fields: [ServiceFault.Field]) -> Result<OrderResult, ServiceFault> {
            .failure(ServiceFault(.invalid(.der), fields: fields))
        }
        switch target {
        case .site(let site): if siteIndex[site] == nil { return refused([.init(path: "site", .siteUnknown(site))]) }
        case .node(let node): if nodeIndex[node] == nil { return refused([.init(path: "node", .nodeUnknown(node))]) }
        case .station(let station):
            guard let s = stationIndex[station] else {
                return refused([.init(path: "station", .stationUnknown(station))])
            }
            if stations[s].protocolName != nil, stations[s].version != .v21 {
                return .failure(ServiceFault(.notInVersion(station, stations[s].version.subprotocol)))
            }
        }
        // Stations keep whole seconds.
        let span = span.map { span in
            let start = span.start.floored(to: .seconds(1), from: Instant(milliseconds: 0))
            return Interval(start, start + .seconds(span.duration.components.seconds))
        }
        guard derOrders.count(where: { !$0.isOver(at: now) }) < DEROrder.most else {
            return .failure(ServiceFault(.tooMany(most: DEROrder.most)))
        }
        var fields: [ServiceFault.Field] = []
        if let id {
            if id.isEmpty || id.unicodeScalars.count > DERControl.longestID {
                fields.append(.init(path: "id", .bytes(1...DERControl.longestID)))
            } else if derOrders.contains(where: { $0.control.id == id }) {
                fields.append(.init(path: "id", .repeated(id)))
            }
        }
        if !(0...Int(Int32.max)).contains(priority) {
            fields.append(.init(path: "priority", .range(0...Int(Int32.max), .none)))
        }
        if let span, span.end <= now { fields.append(.init(path: "start", .past(now: now))) }
        if settings.utf8.count > DERControl.longestSettings {
            fields.append(.init(path: "settings", .bytes(2...DERControl.longestSettings)))
        }
        guard fields.isEmpty else { return refused(fields) }
        var name = id ?? "der-\(nextReport())"
        while derOrders.contains(where: { $0.control.id == name }) { name = "der-\(nextReport())" }
        let control: DERControl
        switch ProtocolAdapter.checked(
            DERControl(id: name, function: function, priority: priority, span: span, settings: settings))
        {
        case .success(let checked): control = checked
        case .failure(let faults):
            return refused(faults.faults.map { .init(path: $0.path, .payload($0.kind, detail: $0.detail)) })
        }
        let members = stations.indices.filter { reaches(target, $0) && stations[$0].speaksDER }
        let known = members.compactMap { stations[$0].der?.picture.supported }
        if !known.isEmpty, known.count == members.count, !known.contains(where: { $0.contains(function) }) {
            // R04.FR.01: it would only be refused.
            return refused([.init(path: "type", .functionUnsupported(function.rawValue))])
        }
        let order = DEROrder(control, target: target, source: source, by: actor.name, createdAt: now)
        // Those that are over are shown for a while, not without end.
        while derOrders.count >= 2 * DEROrder.most {
            let kept = heldDERControls(at: now)
            guard let old = derOrders.firstIndex(where: { $0.isOver(at: now) && !kept.contains($0.control.id) }) else {
                return .failure(ServiceFault(.tooMany(most: 2 * DEROrder.most)))
            }
            persist(.der(.orderGone(derOrders.remove(at: old).control.id)))
        }
        derOrders.append(order)
        persist(.der(.order(order)))
        if let span { remind(at: span.end + DEROrder.shownAfterwards) }
        for s in members { steerDER(s, at: now) }
        return .success(.der(view(of: order, at: now)))
    }

    private mutating func withdraw(der id: String, at now: Instant) -> Result<OrderResult, ServiceFault> {
        guard let i = derOrders.firstIndex(where: { $0.control.id == id && $0.withdrawnAt == nil }) else {
            return .failure(ServiceFault(.derUnknown(id)))
        }
        derOrders[i].withdrawnAt = now
        persist(.der(.order(derOrders[i])))
        remind(at: now + DEROrder.shownAfterwards)
        for s in stations.indices where stations[s].der?.picture[id] != nil { steerDER(s, at: now) }
        return .success(.der(view(of: derOrders[i], at: now)))
    }

    private func reaches(_ target: DERTarget, _ s: Int) -> Bool {
        switch target {
        case .station(let id): return stations[s].station.id == id
        case .site(let id): return stations[s].station.site == id
        case .node(let id):
            guard let n = nodeIndex[id], let own = stations[s].station.node.flatMap({ nodeIndex[$0] }) else {
                return false
            }
            return pathUp(from: own).contains(n)
        }
    }

    func derTargets(at now: Instant) -> Set<DERTarget> {
        Set(derOrders.lazy.filter { !$0.isOver(at: now) }.map(\.target))
    }

    /// Those of `targets` that have it.
    private func reached(by targets: Set<DERTarget>, _ s: Int) -> Set<DERTarget> {
        guard !targets.isEmpty else { return [] }
        let station = stations[s].station
        var own: [DERTarget] = [.station(station.id)]
        if let site = station.site { own.append(.site(site)) }
        if let n = station.node.flatMap({ nodeIndex[$0] }) {
            own += pathUp(from: n).map { .node(nodes[$0].node.id) }
        }
        return targets.intersection(own)
    }

    // MARK: - What a station should have

    /// Brings it nearer to what it should have: by one call, whose answer leads to the next.
    mutating func steerDER(_ s: Int, at now: Instant) {
        guard stations[s].speaksDER else { return }
        assign(s, at: now)
        guard let keeper = stations[s].der else { return }
        if let next = keeper.picture.timeline.nextChange(after: now) { remind(der: s, at: next) }
        if let retry = keeper.retryAt, retry > now { return remind(der: s, at: retry) }
        guard stations[s].isOnline, stations[s].lastBoot ?? .accepted == .accepted, !keeper.isAsking,
            keeper.reading == nil
        else { return }
        if keeper.mustRead { return ask(.read(request: nextReport()), nil, s, at: now) }
        if let id = due(toClear: keeper.picture, s, at: now) {
            let isDefault = keeper.picture[id]?.control.isDefault ?? false
            return ask(.clear(isDefault: isDefault, id: id), id, s, at: now)
        }
        guard let next = due(toSet: keeper.picture, s, at: now) else { return }
        if let supported = keeper.picture.supported, !supported.contains(next.function) {
            return refuse(der: next.id, "NotSupported", s, at: now)
        }
        ask(.set(next), next.id, s, at: now)
    }

    /// What of the orders is its, in the order in which they came; what is over, or no longer its.
    private mutating func assign(_ s: Int, at now: Instant) {
        var picture = stations[s].der?.picture ?? DERPicture(station: stations[s].station.id)
        let mine = derOrders.filter { reaches($0.target, s) }
        let wanted = Set(mine.lazy.filter { $0.withdrawnAt == nil }.map(\.control.id))
        for i in picture.holdings.indices {
            let id = picture.holdings[i].control.id
            if !picture.holdings[i].isWithdrawn, picture.holdings[i].place != .gone, !wanted.contains(id) {
                picture.withdraw(id, at: now)
            }
            // The station forgets it by itself (R04.FR.10).
            if picture.holdings[i].control.isOver(at: now), picture.holdings[i].place != .gone,
                picture.holdings[i].place != .refused
            {
                picture.holdings[i].place = .gone
                picture.holdings[i].at = now
            }
        }
        // It left where the order holds, and is back: what was taken from it then comes anew.
        picture.holdings.removeAll { one in
            one.isWithdrawn && (one.place == .gone || one.place == .refused) && wanted.contains(one.control.id)
                && !one.control.isOver(at: now)
        }
        for order in mine where !order.isOver(at: now) && picture[order.control.id] == nil {
            picture.receive(order.control, at: now)
        }
        let known = Set(derOrders.lazy.map(\.control.id))
        picture.holdings.removeAll { one in
            (one.place == .gone || one.place == .refused) && !known.contains(one.control.id)
        }
        keep(picture, s)
        stations[s].der?.reached = Set(mine.lazy.filter { !$0.isOver(at: now) }.map(\.target))
    }

    /// Held, and no longer wanted. The one that takes its place must be there first: a refusal leaves the old one.
    private mutating func due(toClear picture: DERPicture, _ s: Int, at now: Instant) -> String? {
        for one in picture.holdings where one.place == .held || one.place == .sent {
            if !one.isWithdrawn {
                guard one.entry.isSuperseded(at: now) else { continue }
                let heir = one.entry.supersededBy.flatMap { picture[$0] }
                if let heir, heir.place == .waiting || heir.place == .sent { continue }
            }
            guard let again = stations[s].der?.refusedClears[one.control.id]?.again, again > now else {
                return one.control.id
            }
            remind(der: s, at: again)
        }
        return nil
    }

    /// The next control that may go. A station lets everything of less priority that has not begun give way, and what comes
    /// behind something higher is lost at once (R04.FR.06, FR.08): what meets none of them waits for its turn.
    private mutating func due(toSet picture: DERPicture, _ s: Int, at now: Instant) -> DERControl? {
        let wanted = picture.holdings.filter {
            !$0.isWithdrawn && $0.place != .refused && $0.place != .gone && !$0.entry.isSuperseded(at: now)
                && !$0.control.isOver(at: now)
        }
        for one in wanted where one.place == .waiting {
            let turn = wanted.compactMap { Self.turn(of: one, beside: $0, at: now) }.max()
            guard let turn, turn > now else { return one.control }
            remind(der: s, at: turn)
        }
        return nil
    }

    /// Until when it must wait because of another one that is at the station, or that goes there first; `nil`: it need not.
    private static func turn(of one: DERHolding, beside other: DERHolding, at now: Instant) -> Instant? {
        guard other.control.id != one.control.id, other.control.function == one.control.function,
            let span = other.control.span, let own = one.control.span, other.place != .waiting || span.start < own.start
        else { return nil }
        if other.control.priority > one.control.priority { return span.start > now ? span.start : nil }
        if other.control.priority < one.control.priority { return other.entry.span?.end }
        return nil
    }

    private mutating func ask(_ request: DERRequest, _ id: String?, _ s: Int, at now: Instant) {
        guard let (action, payload) = ProtocolAdapter.call(.der(request), in: stations[s].version) else { return }
        let (token, messageID) = counters.nextMessage()
        let call = CallLane.Call(
            token: token, messageID: messageID, action: action, payload: payload, timeout: settings.callTimeout,
            rank: .setpoint, purpose: .der(control: id))
        guard stations[s].lane.push(call) else {
            stations[s].der?.failed(at: now)
            return remind(der: s, at: stations[s].der?.retryAt ?? now)
        }
        stations[s].der?.isAsking = true
        if case .read(let number) = request {
            stations[s].der?.reading = DERKeeper.Reading(request: number, since: now)
            remind(der: s, at: now + Self.derPatience)
        }
        if case .set = request, let id {
            change(der: id, s) {
                $0.place = .sent
                $0.at = now
            }
        }
        pump(s, at: now)
    }

    // MARK: - What answers say

    mutating func learn(_ fact: DERFact, _ s: Int, at now: Instant) {
        switch fact {
        case .set(let control, let isTaken, let word, let superseded):
            if isTaken {
                took(control, superseded, s, at: now)
            } else if stations[s].der?.picture[control.id]?.control == control {
                refuse(der: control.id, word, s, at: now)
            }
        case .cleared(let isDefault, let function, let id, let isGone, let word):
            guard isGone else {
                if let id, stations[s].der?.picture[id] != nil { change(der: id, s) { $0.word = word } }
                return
            }
            change(derOf: s) { picture in
                func matches(_ control: DERControl) -> Bool {
                    control.isDefault == isDefault && (function.map { $0 == control.function } ?? true)
                        && (id.map { $0 == control.id } ?? true)
                }
                picture.strangers.removeAll { matches($0.reported.control) }
                for i in picture.holdings.indices
                where matches(picture.holdings[i].control) && picture.holdings[i].place == .held {
                    let one = picture.holdings[i]
                    // Cleared by hand it is sent again: whoever wants it gone withdraws it.
                    let isWanted = !one.isWithdrawn && !one.entry.isSuperseded(at: now)
                    picture.holdings[i].place = isWanted ? .waiting : .gone
                    picture.holdings[i].at = now
                }
            }
            remind(der: s, at: now)
        case .asked(let request, let isWhole, let reading): asked(request, isWhole: isWhole, reading, s, at: now)
        }
    }

    private mutating func took(_ control: DERControl, _ superseded: [String], _ s: Int, at now: Instant) {
        change(derOf: s) { picture in
            let isOurs = picture[control.id]?.control == control
            if !isOurs {
                // Set by hand; one of ours by the same name is no longer what we gave.
                picture.strangers.removeAll { $0.reported.control.id == control.id }
                picture.put(
                    DERStranger(ReportedDERControl(control, isSuperseded: superseded.contains(control.id)), at: now))
            }
            for i in picture.holdings.indices {
                let id = picture.holdings[i].control.id
                if id == control.id, isOurs {
                    picture.holdings[i].place = .held
                    picture.holdings[i].word = nil
                    picture.holdings[i].at = now
                    picture.holdings[i].isSupersededThere = superseded.contains(id)
                } else if superseded.contains(id), picture.holdings[i].place == .held,
                    !picture.holdings[i].entry.isSuperseded(at: now)
                {
                    picture.holdings[i].isSupersededThere = true
                }
            }
        }
        // Set by hand it may change what comes next.
        remind(der: s, at: now)
    }

    private mutating func refuse(der id: String, _ word: String, _ s: Int, at now: Instant) {
        change(derOf: s) { picture in
            var timeline = DERTimeline(.overlapping, picture.holdings.map(\.entry))
            let entry = timeline[id]
            timeline.retract(id)
            picture.take(timeline)
            guard let entry, let i = picture.holdings.firstIndex(where: { $0.control.id == id }) else { return }
            picture.holdings[i].entry = entry
            picture.holdings[i].place = .refused
            picture.holdings[i].word = word
            picture.holdings[i].at = now
        }
        if stations[s].der?.isAsking == false { steerDER(s, at: now) }
    }

    /// How a call of ours ended.
    mutating func derAnswered(
        _ control: String?, _ outcome: StationLink.CallOutcome, of action: String, _ s: Int, at now: Instant
    ) {
        guard stations[s].der != nil else { return }
        stations[s].der?.isAsking = false
        switch outcome {
        case .answered:
            stations[s].der?.succeeded()
            let place = control.flatMap { stations[s].der?.picture[$0]?.place }
            // Something that we cannot read: whatever it meant, the station tells what came of it.
            if place == .sent {
                stations[s].der?.mustRead = true
                stations[s].der?.failed(at: now)
            }
            if let control, action == "ClearDERControl" {
                if place == .held {
                    stations[s].der?.wouldNotClear(control, at: now)
                } else {
                    stations[s].der?.refusedClears[control] = nil
                }
            }
        case .error(let code, _, _):
            if action == "GetDERControl" {
                // It cannot tell: what it took is what it has.
                stations[s].der?.mustRead = false
                stations[s].der?.reading = nil
                for one in stations[s].der?.picture.holdings ?? [] where one.place == .sent {
                    change(der: one.control.id, s) { $0.place = .waiting }
                }
            } else if let control, action == "SetDERControl" {
                refuse(der: control, code, s, at: now)
            } else if let control {
                change(der: control, s) { $0.word = code }
                stations[s].der?.wouldNotClear(control, at: now)
            }
        case .timeout, .dropped:
            stations[s].der?.mustRead = true
            stations[s].der?.reading = nil
            stations[s].der?.failed(at: now)
        }
        steerDER(s, at: now)
    }

    /// The call never left.
    mutating func derNotSent(_ control: String?, _ s: Int, at now: Instant) {
        stations[s].der?.isAsking = false
        stations[s].der?.reading = nil
        remind(der: s, at: now)
        guard let control, stations[s].der?.picture[control]?.place == .sent else { return }
        change(der: control, s) {
            $0.place = .waiting
            $0.at = now
        }
    }

    // MARK: - What a station holds

    private mutating func asked(
        _ request: Int, isWhole: Bool, _ reading: DERFact.DERReading, _ s: Int, at now: Instant
    ) {
        switch reading {
        case .refused:
            // It has no such thing as a report.
            stations[s].der?.mustRead = false
            stations[s].der?.reading = nil
        case .nothing:
            if isWhole { compare([], s, at: now) }
        case .reportFollows:
            gather(request, s, at: now) { $0.isWhole = isWhole }
            finishReading(s, at: now)
        }
    }

    mutating func heard(_ news: DERNews, _ s: Int, at now: Instant) {
        switch news {
        case .report(let request, let controls, let goesOn):
            gather(request, s, at: now) { reading in
                reading.controls += controls.prefix(max(0, Self.mostReported - reading.controls.count))
                reading.hasLast = !goesOn
            }
            finishReading(s, at: now)
            if stations[s].der?.isAsking == false { steerDER(s, at: now) }
        case .turn(let id, let hasStarted, let at, let superseded):
            change(derOf: s) { picture in
                for other in superseded { picture.supersede(other, by: id, at: now) }
                guard let i = picture.holdings.firstIndex(where: { $0.control.id == id }) else { return }
                if hasStarted {
                    picture.holdings[i].startedAt = at
                    picture.holdings[i].endedAt = nil
                } else {
                    picture.holdings[i].endedAt = at
                }
                // Whatever our call came to: it has it.
                if hasStarted, picture.holdings[i].place == .sent { picture.holdings[i].place = .held }
            }
            steerDER(s, at: now)
        case .alarm(let alarm): derAlarm(alarm, s, at: now)
        }
    }

    private mutating func gather(_ request: Int, _ s: Int, at now: Instant, _ change: (inout DERKeeper.Reading) -> Void)
    {
        var keeper = stations[s].der ?? DERKeeper(picture: DERPicture(station: stations[s].station.id))
        var reading =
            keeper.reading.flatMap { $0.request == request ? $0 : nil }
            ?? DERKeeper.Reading(request: request, since: now)
        change(&reading)
        keeper.reading = reading
        stations[s].der = keeper
        remind(der: s, at: reading.since + Self.derPatience)
    }

    private mutating func finishReading(_ s: Int, at now: Instant) {
        guard let reading = stations[s].der?.reading, reading.hasLast, let isWhole = reading.isWhole else { return }
        stations[s].der?.reading = nil
        if isWhole { compare(reading.controls, s, at: now) }
    }

    /// What the station holds beside what it should: what it lacks is sent again, what nobody of us gave is shown.
    private mutating func compare(_ told: [ReportedDERControl], _ s: Int, at now: Instant) {
        stations[s].der?.mustRead = false
        stations[s].der?.reading = nil
        change(derOf: s) { picture in
            picture.toldAt = now
            picture.strangers = []
            for one in told where picture[one.control.id]?.control != one.control {
                picture.put(DERStranger(one, at: now))
            }
            for i in picture.holdings.indices {
                let holding = picture.holdings[i]
                let same = told.first { $0.control == holding.control }
                switch holding.place {
                case .held, .sent:
                    picture.holdings[i].place =
                        same != nil ? .held : holding.isWithdrawn || holding.control.isOver(at: now) ? .gone : .waiting
                case .waiting, .gone:
                    if same != nil, !holding.control.isOver(at: now) { picture.holdings[i].place = .held }
                case .refused: continue
                }
                if picture.holdings[i].place != holding.place { picture.holdings[i].at = now }
                picture.holdings[i].isSupersededThere =
                    (same?.isSuperseded ?? false) && !holding.entry.isSuperseded(at: now)
            }
        }
        steerDER(s, at: now)
    }

    private static let derPatience: Duration = .minutes(1)
    private static let mostReported = 256

    // MARK: - Alarms

    static let derAlarmCode = "station-der-alarm"

    /// There is one at a time: a control that takes over leaves the alarm on, and the one before it does not end by a word of its
    /// own (R05.FR.03, FR.04).
    private mutating func derAlarm(_ alarm: DERAlarm, _ s: Int, at now: Instant) {
        let object = stations[s].station.id.value
        let known = alarms.find(AlarmBook.Key(code: Self.derAlarmCode, object: object))
        if alarm.hasEnded {
            return endAlarm(Self.derAlarmCode, object: object, at: now)
        }
        var values = ["function": alarm.function, "fault": alarm.fault ?? "", "told_at": alarm.at.description]
        if let info = alarm.info, !info.isEmpty { values["info"] = info }
        if let known {
            guard known.values["function"] != alarm.function || known.values["fault"] != values["fault"] else { return }
            endAlarm(Self.derAlarmCode, object: object, at: now)
        }
        raise(
            Self.derAlarmCode, object: object, site: stations[s].station.site, priority: .medium, values: values,
            at: now)
    }

    mutating func endDERAlarms(_ s: Int, at now: Instant) {
        endAlarm(Self.derAlarmCode, object: stations[s].station.id.value, at: now)
    }

    // MARK: - Connections, time

    /// It may have lost what it held, or been given something else.
    mutating func derBooted(_ s: Int, at now: Instant) {
        guard stations[s].speaksDER else { return }
        assign(s, at: now)
        // One that still deviates says so anew.
        endDERAlarms(s, at: now)
        guard let keeper = stations[s].der else { return }
        let isOfInterest =
            keeper.picture.holdings.contains { $0.place != .gone } || !keeper.picture.strangers.isEmpty
            || keeper.picture.supported?.isEmpty == false
        if isOfInterest { stations[s].der?.mustRead = true }
        stations[s].der?.succeeded()
        stations[s].der?.refusedClears = [:]
        remind(der: s, at: now)
    }

    mutating func derConnected(_ s: Int, at now: Instant) {
        guard stations[s].speaksDER else { return }
        stations[s].der?.isAsking = false
        stations[s].der?.reading = nil
        stations[s].der?.retryAt = nil
        stations[s].der?.refusedClears = [:]
        if stations[s].der?.picture.holdings.contains(where: { $0.place == .sent }) == true {
            stations[s].der?.mustRead = true
        }
        // After its boot message, if it has one to send.
        remind(der: s, at: now)
    }

    /// It is looked at then, at the latest.
    private mutating func remind(der s: Int, at instant: Instant) {
        if let due = stations[s].der?.due, due <= instant { return remind(at: due) }
        stations[s].der?.due = instant
        remind(at: instant)
    }

    /// Looks at it when its time has come, and when it is reached by other orders than the last time: whoever moves it to another
    /// site or node knows nothing of controls.
    mutating func tendDER(_ s: Int, _ targets: Set<DERTarget>, at now: Instant) {
        guard stations[s].speaksDER else { return }
        let due = stations[s].der?.due
        if due.map({ $0 <= now }) ?? false || reached(by: targets, s) != stations[s].der?.reached ?? [] {
            lookAtDER(s, at: now)
        } else if let due {
            remind(at: due)
        }
    }

    private mutating func lookAtDER(_ s: Int, at now: Instant) {
        stations[s].der?.due = nil
        if let reading = stations[s].der?.reading, stations[s].der?.isAsking == false,
            now - reading.since >= Self.derPatience
        {
            // Its parts do not come: it is asked anew, later.
            stations[s].der?.reading = nil
            stations[s].der?.mustRead = true
            stations[s].der?.failed(at: now)
        } else if let reading = stations[s].der?.reading {
            remind(der: s, at: max(now + .seconds(1), reading.since + Self.derPatience))
        }
        steerDER(s, at: now)
    }

    /// Orders that ended a while ago go, and with them what stations held of them.
    mutating func forgetDEROrders(at now: Instant) {
        guard !derOrders.isEmpty else { return }
        // Where stations belong changes without a word, and what is told here of later times is told to nobody else.
        remind(at: now + .minutes(1))
        var old = derOrders.filter { order in
            guard order.isOver(at: now) else { return false }
            let end = [order.withdrawnAt, order.control.span?.end].compactMap { $0 }.min() ?? now
            return now - end >= DEROrder.shownAfterwards
        }
        guard !old.isEmpty else { return }
        let kept = heldDERControls(at: now)
        old.removeAll { kept.contains($0.control.id) }
        guard !old.isEmpty else { return }
        let gone = Set(old.map(\.control.id))
        derOrders.removeAll { gone.contains($0.control.id) }
        for order in old { persist(.der(.orderGone(order.control.id))) }
        for s in stations.indices where stations[s].der != nil { assign(s, at: now) }
    }

    /// Controls that some station has. A withdrawn one is not forgotten before it was taken back there: a default would go on
    /// for ever.
    private func heldDERControls(at now: Instant) -> Set<String> {
        var ids: Set<String> = []
        for slot in stations where slot.speaksDER {
            for one in slot.der?.picture.holdings ?? [] where one.place == .held || one.place == .sent {
                if !one.control.isOver(at: now) { ids.insert(one.control.id) }
            }
        }
        return ids
    }

    // MARK: - For planning and dispatch

    /// How much one EVSE may give back then: the share of its rating that the utility left, or that the station was left by others.
    /// A positive magnitude; `nil`: no control says anything. One that the station refused counts as well: the utility meant it.
    public func mostDischarge(_ evse: EVSEID, at instant: Instant) -> Power? {
        dischargeControls(evse)?.most(at: instant)
    }

    /// The same within each of `count` slots, kW; infinite where no control says anything, empty where none does at all.
    public func dischargeCeiling(_ evse: EVSEID, from start: Instant, step: Duration, count: Int) -> [Double] {
        guard let controls = dischargeControls(evse) else { return [] }
        return (0..<count).map { slot in
            var at = start + step * slot
            var least = controls.most(at: at)
            while let next = controls.changes.first(where: { $0 > at }), next < start + step * (slot + 1) {
                at = next
                least = [least, controls.most(at: at)].compactMap { $0 }.min()
            }
            return least?.kilowatts ?? .infinity
        }
    }

    private func dischargeControls(_ evse: EVSEID) -> DischargeControls? {
        guard let s = stationIndex[evse.station], let picture = stations[s].der?.picture else { return nil }
        let entries = picture.holdings.filter { !$0.isWithdrawn && $0.control.function == .limitMaxDischarge }.map(
            \.entry)
        let strangers = picture.strangers.filter {
            !$0.reported.isSuperseded && $0.reported.control.function == .limitMaxDischarge
        }.map(\.reported.control)
        guard !entries.isEmpty || !strangers.isEmpty else { return nil }
        let electrical = stations[s].station.electrical
        return DischargeControls(
            rating: electrical.maxDischarge ?? electrical.maxPower, ours: DERTimeline(.overlapping, entries),
            strangers: strangers)
    }

    // MARK: - Keeping

    private mutating func change(derOf s: Int, _ change: (inout DERPicture) -> Void) {
        var picture = stations[s].der?.picture ?? DERPicture(station: stations[s].station.id)
        change(&picture)
        keep(picture, s)
    }

    private mutating func change(der id: String, _ s: Int, _ change: (inout DERHolding) -> Void) {
        self.change(derOf: s) { picture in
            if let i = picture.holdings.firstIndex(where: { $0.control.id == id }) { change(&picture.holdings[i]) }
        }
    }

    private mutating func keep(_ picture: DERPicture, _ s: Int) {
        guard stations[s].der?.picture ?? DERPicture(station: picture.station) != picture else { return }
        var keeper = stations[s].der ?? DERKeeper(picture: picture)
        keeper.picture = picture
        stations[s].der = keeper
        persist(.der(.station(picture)))
        emit(.publish(.station(picture.station)))
    }

    mutating func noteDERVariables(_ news: [(VariableName, String?)], _ s: Int) {
        var found: Set<DERFunction>?
        for (name, value) in news {
            if let functions = ProtocolAdapter.supportedFunctions(name, value) {
                found = (found ?? []).union(functions)
            }
        }
        guard let found else { return }
        // One EVSE of many may tell in a message of its own; what one of them knows, the station takes.
        change(derOf: s) { $0.supported = ($0.supported ?? []).union(found) }
    }

    mutating func load(_ orders: [DEROrder], _ pictures: [DERPicture]) {
        derOrders = orders.sorted { ($0.createdAt, $0.control.id) < ($1.createdAt, $1.control.id) }
        for picture in pictures {
            guard let s = stationIndex[picture.station] else { continue }
            // What the platform had sent when it ended, nobody knows the end of.
            stations[s].der = DERKeeper(picture: picture, mustRead: picture.holdings.contains { $0.place == .sent })
            remind(der: s, at: Instant(milliseconds: 0))
        }
    }

    // MARK: - Views

    private func view(of order: DEROrder, at now: Instant) -> DEROrderView {
        let all = stations.compactMap { slot -> (id: StationID, holding: DERHolding, state: DERHolding.State)? in
            guard let picture = slot.der?.picture, let holding = picture[order.control.id] else { return nil }
            return (slot.station.id, holding, picture.state(of: holding, at: now))
        }
        return DEROrderView(order, stations: all.sorted { $0.id < $1.id })
    }

    /// Newest first.
    public func allDEROrders(at now: Instant) -> [DEROrderView] { derOrders.reversed().map { view(of: $0, at: now) } }

    public func derPicture(of id: StationID) -> DERPicture? {
        stationIndex[id].map { stations[$0].der?.picture ?? DERPicture(station: id) }
    }
}

extension StationSlot {
    /// Versions before 2.1 have no controls of the grid code.
    var speaksDER: Bool { protocolName != nil && version == .v21 }
}

extension DERPicture {
    mutating func put(_ stranger: DERStranger) {
        strangers.removeAll { $0.reported.control.id == stranger.reported.control.id }
        if strangers.count < Self.mostStrangers { strangers.append(stranger) }
    }

    /// A new control among those of the station.
    mutating func receive(_ control: DERControl, at now: Instant) {
        var timeline = self.timeline
        timeline.receive(control, at: now)
        take(timeline)
        if let entry = timeline[control.id] { holdings.append(DERHolding(entry, at: now)) }
    }

    mutating func withdraw(_ id: String, at now: Instant) {
        var timeline = self.timeline
        timeline.remove(id, at: now)
        take(timeline)
        guard let i = holdings.firstIndex(where: { $0.control.id == id }) else { return }
        holdings[i].isWithdrawn = true
        if holdings[i].place == .waiting { holdings[i].place = .gone }
        holdings[i].at = now
    }

    /// The station says that `id` stands in its place.
    mutating func supersede(_ other: String, by id: String, at now: Instant) {
        var timeline = self.timeline
        timeline.supersede(other, by: id, at: now)
        take(timeline)
    }

    mutating func take(_ timeline: DERTimeline) {
        for i in holdings.indices {
            if let entry = timeline[holdings[i].control.id] { holdings[i].entry = entry }
        }
    }
}

/// What the grid code leaves one EVSE to give back.
private struct DischargeControls {
    let rating: Power
    let ours: DERTimeline
    let strangers: [DERControl]
    /// When it may become another, in order.
    let changes: [Instant]

    init(rating: Power, ours: DERTimeline, strangers: [DERControl]) {
        self.rating = rating
        self.ours = ours
        self.strangers = strangers
        let own = ours.entries.flatMap { [$0.control.span?.start, $0.control.span?.end, $0.supersededAt] }
        changes = (own + strangers.flatMap { [$0.span?.start, $0.span?.end] }).compactMap { $0 }.sorted()
    }

    func most(at instant: Instant) -> Power? {
        let shares =
            [ours.active(.limitMaxDischarge, at: instant)?.control.dischargeShare]
            + strangers.lazy.filter { $0.span?.contains(instant) ?? true }.map(\.dischargeShare)
        return shares.compactMap { $0 }.min().map { Power(watts: rating.watts * Int64($0) / 10_000) }
    }
}

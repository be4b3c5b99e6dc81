import Assets
import Charging
import OCPP
import OCPPMessages
import Quantities

// One command to many stations. A station counts as sent to before the call leaves, on the disk too: after a crash nobody
// sends it again by mistake.
extension Core {
    // MARK: - Orders

    mutating func create(
        _ plan: CampaignPlan, by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        var fields: [ServiceFault.Field] = []
        var plan = plan
        if var job = plan.job {
            job.number = counters.job
            for version in OCPPVersion.allCases {
                guard let (action, payload) = ProtocolAdapter.call(job, in: version, at: now) else { continue }
                plan.commands[version] = CampaignPlan.Command(action: action, payload: payload)
            }
            plan.job = nil
        }
        if plan.name.isEmpty || plan.name.utf8.count > 200 { fields.append(.init(path: "name", .bytes(1...200))) }
        if plan.commands.isEmpty { fields.append(.init(path: "commands", .empty)) }
        // Addresses are the exception: a station that comes back late must be told the whole one.
        for (version, command) in plan.commandList
        where !AnsweredCall.jobActions.contains(command.action) && command.shown(in: version) != command.payload {
            fields.append(.init(path: "commands.\(version.number).payload", .secretToKeep))
        }
        for id in plan.selection.stations ?? [] where stationIndex[id] == nil {
            fields.append(.init(path: "stations", .stationUnknown(id)))
        }
        if let site = plan.selection.site, siteIndex[site] == nil {
            fields.append(.init(path: "site", .siteUnknown(site)))
        }
        let chosen = fields.isEmpty ? targets(of: plan.selection) : []
        if fields.isEmpty, chosen.isEmpty || chosen.count > CampaignPlan.mostStations {
            fields.append(.init(path: "stations", .stations(chosen.count, most: CampaignPlan.mostStations)))
        }
        guard fields.isEmpty else {
            return .failure(ServiceFault(.invalid(.campaign), fields: Array(fields.prefix(100))))
        }
        guard campaigns.count < Self.mostCampaigns else {
            return .failure(ServiceFault(.tooManyCampaigns(count: Self.mostCampaigns)))
        }
        counters.job += 1
        persist(.setting(key: Counters.jobKey, value: String(counters.job)))
        let id = "C" + String(counters.campaign)
        counters.campaign += 1
        persist(.setting(key: Counters.campaignKey, value: String(counters.campaign)))
        let campaign = Campaign(id: id, plan: plan, by: actor.name, createdAt: now)
        let targets = chosen.enumerated().map { CampaignTarget(campaign: id, position: $0, station: $1, at: now) }
        let slot = CampaignSlot(campaign, targets)
        campaigns.append(slot)
        persist(.campaign(campaign))
        for target in targets { persist(.campaignTarget(target)) }
        emit(.publish(.campaign(id)))
        return .success(.campaign(slot.view))
    }
    /// That have not ended.
    static let mostCampaigns = 20

    /// In the order of the list, else of identity; each once.
    private func targets(of selection: CampaignPlan.Selection) -> [StationID] {
        var seen: Set<StationID> = []
        let candidates = selection.stations ?? stationIndex.keys.sorted()
        return candidates.filter { id in
            guard let s = stationIndex[id], seen.insert(id).inserted else { return false }
            let station = stations[s].station
            return (selection.site.map { station.site == $0 } ?? true)
                && (selection.vendor.map { station.boot?.vendor == $0 } ?? true)
                && (selection.model.map { (station.boot?.model ?? station.model) == $0 } ?? true)
                && (selection.firmware.map { station.boot?.firmware == $0 } ?? true)
        }
    }

    mutating func steer(_ id: String, _ step: Campaign.Step, at now: Instant) -> Result<OrderResult, ServiceFault> {
        guard let c = campaigns.firstIndex(where: { $0.campaign.id == id }) else {
            return .failure(ServiceFault(.campaignOver(id)))
        }
        let state = campaigns[c].campaign.state
        switch (step, state) {
        case (.start, .draft):
            campaigns[c].campaign.startedAt = now
            campaigns[c].campaign.endsAt = now + campaigns[c].campaign.plan.length
            enter(.running, c)
        case (.start, .paused): enter(.running, c)
        case (.pause, .running): enter(.paused, c)
        // Twice the same wish is no mistake.
        case (.start, .running), (.pause, .paused): break
        case (.pause, .draft): return .failure(ServiceFault(.campaignNotRunning(id)))
        case (_, .finished), (_, .cancelled): return .failure(ServiceFault(.campaignOver(id)))
        case (.cancel, _):
            for t in campaigns[c].targets.indices where campaigns[c].targets[t].state == .waiting {
                settle(c, t, .cancelled, at: now)
            }
            enter(.cancelled, c)
            campaigns[c].campaign.endedAt = now
            persist(.campaign(campaigns[c].campaign))
        }
        let view = campaigns[c].view
        advance(c, at: now)
        return .success(.campaign(view))
    }

    private mutating func enter(_ state: Campaign.State, _ c: Int) {
        campaigns[c].campaign.state = state
        persist(.campaign(campaigns[c].campaign))
        emit(.publish(.campaign(campaigns[c].campaign.id)))
    }

    // MARK: - Sending

    /// Each second: costs nothing while nothing is due.
    mutating func runCampaigns(at now: Instant) {
        for c in campaigns.indices.reversed() {
            campaigns[c].wake(at: now)
            if campaigns[c].hasWork(at: now) { advance(c, at: now) }
        }
    }

    /// A station came, or is gone: what waits for it is looked at again.
    mutating func wakeCampaigns(of id: StationID) {
        for c in campaigns.indices { campaigns[c].wake(id) }
    }

    /// Sends what may go now, and ends the campaign when nothing is left.
    private mutating func advance(_ c: Int, at now: Instant) {
        if campaigns[c].campaign.state == .running {
            if campaigns[c].isLate(at: now) {
                while let t = campaigns[c].waiting.last {
                    let target = campaigns[c].targets[t]
                    // What became of it, where it once had the command.
                    let state: CampaignTarget.State = target.word == "unknown" ? .unknown : .timeout
                    settle(c, t, target.attempts > 0 ? state : .offline, at: now)
                }
            }
            while campaigns[c].underWay < campaigns[c].campaign.plan.parallel, let t = campaigns[c].ready.first {
                switch send(c, t, at: now) {
                case .done: break
                case .later(let due): campaigns[c].sleep(t, until: due)
                case .whenItComes: campaigns[c].sleep(t, until: nil)
                }
            }
        }
        guard campaigns[c].waiting.isEmpty, campaigns[c].underWay == 0,
            campaigns[c].campaign.state == .running || campaigns[c].campaign.state == .cancelled
        else { return }
        if campaigns[c].campaign.state == .running {
            campaigns[c].campaign.endedAt = now
            enter(.finished, c)
        }
        campaigns.remove(at: c)
    }

    private enum Sending {
        /// The station waits no longer.
        case done
        case later(Instant)
        /// ``wakeCampaigns(of:)`` says when.
        case whenItComes
    }

    private mutating func send(_ c: Int, _ t: Int, at now: Instant) -> Sending {
        let target = campaigns[c].targets[t]
        guard let s = stationIndex[target.station] else {
            settle(c, t, .skipped, word: "removed", at: now)
            return .done
        }
        let plan = campaigns[c].campaign.plan
        // Whoever never connected may speak anything.
        guard stations[s].protocolName != nil else { return .whenItComes }
        guard let order = plan.command(for: stations[s].version) else {
            settle(c, t, .skipped, word: "no-command-for-version", at: now)
            return .done
        }
        if let notBefore = target.notBefore, notBefore > now { return .later(notBefore) }
        guard stations[s].isOnline else { return .whenItComes }
        guard stations[s].lane.hasRoom else { return .later(now + Self.busyStation) }
        guard let (order, file) = ownAddress(for: order, target, plan, in: stations[s].version, at: now) else {
            settle(c, t, .skipped, word: "files-off", at: now)
            return .done
        }
        let (token, messageID) = counters.nextMessage()
        let id = campaigns[c].campaign.id
        let call = CallLane.Call(
            token: token, messageID: messageID, action: order.action, payload: order.payload, timeout: plan.timeout,
            rank: .command, purpose: .campaign(command: messageID, campaign: id))
        _ = stations[s].lane.push(call)
        let view = CommandView(
            id: messageID, station: target.station, action: order.action,
            payload: ProtocolAdapter.withoutSecrets(
                request: order.payload, of: order.action, in: stations[s].version),
            status: .pending, createdAt: now, by: "campaign " + id)
        pendingCommands[view.id] = view
        persist(.command(view))
        begin(order.action, order.payload, command: messageID, file: file, s, by: view.by, at: now)
        campaigns[c].change(t) {
            $0.state = .sent
            $0.attempts += 1
            $0.command = messageID
            $0.word = nil
            $0.at = now
            $0.notBefore = nil
        }
        persist(.campaignTarget(campaigns[c].targets[t]))
        emit(.publish(.campaign(id)))
        pump(s, at: now)
        return .done
    }
    /// Its lane is full: looked at again then.
    private static let busyStation: Duration = .seconds(1)

    /// The plan's command with what only this station has: a log that names no place comes to us, under an address that is
    /// good for this station and attempt alone.
    /// - Returns: `nil`: nothing listens for stations that bring files.
    private func ownAddress(
        for command: CampaignPlan.Command, _ target: CampaignTarget, _ plan: CampaignPlan, in version: OCPPVersion,
        at now: Instant
    ) -> (command: CampaignPlan.Command, file: String?)? {
        guard var job = ProtocolAdapter.job(ordered: command.action, command.payload, in: version),
            job.kind == .log, job.location.isEmpty
        else { return (command, plan.file) }
        let seed = "campaign \(target.campaign) \(target.position) \(target.attempts)"
        let name = (job.log ?? .diagnostics).rawValue + ".log"
        guard let ticket = settings.uploadTicket?(seed, name, now + Self.uploadTime) else { return nil }
        job.location = ticket.address
        guard let (action, payload) = ProtocolAdapter.call(job, in: version, at: now) else { return nil }
        return (CampaignPlan.Command(action: action, payload: payload), ticket.file)
    }
    /// As long as the address of a single order is good.
    private static let uploadTime: Duration = .days(1)

    private mutating func settle(
        _ c: Int, _ t: Int, _ state: CampaignTarget.State, word: String? = nil, at now: Instant
    ) {
        campaigns[c].change(t) {
            $0.state = state
            $0.word = word ?? $0.word
            $0.at = now
        }
        persist(.campaignTarget(campaigns[c].targets[t]))
        emit(.publish(.campaign(campaigns[c].campaign.id)))
    }

    // MARK: - Outcomes

    /// How a campaign's command ended.
    mutating func campaignSettled(
        _ command: String, _ id: String, _ outcome: StationLink.CallOutcome?, _ s: Int, at now: Instant
    ) {
        guard let c = campaigns.firstIndex(where: { $0.campaign.id == id }),
            let t = campaigns[c].index[stations[s].station.id], campaigns[c].targets[t].command == command
        else { return }
        let state = campaigns[c].targets[t].state
        // An answer that comes late counts, unless the command went out anew since.
        guard state == .sent || state == .timeout || (state == .waiting && campaigns[c].targets[t].attempts > 0)
        else { return }
        switch outcome {
        // It never left us: as if it had not been tried.
        case nil:
            let isCancelled = campaigns[c].campaign.state == .cancelled
            campaigns[c].change(t) {
                $0.state = isCancelled ? .cancelled : .waiting
                $0.attempts -= 1
                $0.at = now
            }
            persist(.campaignTarget(campaigns[c].targets[t]))
        case .answered(let payload):
            let word = ProtocolAdapter.status(in: payload)
            // Some refusals have no word: 1.6 names no file where it brings none.
            let job = stations[s].jobs.last { $0.id == command }
            let isTaken = job?.state != .refused && (word.map { Self.isYes($0) } ?? true)
            settle(c, t, isTaken ? .accepted : .refused, word: word ?? (isTaken ? nil : job?.word), at: now)
        case .error(let code, let description, _):
            let word = description.isEmpty ? code : code + ": " + description
            settle(c, t, .error, word: String(word.prefix(300)), at: now)
        case .timeout: unanswered(c, t, .timeout, at: now)
        case .dropped: unanswered(c, t, .unknown, at: now)
        }
        advance(c, at: now)
    }

    private mutating func unanswered(_ c: Int, _ t: Int, _ state: CampaignTarget.State, at now: Instant) {
        let plan = campaigns[c].campaign.plan
        guard campaigns[c].targets[t].attempts < plan.attempts, campaigns[c].campaign.state != .cancelled else {
            return settle(c, t, state, at: now)
        }
        campaigns[c].change(t) {
            $0.state = .waiting
            $0.word = state.rawValue
            $0.at = now
            $0.notBefore = now + plan.wait
        }
        persist(.campaignTarget(campaigns[c].targets[t]))
    }

    /// Words of OCPP that say yes; everything else is a refusal.
    private static func isYes(_ word: String) -> Bool {
        ["Accepted", "AcceptedCanceled", "Scheduled", "RebootRequired", "Unlocked", "Unpublished", "Processing"]
            .contains(word)
    }

    // MARK: - After a restart

    /// What was on its way when the platform ended may have been carried out.
    mutating func closeLostCampaignCalls(at now: Instant) {
        for c in campaigns.indices.reversed() {
            for t in campaigns[c].targets.indices where campaigns[c].targets[t].state == .sent {
                unanswered(c, t, .unknown, at: now)
            }
            advance(c, at: now)
        }
    }

    // MARK: - Views

    /// Those that have not ended, newest first; all others are complete on the disk.
    public var openCampaigns: [CampaignView] { campaigns.reversed().map(\.view) }
    public func openTargets(of id: String, after: Int?, limit: Int) -> [CampaignTarget]? {
        guard let slot = campaigns.first(where: { $0.campaign.id == id }) else { return nil }
        return Array(slot.targets.dropFirst((after ?? -1) + 1).prefix(limit))
    }
    public func openCampaign(_ id: String) -> CampaignView? { campaigns.first { $0.campaign.id == id }?.view }
}

/// A campaign that has not ended.
///
///     waiting = ready ∪ asleep;   asleep ──its instant, its station comes──▶ ready ──sent──▶ under way
struct CampaignSlot: Sendable {
    var campaign: Campaign
    private(set) var targets: [CampaignTarget]
    let index: [StationID: Int]
    /// Targets that wait, by place, in order.
    private(set) var waiting: [Int]
    /// Among ``waiting``: those that may be sendable, in order.
    private(set) var ready: [Int]
    /// Others that an instant wakes, the next one last; some of them may wait no longer.
    private var sleepers: [(due: Instant, target: Int)] = []
    private(set) var underWay: Int
    private(set) var counts: [CampaignTarget.State: Int]

    init(_ campaign: Campaign, _ targets: [CampaignTarget]) {
        self.campaign = campaign
        self.targets = targets
        index = Dictionary(targets.enumerated().map { ($1.station, $0) }) { a, _ in a }
        waiting = targets.indices.filter { targets[$0].state == .waiting }
        ready = waiting
        underWay = targets.count { $0.state == .sent }
        counts = Dictionary(targets.map { ($0.state, 1) }, uniquingKeysWith: +)
    }

    mutating func change(_ t: Int, _ body: (inout CampaignTarget) -> Void) {
        let before = targets[t].state
        body(&targets[t])
        let after = targets[t].state
        guard before != after else { return }
        counts[before, default: 1] -= 1
        if counts[before] == 0 { counts[before] = nil }
        counts[after, default: 0] += 1
        if before == .sent { underWay -= 1 }
        if after == .sent { underWay += 1 }
        if before == .waiting {
            Self.remove(t, from: &waiting)
            Self.remove(t, from: &ready)
        }
        if after == .waiting {
            Self.insert(t, into: &waiting)
            Self.insert(t, into: &ready)
        }
    }

    // MARK: - What is due

    func isLate(at now: Instant) -> Bool { campaign.endsAt.map { $0 <= now } ?? false }

    /// Something can be sent or ended now.
    func hasWork(at now: Instant) -> Bool {
        guard campaign.state == .running else {
            return campaign.state == .cancelled && waiting.isEmpty && underWay == 0
        }
        return isLate(at: now) || waiting.isEmpty || (!ready.isEmpty && underWay < campaign.plan.parallel)
    }

    /// - Parameter due: `nil`: only its station's coming wakes it.
    mutating func sleep(_ t: Int, until due: Instant?) {
        Self.remove(t, from: &ready)
        guard let due else { return }
        let place = sleepers.partitioningIndex { $0.due <= due }
        sleepers.insert((due, t), at: place)
    }

    mutating func wake(at now: Instant) {
        while let last = sleepers.last, last.due <= now {
            sleepers.removeLast()
            wake(target: last.target)
        }
    }

    mutating func wake(_ station: StationID) {
        if let t = index[station] { wake(target: t) }
    }

    private mutating func wake(target t: Int) {
        if targets[t].state == .waiting { Self.insert(t, into: &ready) }
    }

    // MARK: - Lists in order

    private static func insert(_ t: Int, into list: inout [Int]) {
        let place = list.partitioningIndex { $0 >= t }
        if place == list.count || list[place] != t { list.insert(t, at: place) }
    }
    private static func remove(_ t: Int, from list: inout [Int]) {
        let place = list.partitioningIndex { $0 >= t }
        if place < list.count, list[place] == t { list.remove(at: place) }
    }

    var view: CampaignView { CampaignView(campaign: campaign, counts: counts) }
}

extension Array {
    /// The first place from which `belongs` holds; it must hold from some place on.
    fileprivate func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

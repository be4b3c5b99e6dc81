import Assets
import Charging
import OCPP
import OCPPMessages
import Quantities

// Firmware and logs: from the order to the end that the station tells (2.0.1 L, N01; 1.6 FirmwareManagement, security
// whitepaper). The order is a command like any other; that it begins a job is read from its payload.
extension Core {
    /// - Parameter file: of ours, which the order is about.
    mutating func ask(
        _ order: JobOrder, file: String?, of id: StationID, _ timeout: Duration, by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[id] else { return .failure(ServiceFault(.stationUnknown(id))) }
        guard stations[s].isOnline else { return .failure(ServiceFault(.stationOffline(id))) }
        var order = order
        order.number = counters.job
        guard let (action, payload) = ProtocolAdapter.call(order, in: stations[s].version, at: now) else {
            return .failure(ServiceFault(.notInVersion(id, stations[s].version.subprotocol)))
        }
        counters.job += 1
        persist(.setting(key: Counters.jobKey, value: String(counters.job)))
        return command(id, action, payload, timeout, file: file, by: actor, at: now)
    }

    /// A command is on its way: it may begin a job.
    mutating func begin(
        _ action: String, _ payload: [UInt8], command id: String, file: String?, _ s: Int, by name: String,
        at now: Instant
    ) {
        guard let order = ProtocolAdapter.job(ordered: action, payload, in: stations[s].version) else { return }
        let begins = max(now, order.retrieveAt ?? now, order.installAt ?? now)
        add(
            StationJob(
                id: id, station: stations[s].station.id, order: order, file: file, by: name, askedAt: now,
                dueAt: begins + (order.kind == .log ? settings.logTime : settings.firmwareTime),
                firmwareBefore: order.kind == .firmware ? stations[s].station.boot?.firmware : nil), s)
    }

    private mutating func add(_ job: StationJob, _ s: Int) {
        stations[s].jobs.append(job)
        // What has ended goes from memory first; the disk has more.
        if stations[s].jobs.count > StationSlot.mostJobs {
            let i = stations[s].jobs.firstIndex { !$0.state.isOpen } ?? 0
            stations[s].jobs.remove(at: i)
        }
        keep(job, s)
    }

    private mutating func keep(_ job: StationJob, _ s: Int) {
        persist(.job(job))
        emit(.publish(.station(job.station)))
    }

    private mutating func update(job id: String, _ s: Int, at now: Instant, _ change: (inout StationJob) -> Void) {
        guard let i = stations[s].jobs.lastIndex(where: { $0.id == id }) else { return }
        let before = stations[s].jobs[i]
        change(&stations[s].jobs[i])
        guard stations[s].jobs[i] != before else { return }
        keep(stations[s].jobs[i], s)
        alarmJobs(s, at: now)
    }

    private mutating func enter(_ state: StationJob.State, job id: String, _ s: Int, at now: Instant) {
        update(job: id, s, at: now) {
            guard $0.state != state else { return }
            $0.state = state
            $0.at = now
        }
    }

    // MARK: - The order's way

    mutating func taken(_ answer: JobAnswer, job id: String, _ s: Int, at now: Instant) {
        guard let job = stations[s].jobs.last(where: { $0.id == id }) else { return }
        update(job: id, s, at: now) {
            $0.fileName = answer.fileName ?? $0.fileName
            if let word = answer.word { $0.add(word, at: now) }
            // What it told meanwhile says more than its answer.
            if $0.state == .asked || $0.state == .unanswered { $0.state = answer.isTaken ? .accepted : .refused }
            $0.at = now
        }
        guard answer.isTaken else { return }
        // One at a time (L01.FR.24, N01.FR.12). Without a number nobody could tell two apart anyway.
        for old in stations[s].jobs
        where old.id != id && old.order.kind == job.order.kind && old.state.isOpen
            && (answer.supersedes || job.order.number == nil || old.order.number == nil)
        {
            enter(.superseded, job: old.id, s, at: now)
        }
        alarmJobs(s, at: now)
    }

    /// How the command ended that a job began with.
    mutating func jobCommandEnded(
        _ id: String, _ status: CommandView.Status, word: String?, _ s: Int, at now: Instant
    ) {
        guard let job = stations[s].jobs.last(where: { $0.id == id }), job.state == .asked else { return }
        switch status {
        case .pending: break
        // An answer that could be read has been taken by now.
        case .answered, .timeout: enter(.unanswered, job: id, s, at: now)
        case .error:
            update(job: id, s, at: now) {
                if let word { $0.add(word, at: now) }
                $0.state = .refused
            }
        case .offline:
            enter(
                word == CommandFailure.neverSent.rawValue ? .notSent : .unanswered, job: id, s, at: now)
        }
    }

    mutating func unpublished(checksum: String, _ s: Int, at now: Instant) {
        for job in stations[s].jobs
        where job.order.kind == .publication && job.order.checksum?.lowercased() == checksum.lowercased() {
            enter(.withdrawn, job: job.id, s, at: now)
        }
    }

    // MARK: - What the station tells

    mutating func told(_ news: JobNews, _ s: Int, at now: Instant) {
        // Nothing is under way: an answer to who asked (TriggerMessage), and the end of no job.
        if news.stage == .idle { return }
        let id = jobMeant(by: news, s) ?? ownJob(news, s, at: now)
        update(job: id, s, at: now) { job in
            job.add(news.word, at: now)
            switch news.stage {
            case .idle: break
            case .running: job.state = .running
            case .done: job.state = .done
            // With the file here the station has done it, whatever it thinks.
            case .failed: job.state = job.received == nil ? .failed : .done
            case .superseded: job.state = .superseded
            }
        }
    }

    /// By its number where it names one; else the newest of its kind that this may still be about.
    private func jobMeant(by news: JobNews, _ s: Int) -> String? {
        let own = stations[s].jobs.filter { $0.order.kind == news.kind }
        if let number = news.number { return own.last { $0.order.number == number }?.id }
        guard let newest = own.last(where: { $0.state != .refused && $0.state != .notSent }) else { return nil }
        switch newest.state {
        // It tries again by itself.
        case .failed: return newest.id
        // Told twice, or after a boot or the file itself had shown it.
        case .done:
            let isKnown =
                newest.word == news.word || (news.stage == .done && newest.word == "BootNotification")
                || (news.stage != .running && newest.received != nil)
            return isKnown ? newest.id : nil
        case .refused, .notSent, .superseded, .withdrawn: return nil
        case .asked, .accepted, .running, .unanswered, .overdue: return newest.id
        }
    }

    /// It began by itself, or by another's order.
    private mutating func ownJob(_ news: JobNews, _ s: Int, at now: Instant) -> String {
        var order = JobOrder(kind: news.kind, location: "")
        order.number = news.number
        let id = counters.nextMessage().messageID
        add(
            StationJob(
                id: id, station: stations[s].station.id, order: order, by: StationJob.stationItself, askedAt: now,
                state: .running, dueAt: now + (news.kind == .log ? settings.logTime : settings.firmwareTime),
                firmwareBefore: news.kind == .firmware ? stations[s].station.boot?.firmware : nil), s)
        return id
    }

    /// A boot tells which firmware runs now.
    mutating func jobsBooted(_ boot: Station.Boot, _ s: Int, at now: Instant) {
        guard let firmware = boot.firmware,
            let job = stations[s].jobs.last(where: { $0.order.kind == .firmware }), job.firmwareAfter == nil
        else { return }
        let isNew = job.firmwareBefore != nil && job.firmwareBefore != firmware
        update(job: job.id, s, at: now) {
            // Some reboot into the new firmware and never say Installed.
            if isNew, $0.state.isOpen || $0.state == .failed {
                $0.add("BootNotification", at: now)
                $0.state = .done
            }
            if isNew || $0.state == .done { $0.firmwareAfter = firmware }
        }
    }

    // MARK: - Files

    mutating func keep(_ file: StoredFile, at now: Instant) -> Result<OrderResult, ServiceFault> {
        persist(.file(file))
        guard file.kind == .log, let s = file.station.flatMap({ stationIndex[$0] }),
            let job = stations[s].jobs.last(where: { $0.file == file.id })
        else { return .success(.file(file)) }
        update(job: job.id, s, at: now) {
            $0.received = file.bytes
            // The file is what was asked for.
            if $0.state.isOpen || $0.state == .failed { $0.state = .done }
            $0.at = now
        }
        return .success(.file(file))
    }

    mutating func delete(file id: String) -> Result<OrderResult, ServiceFault> {
        persist(.removeFile(id))
        return .success(.done)
    }

    /// Which station may bring the file of this id: that of a log that was ordered with it.
    public func station(bringing file: String) -> StationID? {
        stations.first { $0.jobs.contains { $0.file == file && $0.order.kind == .log } }?.station.id
    }

    // MARK: - Time

    /// Twice a minute: what should have ended long ago.
    mutating func watchJobs(at now: Instant) {
        if let last = jobsWatchedAt, now - last < .seconds(30), now >= last { return }
        jobsWatchedAt = now
        for s in stations.indices where !stations[s].jobs.isEmpty {
            for job in stations[s].jobs where job.state.isOpen && job.state != .overdue {
                if let due = job.dueAt, due <= now { enter(.overdue, job: job.id, s, at: now) }
            }
            alarmJobs(s, at: now)
        }
    }

    /// Only new firmware is worth an alarm: without a log nothing is worse than before.
    private mutating func alarmJobs(_ s: Int, at now: Instant) {
        let id = stations[s].station.id
        let newest = stations[s].jobs.last {
            $0.order.kind == .firmware && $0.state != .refused && $0.state != .notSent
        }
        for (code, state, priority) in [
            ("station-firmware-failed", StationJob.State.failed, Alarm.Priority.high),
            ("station-firmware-overdue", .overdue, .medium),
        ] {
            guard let newest, newest.state == state else {
                endAlarm(code, object: id.value, at: now)
                continue
            }
            raise(
                code, object: id.value, site: stations[s].station.site, priority: priority,
                values: ["word": newest.word ?? "", "at": "\(newest.at)"], at: now)
        }
    }

    mutating func endJobAlarms(of id: StationID, at now: Instant) {
        for code in ["station-firmware-failed", "station-firmware-overdue"] {
            endAlarm(code, object: id.value, at: now)
        }
    }
}

extension StationJob {
    /// Who ordered what no order of ours began.
    static let stationItself = "station"
}

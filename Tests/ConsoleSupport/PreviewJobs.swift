import Assets
import Charging
import Operations
import Quantities

/// Firmware on its way, a log that came, and a campaign half done.
extension PreviewCommunity {
    static func jobs(_ state: inout FakePlatform.State) {
        let (first, second, third) = (StationID("JY-001"), StationID("JY-002"), StationID("JY-003"))
        var failed = job("j1", .firmware, first, at: evening - .hours(3))
        failed.add("Downloading", at: evening - .hours(3))
        failed.add("DownloadFailed", at: evening - .minutes(170))
        failed.state = .failed
        var log = job("j2", .log, second, at: evening - .hours(1))
        log.add("Uploaded", at: evening - .minutes(55))
        log.state = .done
        log.received = 48_211
        state.jobs = [log, failed]
        var plan = CampaignPlan(name: "Meter every minute", commands: [:])
        _ = plan.set(
            CampaignPlan.Command(
                action: "ChangeConfiguration", payload: Array(#"{"key":"MeterValueSampleInterval","value":"60"}"#.utf8)),
            forVersion: "1.6")
        let campaign = Campaign(
            id: "C1", plan: plan, by: "wang", createdAt: evening - .hours(2), state: .running,
            startedAt: evening - .hours(2), endsAt: evening + .hours(22))
        let targets = [
            CampaignTarget(
                campaign: "C1", position: 0, station: first, state: .accepted, attempts: 1, command: "c1",
                word: "Accepted", at: evening - .hours(2)),
            CampaignTarget(
                campaign: "C1", position: 1, station: second, state: .refused, attempts: 1, command: "c2",
                word: "Rejected", at: evening - .hours(2)),
            CampaignTarget(campaign: "C1", position: 2, station: third, at: evening - .hours(2)),
        ]
        state.targets["C1"] = targets
        state.campaigns = [CampaignView(campaign: campaign, counts: [.accepted: 1, .refused: 1, .waiting: 1])]
    }

    /// More of both, as a busy month leaves them.
    static func moreJobs(_ state: inout FakePlatform.State) {
        func job(
            _ number: Int, _ kind: StationJob.Kind, _ pile: Int, hours: Int, _ job: StationJob.State, _ words: [String],
            file: String? = nil
        ) -> StationJob {
            let text = String(pile)
            let at = evening - .hours(hours)
            let station = StationID("JY-" + String(repeating: "0", count: 3 - text.count) + text)
            var made = self.job("m\(number)", kind, station, at: at, file: file)
            for (index, word) in words.enumerated() { made.add(word, at: at + .minutes(4 * (index + 1))) }
            made.state = job
            if kind == .firmware, job == .done { made.firmwareAfter = "1.1.0" }
            return made
        }
        state.jobs += [
            job(1, .firmware, 10, hours: 1, .running, ["Downloading", "Downloaded"], file: image),
            job(2, .log, 10, hours: 2, .done, ["Uploading", "Uploaded"], file: brought),
            job(
                3, .firmware, 4, hours: 5, .done, ["Downloading", "Downloaded", "Installing", "Installed"], file: image),
            job(4, .firmware, 5, hours: 5, .refused, ["Rejected"], file: image),
            job(5, .log, 6, hours: 7, .overdue, ["Uploading"]), job(6, .log, 7, hours: 8, .unanswered, []),
            job(7, .firmware, 8, hours: 30, .failed, ["Downloading", "InvalidSignature"], file: image),
            job(8, .log, 9, hours: 31, .superseded, ["AcceptedCanceled"]),
            job(9, .firmware, 17, hours: 40, .notSent, [], file: image),
        ]
        state.jobs.sort { $0.askedAt > $1.askedAt }
        func campaign(
            _ id: String, _ name: String, _ command: CampaignPlan.Command, _ progress: Campaign.State,
            _ counts: [CampaignTarget.State: Int]
        ) {
            var plan = CampaignPlan(name: name, commands: [:])
            _ = plan.set(command, forVersion: "1.6")
            let at = evening - .days(id == "C902" ? 6 : 1)
            state.campaigns.append(
                CampaignView(
                    campaign: Campaign(
                        id: id, plan: plan, by: "manager", createdAt: at, state: progress,
                        startedAt: progress == .draft ? nil : at, endsAt: progress == .draft ? nil : at + .days(1),
                        endedAt: progress.isOver ? at + .hours(9) : nil), counts: counts))
            var position = 0
            for (state_, count) in counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                for _ in 0..<count {
                    let text = String(position % 120 + 1)
                    let station = StationID("JY-" + String(repeating: "0", count: 3 - text.count) + text)
                    state.targets[id, default: []].append(
                        CampaignTarget(
                            campaign: id, position: position, station: station, state: state_,
                            attempts: state_ == .offline || state_ == .waiting ? 0 : 1,
                            word: state_ == .refused
                                ? "Rejected"
                                : state_ == .error ? "FormationViolation: payload for action is not well formed" : nil,
                            at: at + .minutes(position)))
                    position += 1
                }
            }
        }
        let update = CampaignPlan.Command(
            action: "UpdateFirmware",
            payload: Array(
                #"{"location":"http://files.test/fetch/1/ac7.bin","retrieveDate":"2026-03-05T01:00:00Z"}"#.utf8))
        campaign(
            "C902", "固件 1.1.0 全站升级", update, .finished,
            [.accepted: 96, .refused: 9, .error: 2, .timeout: 4, .unknown: 1, .skipped: 3, .offline: 5])
        campaign(
            "C903", "Clear the authorization cache of every pile in the whole community at night",
            CampaignPlan.Command(action: "ClearCache", payload: Array("{}".utf8)), .draft, [.waiting: 120])
        campaign(
            "C904", "Reset", CampaignPlan.Command(action: "Reset", payload: Array(#"{"type":"Soft"}"#.utf8)),
            .cancelled,
            [.accepted: 3, .cancelled: 117])
    }

    private static let image = String(repeating: "0", count: 30) + "f1"
    private static let brought = String(repeating: "0", count: 30) + "b1"

    /// An image that is signed, one that is not, and the log that a pile brought.
    public static func fill(_ files: FakeFiles) {
        var signed = StoredFile(
            id: image, kind: .firmware, name: "ac7-s-1.1.0.bin", station: nil, bytes: 12_482_111,
            sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            md5: "098f6bcd4621d373cade4e832627b4f6", at: evening - .days(6), by: "manager")
        signed.signature = "MEUCIQ=="
        files.put(signed)
        files.put(
            StoredFile(
                id: String(repeating: "0", count: 30) + "f2", kind: .firmware,
                name: "star-charge-acs-7k-1.18.1-hotfix-metering.bin", station: nil, bytes: 884_220,
                sha256: "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
                md5: "ad0234829205b9033196ba818f7a872b", at: evening - .days(1), by: "manager"))
        files.put(
            StoredFile(
                id: brought, kind: .log, name: "diagnostics_20260311.log.gz", station: StationID("JY-010"),
                bytes: 48_211, sha256: String(repeating: "c", count: 64), md5: String(repeating: "d", count: 32),
                at: evening - .hours(2), by: "JY-010"), bytes: Array("log".utf8))
    }

    private static func job(
        _ id: String, _ kind: StationJob.Kind, _ station: StationID, at: Instant, file: String? = nil
    ) -> StationJob {
        var order = JobOrder(kind: kind, location: "http://files.test/fetch/1/pile-2.bin")
        if kind == .log { order.log = .diagnostics }
        return StationJob(
            id: id, station: station, order: order, file: file, by: "wang", askedAt: at, dueAt: at + .hours(2),
            firmwareBefore: kind == .firmware ? "1.0.0" : nil)
    }
}

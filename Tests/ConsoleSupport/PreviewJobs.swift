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

    private static func job(_ id: String, _ kind: StationJob.Kind, _ station: StationID, at: Instant) -> StationJob {
        var order = JobOrder(kind: kind, location: "http://files.test/fetch/1/pile-2.bin")
        if kind == .log { order.log = .diagnostics }
        return StationJob(
            id: id, station: station, order: order, by: "wang", askedAt: at, dueAt: at + .hours(2),
            firmwareBefore: kind == .firmware ? "1.0.0" : nil)
    }
}

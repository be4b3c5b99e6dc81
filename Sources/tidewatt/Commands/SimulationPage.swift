import Documents
import Quantities
import Simulation

/// What `tidewatt simulate` answers.
struct SimulationPage {
    let summary: FleetSummary
    let replay: SessionReplay
    let rejectedRows: Int
    let wasInterrupted: Bool

    var json: JSONValue {
        let counts = summary.counts
        return .object([
            .init("stations", .int(summary.stations)),
            .init("interrupted", .bool(wasInterrupted)),
            .init(
                "sessions",
                .object([
                    .init("replayed", .int(replay.stays)), .init("crowded_out", .int(replay.crowdedOut)),
                    .init("rejected_rows", .int(rejectedRows)), .init("started", .int(counts.transactionsStarted)),
                    .init("ended", .int(counts.transactionsEnded)), .init("refused", .int(counts.refusals)),
                    .init("undelivered_messages", .int(summary.undelivered)),
                ])),
            .init(
                "energy",
                .object([
                    .init("wanted_kwh", .number(replay.wanted.kilowattHoursText)),
                    .init("delivered_kwh", .number(summary.energy.kilowattHoursText)),
                    .init("exported_kwh", .number(summary.exported.kilowattHoursText)),
                ])),
            .init(
                "calls",
                .object([
                    .init("sent", .int(counts.callsSent)), .init("received", .int(counts.callsReceived)),
                    .init("answered_with_error", .int(counts.errors)), .init("timed_out", .int(counts.timeouts)),
                    .init("profiles_accepted", .int(counts.profilesAccepted)),
                    .init("profiles_rejected", .int(counts.profilesRejected)),
                ])),
            .init(
                "faults_injected",
                .object([
                    .init("duplicates", .int(counts.duplicates)), .init("drops", .int(counts.drops)),
                    .init("late_answers", .int(counts.lateAnswers)),
                ])),
            .init(
                "connections",
                .object([
                    .init("opened", .int(summary.connectionsOpened)), .init("lost", .int(summary.connectionsLost)),
                    .init("last_fault", .string(orNull: summary.lastFault)),
                ])),
        ])
    }

    func text(in lang: Language) -> String {
        let counts = summary.counts
        var table = TextTable([lang("Stations", "充电桩"), "\(summary.stations)"], rightAligned: [1])
        func row(_ en: String, _ zh: String, _ value: String) { table.add([lang(en, zh), value]) }
        row("Sessions replayed", "回放会话", "\(replay.stays)")
        row("  without a free station", "  无空闲桩", "\(replay.crowdedOut)")
        row("  rows rejected (no end or energy)", "  拒收行（缺结束时间或电量）", "\(rejectedRows)")
        row("Transactions started", "已启动交易", "\(counts.transactionsStarted)")
        row("Transactions ended", "已结束交易", "\(counts.transactionsEnded)")
        row("  refused", "  被拒", "\(counts.refusals)")
        row("  messages not delivered", "  未送达消息", "\(summary.undelivered)")
        row("Energy wanted, kWh", "期望电量，千瓦时", replay.wanted.kilowattHoursText)
        row("Energy delivered, kWh", "实际电量，千瓦时", summary.energy.kilowattHoursText)
        row("Energy given back, kWh", "反向放电电量，千瓦时", summary.exported.kilowattHoursText)
        row("Calls sent", "发出请求", "\(counts.callsSent)")
        row("  answered with an error", "  被错误应答", "\(counts.errors)")
        row("  without answer", "  无应答", "\(counts.timeouts)")
        row("Calls received", "收到请求", "\(counts.callsReceived)")
        row("Profiles accepted", "接受的充电曲线", "\(counts.profilesAccepted)")
        row("Profiles rejected", "拒绝的充电曲线", "\(counts.profilesRejected)")
        row(
            "Duplicates, drops, late answers", "重复、断线、迟到应答",
            "\(counts.duplicates), \(counts.drops), \(counts.lateAnswers)")
        row("Connections opened, lost", "连接建立、中断", "\(summary.connectionsOpened), \(summary.connectionsLost)")
        let fault = summary.lastFault.map { lang("Last fault: ", "最近故障：") + $0 + "\n" } ?? ""
        let end = wasInterrupted ? lang("Interrupted.\n", "已中断。\n") : ""
        return table.text + fault + end
    }
}

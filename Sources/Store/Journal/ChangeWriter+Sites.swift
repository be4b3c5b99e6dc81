import Assets
import GridDispatch
import Operations
import Quantities

extension ChangeWriter {
    /// A repeat changes nothing; another value for an instant replaces it. The quarter's mean is made anew from what
    /// stands, so it is right in either case.
    func write(_ readings: [NodeReading], node: NodeID) throws(SQLiteFailure) {
        var quarters: Set<Int64> = []
        for reading in readings {
            try statement("INSERT OR REPLACE INTO node_reading VALUES (?, ?, ?)")
                .text(node.value).int(reading.at.milliseconds).int(reading.power.watts).run()
            quarters.insert(Quarter.start(of: reading.at).milliseconds)
        }
        for quarter in quarters.sorted() {
            try statement(
                """
                INSERT OR REPLACE INTO node_quarter
                SELECT node, ?, CAST(ROUND(AVG(power)) AS INTEGER), COUNT(*) FROM node_reading
                WHERE node = ? AND at >= ? AND at < ? GROUP BY node
                """
            )
            .int(quarter).text(node.value).int(quarter).int(quarter + Quarter.length).run()
        }
    }

    func write(_ point: SitePowerPoint) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO site_power VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .text(point.site.value).int(point.at.milliseconds).int(point.measured?.watts).int(point.charging?.watts)
            .int(point.planned?.watts).int(point.limit?.watts).int(point.base?.watts).bool(point.baseIsStale)
            .text(point.level).run()
    }

    func write(_ point: SetpointPoint) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO setpoint VALUES (?, ?, ?, ?, ?)")
            .text(point.evse.station.value).int(point.evse.number).int(point.at.milliseconds)
            .text(point.session.value).int(point.power?.watts).run()
    }

    /// The plan, and for each session the newest plan's word on it: an ended session keeps the last one.
    func write(_ plan: Plan) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO plan VALUES (?, ?, ?, ?)")
            .int(plan.id.value).text(plan.site.value).int(plan.computedAt.milliseconds).blob(PlanPacking.pack(plan))
            .run()
        for stay in plan.stays {
            try statement("INSERT OR REPLACE INTO session_stay VALUES (?, ?, ?, ?, ?)")
                .text(stay.session).int(plan.id.value).int(plan.start.milliseconds).int(plan.step.wholeMilliseconds)
                .blob(PlanPacking.pack(stay, origin: plan.start)).run()
        }
    }

    func write(_ report: DayReport) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO day_report VALUES (?, ?, ?)")
            .text(report.site.value).int(Int(report.day.daysSince1970)).blob(DayReportPacking.pack(report)).run()
    }
}

/// Quarters of an hour since 1970 UTC; every zone in use has offsets of whole quarters.
enum Quarter {
    static let length: Int64 = 900_000
    static func start(of instant: Instant) -> Instant {
        instant.floored(to: .milliseconds(length), from: Instant(milliseconds: 0))
    }
}

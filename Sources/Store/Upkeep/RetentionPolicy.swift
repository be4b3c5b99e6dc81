/// How long and how much each table keeps. Age counts in domain time; the megabytes are those of the table with its
/// indexes. What is over either bound goes, oldest first.
public struct RetentionPolicy: Sendable {
    public struct Bound: Sendable {
        public var days: Int
        public var megabytes: Int
        public init(days: Int, megabytes: Int) {
            self.days = days
            self.megabytes = megabytes
        }
    }

    public var messages = Bound(days: 30, megabytes: 1024)
    public var commands = Bound(days: 90, megabytes: 256)
    /// Newest versions of day blocks: evidence for statements and indicators.
    public var readings = Bound(days: 730, megabytes: 16_384)
    /// Superseded versions of day blocks.
    public var supersededReadingDays = 400
    public var sessions = Bound(days: 1200, megabytes: 4096)
    public var nodeReadings = Bound(days: 60, megabytes: 1024)
    public var nodeQuarters = Bound(days: 800, megabytes: 256)
    public var sitePower = Bound(days: 400, megabytes: 1024)
    public var setpoints = Bound(days: 60, megabytes: 512)
    public var plans = Bound(days: 14, megabytes: 1024)
    public var alarms = Bound(days: 400, megabytes: 128)
    public var securityEvents = Bound(days: 400, megabytes: 256)
    public var reservations = Bound(days: 400, megabytes: 128)
    public var swaps = Bound(days: 400, megabytes: 128)
    public var jobs = Bound(days: 400, megabytes: 512)
    public var campaigns = Bound(days: 400, megabytes: 512)
    public var deviceEvents = Bound(days: 400, megabytes: 512)
    /// What stations told of customers: personal data that was asked for to be handed on.
    public var customers = Bound(days: 7, megabytes: 64)
    public var payments = Bound(days: 1200, megabytes: 512)
    public var audit = Bound(days: 1200, megabytes: 1024)
    public init() {}

    /// A table and how its oldest rows are found.
    struct Rule {
        let table: String
        let bound: Bound
        /// Column of age, in milliseconds unless `countsDays`.
        let age: String
        /// The key's columns.
        let key: String
        /// Which rows may go at all.
        var condition = "1"
        var countsDays = false
        /// Rows that one transaction removes: commits that wait for it wait some milliseconds, also where rows are big.
        var step = 500
    }

    /// Journals are numbered without gaps and lose rows from their old end only, so that a missing number always means a loss.
    var journals: [Rule] {
        [
            Rule(table: "message", bound: messages, age: "at", key: "seq"),
            Rule(table: "audit", bound: audit, age: "at", key: "id"),
        ]
    }

    /// In the order in which they give room: superseded versions go before those in force.
    var rules: [Rule] {
        [
            Rule(
                table: "command", bound: commands, age: "created_at", key: "number", condition: "status <> 'pending'"),
            Rule(
                table: "reading_block", bound: Bound(days: supersededReadingDays, megabytes: readings.megabytes),
                age: "superseded_at", key: "number", condition: "superseded_at IS NOT NULL", step: 50),
            // The day has an index, the last reading's instant has none.
            Rule(table: "reading_block", bound: readings, age: "day", key: "number", countsDays: true, step: 50),
            Rule(table: "session", bound: sessions, age: "started_at", key: "number", condition: "active = 0"),
            Rule(table: "plan", bound: plans, age: "computed_at", key: "id", step: 20),
            Rule(table: "alarm", bound: alarms, age: "since", key: "id", condition: "ended_at IS NOT NULL"),
            Rule(table: "security_event", bound: securityEvents, age: "received_at", key: "id"),
            Rule(
                table: "reservation", bound: reservations, age: "created_at", key: "place", condition: "open = 0"),
            Rule(table: "battery_swap", bound: swaps, age: "opened_at", key: "id", condition: "open = 0"),
            Rule(
                table: "station_job", bound: jobs, age: "asked_at", key: "position",
                condition: "state NOT IN ('asked', 'accepted', 'running')"),
            Rule(
                table: "campaign_target", bound: campaigns, age: "at", key: "campaign, position",
                condition: "campaign NOT IN (SELECT id FROM campaign WHERE state NOT IN ('finished', 'cancelled'))"),
            Rule(
                table: "campaign", bound: campaigns, age: "created_at", key: "position",
                condition: "state IN ('finished', 'cancelled')"),
            Rule(table: "payment", bound: payments, age: "created_at", key: "place", condition: "over = 1"),
            Rule(table: "device_event", bound: deviceEvents, age: "received_at", key: "id"),
            Rule(table: "customer_part", bound: customers, age: "at", key: "station, request, number"),
            Rule(table: "customer_inquiry", bound: customers, age: "ordered_at", key: "station, request"),
            Rule(table: "node_reading", bound: nodeReadings, age: "at", key: "node, at"),
            Rule(table: "node_quarter", bound: nodeQuarters, age: "at", key: "node, at"),
            Rule(table: "site_power", bound: sitePower, age: "at", key: "site, at"),
            Rule(table: "setpoint", bound: setpoints, age: "at", key: "station, evse, at"),
        ]
    }
}

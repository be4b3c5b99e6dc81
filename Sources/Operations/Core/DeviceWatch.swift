import Charging
import Quantities

/// What the core must remember of a station's device model between two messages; the picture itself is on the disk.
struct DeviceWatch: Sendable {
    /// Something was set that holds after the next restart only.
    var awaitsRestart = false
    /// Reports in parts, newest last.
    var reports: [DeviceReport] = []
    /// Severity of each known monitor: events of 2.0.1 do not say it.
    var severities: [Int: Int] = [:]
    var networks: [NetworkProfile] = []
    /// The newest; it may be over.
    var profileChange: SecurityProfileChange?
    /// Newest last.
    var inquiries: [CustomerInquiry] = []
    var pace = EventPace()
    /// Events of monitors that nobody has told us of, until the station says what they are; oldest first.
    var unjudged: [DeviceEvent] = []
    /// When the station was last asked for its monitors because of them.
    var monitorsAskedAt: Instant?

    static let mostReports = 4
    static let mostUnjudged = 20
    static let mostInquiries = 4

    mutating func keep(_ report: DeviceReport) {
        reports.removeAll { $0.request == report.request && $0.isOfMonitors == report.isOfMonitors }
        reports.append(report)
        if reports.count > Self.mostReports { reports.removeFirst() }
    }

    mutating func keep(_ inquiry: CustomerInquiry) {
        inquiries.removeAll { $0.request == inquiry.request }
        inquiries.append(inquiry)
        if inquiries.count > Self.mostInquiries { inquiries.removeFirst() }
    }
}

/// Events of one station that are kept an hour: one that flickers fills no disk. The rest is in the message log.
struct EventPace: Hashable, Sendable {
    private var start = Instant(milliseconds: 0)
    private var kept: Int16 = 0
    static let length: Duration = .hours(1)
    static let most: Int16 = 600

    /// `false`: it is not kept.
    mutating func admits(at now: Instant) -> Bool {
        if now - start >= Self.length || now < start { (start, kept) = (now, 0) }
        guard kept < Self.most else { return false }
        kept += 1
        return true
    }
}

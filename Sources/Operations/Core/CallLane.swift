import Assets
import Charging
import GridDispatch
import Quantities

/// Calls to one station: one at a time, the most urgent first.
///
///     push ──▶ waiting ──next──▶ inFlight ──settle──▶ gone
///                                   └─ timeout ──▶ overdue ──late answer──▶ gone
struct CallLane: Sendable {
    enum Purpose: Hashable, Sendable {
        /// A person's or program's command, by its id.
        case command(String)
        case dispatch(SiteID, number: UInt64, StationCommand)
        case commissioning(StationCommand)
        /// The station's own reckoning beside ours.
        case comparison(evse: Int, StationCommand)
        /// A new key, kept as `stored`; its command is shown to people, the key to nobody.
        case key(command: String, stored: String, key: String)
        /// How it makes QR codes; the secret among it is shown to nobody. `command`: of a person.
        case webPayments(command: String?, secret: String)
        /// A signed certificate, by its fingerprint.
        case certificate(String)
        /// A step in sending its local list.
        case localList(StationCommand)
        /// How a transaction stands, by its id.
        case inquiry(String)
        /// Which transfers a session may use (2.1); what comes of it, its answer tells.
        case transfers(Session.ID)
        /// A campaign's command to one of its stations.
        case campaign(command: String, campaign: String)
        /// A step of a change of the security profile; its command is shown to people.
        case securityProfile(command: String, SecurityProfileChange.State)
        /// A step towards the controls of the grid code that it should have; `nil`: it tells which it has.
        case der(control: String?)
        /// About tariffs, limits or payments.
        case money(MoneyCall)
    }
    /// Least value goes first.
    enum Rank: Int, Comparable, Sendable {
        case safety, command, setpoint, fallback, commissioning
        static func < (a: Rank, b: Rank) -> Bool { a.rawValue < b.rawValue }
    }
    struct Call: Sendable {
        let token: UInt64
        let messageID: String
        let action: String
        let payload: [UInt8]
        let timeout: Duration
        let rank: Rank
        let purpose: Purpose
        fileprivate(set) var sentAt: Instant?
    }

    private var waiting: [Call] = []
    private(set) var inFlight: Call?
    /// Timed out; their answer may still come.
    private var overdue: [Call] = []
    /// More than a station can be asked in a quarter of an hour at 30 s a call.
    static let capacity = 32
    private static let overdueKept = 4

    var isIdle: Bool { inFlight == nil && waiting.isEmpty }
    var count: Int { waiting.count + (inFlight == nil ? 0 : 1) }

    var hasRoom: Bool { waiting.count < Self.capacity }

    /// `false`: too many wait already.
    mutating func push(_ call: Call) -> Bool {
        guard hasRoom else { return false }
        let index = waiting.firstIndex { $0.rank > call.rank } ?? waiting.count
        waiting.insert(call, at: index)
        return true
    }

    /// The call to send now, if none is outstanding.
    mutating func next(at now: Instant) -> Call? {
        guard inFlight == nil, !waiting.isEmpty else { return nil }
        inFlight = waiting.removeFirst()
        inFlight?.sentAt = now
        return inFlight
    }

    /// The call that an outcome belongs to; it leaves the lane unless its answer may still come.
    mutating func settle(_ token: UInt64, mayAnswerLater: Bool) -> Call? {
        if let call = inFlight, call.token == token {
            inFlight = nil
            if mayAnswerLater {
                overdue.append(call)
                if overdue.count > Self.overdueKept { overdue.removeFirst() }
            }
            return call
        }
        guard let index = overdue.firstIndex(where: { $0.token == token }) else { return nil }
        return mayAnswerLater ? nil : overdue.remove(at: index)
    }

    /// Takes out waiting calls that `isStale` marks: a newer one says the same better.
    mutating func withdraw(where isStale: (Purpose) -> Bool) -> [Call] {
        let withdrawn = waiting.filter { isStale($0.purpose) }
        if !withdrawn.isEmpty { waiting.removeAll { isStale($0.purpose) } }
        return withdrawn
    }

    /// The connection ended. What was in flight may have arrived; what waited never left.
    mutating func clear() -> (inFlight: Call?, waiting: [Call]) {
        defer {
            inFlight = nil
            waiting = []
            overdue = []
        }
        return (inFlight, waiting)
    }
}

extension CallLane.Purpose {
    /// A key that a station has and the disk has not would lock it out, a secret lock its drivers out; a certificate comes after the answer to its request;
    /// a campaign must know after a crash whom it has sent to, and whoever gave a control that a station may have it.
    var waitsForDisk: Bool {
        switch self {
        case .key, .webPayments, .certificate, .campaign, .securityProfile, .der: true
        case .money(let call): call.waitsForDisk
        case .command, .dispatch, .commissioning, .comparison, .localList, .inquiry, .transfers: false
        }
    }
}

import Assets
import Charging
import GridDispatch
import OCPP
import OCPPMessages
import Quantities

/// Everything the core holds about one station. Kept small: there are thousands.
struct StationSlot: Sendable {
    var station: Station
    /// The live connection, if any.
    var connection: UInt64?
    /// When the last one ended, as far as this run of ours saw it; `nil`: it is there, or nobody knows.
    var lostAt: Instant?
    var protocolName: String?
    var lastSeen: Instant?
    /// What the last BootNotification was answered; `nil`: none since we started, the station counts as registered.
    var lastBoot: Station.Registration?
    /// When it is asked for the BootNotification that it never sent; `nil`: not to be asked.
    var bootDue: Instant?
    /// How often it was asked since we started.
    var bootQuestions: UInt8 = 0
    /// While not accepted: actions that it was asked to send.
    var askedFor: Set<String> = []
    /// Status of the station as a whole (connector 0).
    var status: ConnectorStatus = .unknown
    var evses: [EVSESlot] = []
    /// Active ones, and the newest ended ones for late and repeated messages; oldest first.
    var sessions: [Session] = []
    var repeats = RepeatMemory()
    var lane = CallLane()
    /// Newest last.
    var certificates: [CertificateRecord] = []
    var security = SecurityPace()
    var commissioning: Commissioning?
    var commissioner = Commissioner()
    private var rareList = Rare<LocalListKeeper>()
    /// `nil`: nothing is kept for it, nor known of it.
    var list: LocalListKeeper? {
        get { rareList.value }
        set { rareList.value = newValue }
    }
    /// Oldest first.
    var reservations: [Reservation] = []
    var promises: [PendingPromise] = []
    /// Newest last; of authorizations whose transaction has not begun, or a while ago.
    var toldTransfers: [ToldTransfers] = []
    var inquiries: [Inquiry] = []
    private var rareDisplay = Rare<DisplayKeeper>()
    var display: DisplayKeeper? {
        get { rareDisplay.value }
        set { rareDisplay.value = newValue }
    }
    private var rareCertificates = Rare<CertificatePicture>()
    /// That it trusts others by; `nil`: nothing is known of them.
    var heldCertificates: CertificatePicture? {
        get { rareCertificates.value }
        set { rareCertificates.value = newValue }
    }
    private var rareProfiles = Rare<ProfileKeeper>()
    var profiles: ProfileKeeper? {
        get { rareProfiles.value }
        set { rareProfiles.value = newValue }
    }
    private var rareDER = Rare<DERKeeper>()
    /// Controls of the grid code; `nil`: none is given to it, and it told of none.
    var der: DERKeeper? {
        get { rareDER.value }
        set { rareDER.value = newValue }
    }
    private var rareSwaps = Rare<SwapKeeper>()
    /// `nil`: it exchanges no batteries, as far as is known.
    var swaps: SwapKeeper? {
        get { rareSwaps.value }
        set { rareSwaps.value = newValue }
    }
    private var rareTariffs = Rare<TariffKeeper>()
    /// By which it reckons costs; `nil`: nothing is known of any.
    var tariffs: TariffKeeper? {
        get { rareTariffs.value }
        set { rareTariffs.value = newValue }
    }
    private var rareWeb = Rare<WebPaymentKeeper>()
    /// Its dynamic QR codes; `nil`: it was never told to show any.
    var web: WebPaymentKeeper? {
        get { rareWeb.value }
        set { rareWeb.value = newValue }
    }
    private var rareText = Rare<TariffTextKeeper>()
    /// `nil`: it said nothing of what it can show.
    var text: TariffTextKeeper? {
        get { rareText.value }
        set { rareText.value = newValue }
    }
    /// Newest last.
    var jobs: [StationJob] = []
    private var rareDevice = Rare<DeviceWatch>()
    var device: DeviceWatch {
        get { rareDevice.value ?? DeviceWatch() }
        set { rareDevice.value = newValue }
    }

    init(_ station: Station) { self.station = station }

    var isOnline: Bool { connection != nil }
    /// What it speaks, or spoke last.
    var version: OCPPVersion { protocolName.flatMap { OCPPVersion(subprotocol: $0) } ?? .v16 }

    /// A peer may name any number; more EVSEs than this no station has.
    static let mostEVSEs = 64
    /// The one in use, one that is on its way, and the newest others.
    static let mostCertificates = 6
    static let mostOpenReservations = 32
    static let closedReservationsKept = 8
    /// Commands that it may have promised to carry out at a time.
    static let mostPromises = 8
    /// Transactions that it may be asked about at a time.
    static let mostInquiries = 16
    /// One of each kind that runs, and what ended lately.
    static let mostJobs = 6
    /// Whoever did not boot after these does not.
    static let mostBootQuestions: UInt8 = 3
    /// Ended sessions kept for late messages.
    static let endedKept = 6

    func evse(_ number: Int) -> Int? { evses.firstIndex { $0.number == number } }

    /// Index of the EVSE, made when it is heard of for the first time; `nil` for numbers no station has.
    mutating func ensureEVSE(_ number: Int) -> Int? {
        if let index = evse(number) { return index }
        guard (1...Self.mostEVSEs).contains(number) else { return nil }
        let index = evses.firstIndex { $0.number > number } ?? evses.count
        evses.insert(EVSESlot(EVSEID(station.id, number)), at: index)
        return index
    }

    func session(_ id: Session.ID) -> Int? { sessions.lastIndex { $0.id == id } }
    func session(transaction: String) -> Int? { sessions.lastIndex { $0.transactionID == transaction } }
    func activeSession(on number: Int) -> Int? {
        sessions.lastIndex { $0.status == .active && $0.evse.number == number }
    }

    var connectorStatuses: [Int: ConnectorStatus] {
        var all: [Int: ConnectorStatus] = [:]
        if status != .unknown { all[0] = status }
        for evse in evses where evse.status != .unknown { all[evse.number] = evse.status }
        return all
    }

    var limitForm: LimitForm {
        LimitForm(
            unit: commissioning?.rateUnit.flatMap(LimitForm.Unit.init(rawValue:)) ?? .amperes,
            voltage: station.electrical.voltage, phases: commissioning?.phases ?? station.electrical.phases,
            maxLevel: max(1, commissioning?.maxStackLevel ?? 1))
    }
}

struct EVSESlot: Sendable {
    let id: EVSEID
    var number: Int { id.number }
    var status: ConnectorStatus = .unknown
    var statusSince: Instant?
    var errorCode: String?
    var meter = LiveMeter()
    var control: EVSEControl
    /// What the dispatcher said last.
    var dispatch: EVSEDispatch?
    /// When the running session was last written to the disk.
    var sessionWrittenAt: Instant?
    /// How its station's own reckoning of the limits in force stood beside ours.
    var comparison: ScheduleComparison?
    /// The session in which it allowed more than we reckon with when it was asked last.
    var allowedMoreIn: Session.ID?
    /// When the station is asked for it again; `nil`: as soon as it can be.
    var comparisonDue: Instant?
    /// The running stay's wishes, as last looked up.
    var outlook: Outlook?
    private var rareCost = Rare<ToldCost>()
    var costTold: ToldCost? {
        get { rareCost.value }
        set { rareCost.value = newValue }
    }
    private var rareLosses = Rare<[RoundTripRecord]>()
    /// What its newest sessions showed of the losses there, oldest first.
    var losses: [RoundTripRecord] {
        get { rareLosses.value ?? [] }
        set { rareLosses.value = newValue.isEmpty ? nil : newValue }
    }
    private var rareSteering = Rare<SteeringState>()
    var steering: SteeringState {
        get { rareSteering.value ?? SteeringState() }
        set { rareSteering.value = newValue }
    }

    init(_ id: EVSEID) {
        self.id = id
        self.control = EVSEControl(evse: id)
    }
}

/// What a running stay still wants: stated by a person, else forecast.
struct Outlook: Hashable, Sendable {
    let session: Session.ID
    let departure: Instant
    let wanted: Energy
    let isForecast: Bool
    let at: Instant
}

/// The newest answers given to a station, so that a repeated message gets the same answer and is applied once.
///
/// A station has one call outstanding at a time and repeats what was not answered: a short memory is enough; older
/// repeats are found by their natural keys.
struct RepeatMemory: Sendable {
    private struct Entry: Sendable {
        let key: Key
        let reply: [UInt8]
    }
    private var entries: [Entry] = []
    private var next: Int32 = 0
    private static let capacity = 12

    /// What identifies a message: id, action and payload.
    struct Key: Hashable, Sendable {
        let digest: UInt64
        let length: Int32
        init(_ messageID: String, action: String, payload: ArraySlice<UInt8>) {
            digest = RepeatMemory.digest(messageID, action, payload)
            length = Int32(clamping: payload.count)
        }
    }

    func reply(to key: Key) -> [UInt8]? { entries.first { $0.key == key }?.reply }

    mutating func remember(_ key: Key, reply: [UInt8]) {
        let entry = Entry(key: key, reply: reply)
        if entries.count < Self.capacity {
            entries.append(entry)
        } else {
            entries[Int(next)] = entry
            next = (next + 1) % Int32(Self.capacity)
        }
    }

    /// FNV-1a; stable over processes, unlike Swift's hashes. A station that builds a collision fools itself only.
    private static func digest(_ messageID: String, _ action: String, _ payload: ArraySlice<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for byte in messageID.utf8 { add(byte) }
        add(0)
        for byte in action.utf8 { add(byte) }
        add(0)
        for byte in payload { add(byte) }
        return hash
    }
}

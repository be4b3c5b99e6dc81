public import Assets
public import Charging

/// Why an order was refused; nothing was changed then.
public struct ServiceFault: Error, Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        case notFound = "not-found"
        case invalid
        case conflict
        case forbidden
        case unavailable
    }
    public struct Field: Hashable, Sendable {
        /// JSON-pointer-like path of the failing field: `connectorId`, `csChargingProfiles.chargingSchedule`.
        public let path: String
        public let reason: FieldProblem
        /// English, for people.
        public var problem: String { reason.text }
        public init(path: String, _ reason: FieldProblem) {
            self.path = path
            self.reason = reason
        }
        /// - Parameter problem: a text that is final as it is.
        public init(path: String, problem: String) { self.init(path: path, .worded(problem)) }
    }

    public let reason: FaultReason
    public let fields: [Field]
    public init(_ reason: FaultReason, fields: [Field] = []) {
        self.reason = reason
        self.fields = fields
    }

    public var kind: Kind { reason.kind }
    /// Stable word for programs: `station-unknown`, `payload-invalid`, `node-has-children` …
    public var code: String { reason.code.rawValue }
    /// English sentence that says what, why and the way out.
    public var detail: String { reason.text }
}

/// Each reason that an order can be refused for.
public enum FaultReason: Wording {
    case stationUnknown(StationID)
    case evseUnknown(number: Int, most: Int)
    case siteUnknown(SiteID)
    case nodeUnknown(NodeID)
    case sessionUnknown(Session.ID)
    case alarmUnknown(Int64)
    case idTokenUnknown
    /// The fields say what is wrong.
    case invalid(Subject)
    case sessionEnded(Session.ID)
    case siteHasStations(SiteID)
    case siteHasNodes(SiteID)
    case nodeHasChildren(NodeID)
    case nodeHasStations(NodeID)
    /// As many commands as a station may have outstanding wait already.
    case stationBusy(StationID, waiting: Int)
    /// The order needs the station, which is not connected.
    case stationOffline(StationID)
    /// There is no such campaign, or it has ended.
    case campaignOver(String)
    case campaignNotRunning(String)
    /// As many as may be have not ended.
    case tooManyCampaigns(count: Int)
    case fileUnknown(String)
    /// Nothing listens for stations that fetch or bring files.
    case filesOff
    /// The version that the station speaks has nothing of the kind.
    case notInVersion(StationID, String)
    case templateUnknown(String)
    case tooManyTemplates(most: Int)
    /// Over OCPP a security profile is raised, or goes from 3 to 2 (2.x); nothing else.
    case securityProfileNotAbove(StationID, held: Int, target: Int)
    case paymentUnknown(String)
    /// Not in this state, or not by this amount.
    case paymentState(String, String)
    /// A payment of this reference is there already.
    case paymentKnown
    /// No provider is configured.
    case paymentsOff
    /// No code of now, of just before or of just after.
    case codeNotGood
    case codeUsed
    case tooManyCodes(seconds: Int)
    /// Drivers cannot reach this platform.
    case publicAddressMissing
    /// It belongs to no site whose prices of today are known.
    case noPrices(StationID)
    /// What the station or the platform needs before it.
    case securityProfileUnready(StationID, SecurityNeed)
    /// As many keys as may be wait for the station to show which one it uses.
    case keysUndecided(StationID, count: Int)
    case reservationUnknown(Int)
    case vendorHandlerUnknown(String)
    case instructionUnknown(String)
    case derUnknown(String)
    /// No list is kept for the station.
    case noLocalList(StationID)
    /// As many as may be are open or kept already.
    case tooMany(most: Int)
    case diskRefuses
    /// The database refused a change of the order; it is tried again.
    case changeRefused
    /// The core's queue is full.
    case busy
    /// The service ends before the disk has the change.
    case stopping

    public enum SecurityNeed: String, Hashable, Sendable, CaseIterable { case password, listener, certificate, network }

    /// What an order with wrong fields was about.
    public enum Subject: String, Hashable, Sendable, CaseIterable {
        case station, site, node, needs, limit, reading, reservation, display
        case localList = "local-list"
        case vendorHandler = "vendor-handler"
        case idToken = "token"
        case campaign
        case template
        case instruction
        /// A command's own fields.
        case payload
        /// An operation mode.
        case mode
        case der, swap
    }

    public enum Code: String, WordingCode {
        case stationUnknown = "station-unknown"
        case evseUnknown = "evse-unknown"
        case siteUnknown = "site-unknown"
        case nodeUnknown = "node-unknown"
        case sessionUnknown = "session-unknown"
        case alarmUnknown = "alarm-unknown"
        case idTokenUnknown = "id-token-unknown"
        case stationInvalid = "station-invalid"
        case siteInvalid = "site-invalid"
        case nodeInvalid = "node-invalid"
        case needsInvalid = "needs-invalid"
        case limitInvalid = "limit-invalid"
        case readingInvalid = "reading-invalid"
        case idTokenInvalid = "token-invalid"
        case payloadInvalid = "payload-invalid"
        case modeInvalid = "mode-invalid"
        case reservationInvalid = "reservation-invalid"
        case displayInvalid = "display-invalid"
        case localListInvalid = "local-list-invalid"
        case vendorHandlerInvalid = "vendor-handler-invalid"
        case sessionEnded = "session-ended"
        case siteHasStations = "site-has-stations"
        case siteHasNodes = "site-has-nodes"
        case nodeHasChildren = "node-has-children"
        case nodeHasStations = "node-has-stations"
        case stationBusy = "station-busy"
        case stationOffline = "station-offline"
        case notInVersion = "not-in-version"
        case campaignOver = "campaign-over"
        case campaignNotRunning = "campaign-not-running"
        case campaignInvalid = "campaign-invalid"
        case tooManyCampaigns = "too-many-campaigns"
        case fileUnknown = "file-unknown"
        case filesOff = "files-off"
        case keysUndecided = "keys-undecided"
        case reservationUnknown = "reservation-unknown"
        case vendorHandlerUnknown = "vendor-handler-unknown"
        case instructionUnknown = "instruction-unknown"
        case instructionInvalid = "instruction-invalid"
        case noLocalList = "no-local-list"
        case derUnknown = "der-control-unknown"
        case derInvalid = "der-control-invalid"
        case swapInvalid = "battery-swap-invalid"
        case tooMany = "too-many"
        case templateUnknown = "template-unknown"
        case templateInvalid = "template-invalid"
        case tooManyTemplates = "too-many-templates"
        case securityProfileNotAbove = "security-profile-not-above"
        case securityProfileNeedsPassword = "security-profile-needs-password"
        case securityProfileNeedsListener = "security-profile-needs-listener"
        case securityProfileNeedsCertificate = "security-profile-needs-certificate"
        case securityProfileNeedsNetwork = "security-profile-needs-network"
        case noPrices = "no-prices"
        case paymentUnknown = "payment-unknown"
        case paymentState = "payment-state"
        case paymentKnown = "payment-known"
        case paymentsOff = "payments-off"
        case codeNotGood = "code-not-good"
        case codeUsed = "code-used"
        case tooManyCodes = "too-many-codes"
        case publicAddressMissing = "public-address-missing"
        case diskRefuses = "disk-refuses"
        case changeRefused = "change-refused"
        case busy
        case stopping
    }

    public var kind: ServiceFault.Kind {
        switch self {
        case .stationUnknown, .evseUnknown, .siteUnknown, .nodeUnknown, .sessionUnknown, .alarmUnknown, .idTokenUnknown,
            .reservationUnknown, .vendorHandlerUnknown, .fileUnknown, .templateUnknown, .instructionUnknown,
            .derUnknown, .paymentUnknown:
            .notFound
        case .invalid: .invalid
        case .sessionEnded, .siteHasStations, .siteHasNodes, .nodeHasChildren, .nodeHasStations, .stationBusy,
            .stationOffline, .keysUndecided, .noLocalList, .tooMany, .notInVersion, .campaignOver,
            .campaignNotRunning, .tooManyCampaigns, .filesOff, .tooManyTemplates, .securityProfileNotAbove, .noPrices,
            .paymentState, .paymentKnown, .paymentsOff, .publicAddressMissing, .codeUsed,
            .securityProfileUnready:
            .conflict
        case .codeNotGood: .forbidden
        case .diskRefuses, .changeRefused, .busy, .stopping, .tooManyCodes: .unavailable
        }
    }

    public var code: Code {
        switch self {
        case .stationUnknown: .stationUnknown
        case .evseUnknown: .evseUnknown
        case .siteUnknown: .siteUnknown
        case .nodeUnknown: .nodeUnknown
        case .sessionUnknown: .sessionUnknown
        case .alarmUnknown: .alarmUnknown
        case .idTokenUnknown: .idTokenUnknown
        case .invalid(.station): .stationInvalid
        case .invalid(.site): .siteInvalid
        case .invalid(.node): .nodeInvalid
        case .invalid(.needs): .needsInvalid
        case .invalid(.limit): .limitInvalid
        case .invalid(.reading): .readingInvalid
        case .invalid(.idToken): .idTokenInvalid
        case .invalid(.campaign): .campaignInvalid
        case .notInVersion: .notInVersion
        case .campaignOver: .campaignOver
        case .campaignNotRunning: .campaignNotRunning
        case .tooManyCampaigns: .tooManyCampaigns
        case .fileUnknown: .fileUnknown
        case .filesOff: .filesOff
        case .invalid(.template): .templateInvalid
        case .invalid(.payload): .payloadInvalid
        case .invalid(.mode): .modeInvalid
        case .templateUnknown: .templateUnknown
        case .tooManyTemplates: .tooManyTemplates
        case .securityProfileNotAbove: .securityProfileNotAbove
        case .securityProfileUnready(_, .password): .securityProfileNeedsPassword
        case .securityProfileUnready(_, .listener): .securityProfileNeedsListener
        case .securityProfileUnready(_, .certificate): .securityProfileNeedsCertificate
        case .securityProfileUnready(_, .network): .securityProfileNeedsNetwork
        case .noPrices: .noPrices
        case .paymentUnknown: .paymentUnknown
        case .paymentState: .paymentState
        case .paymentKnown: .paymentKnown
        case .paymentsOff: .paymentsOff
        case .codeNotGood: .codeNotGood
        case .codeUsed: .codeUsed
        case .tooManyCodes: .tooManyCodes
        case .publicAddressMissing: .publicAddressMissing
        case .sessionEnded: .sessionEnded
        case .siteHasStations: .siteHasStations
        case .siteHasNodes: .siteHasNodes
        case .nodeHasChildren: .nodeHasChildren
        case .nodeHasStations: .nodeHasStations
        case .stationBusy: .stationBusy
        case .stationOffline: .stationOffline
        case .keysUndecided: .keysUndecided
        case .reservationUnknown: .reservationUnknown
        case .vendorHandlerUnknown: .vendorHandlerUnknown
        case .instructionUnknown: .instructionUnknown
        case .invalid(.instruction): .instructionInvalid
        case .noLocalList: .noLocalList
        case .derUnknown: .derUnknown
        case .invalid(.der): .derInvalid
        case .invalid(.swap): .swapInvalid
        case .tooMany: .tooMany
        case .invalid(.reservation): .reservationInvalid
        case .invalid(.display): .displayInvalid
        case .invalid(.localList): .localListInvalid
        case .invalid(.vendorHandler): .vendorHandlerInvalid
        case .diskRefuses: .diskRefuses
        case .changeRefused: .changeRefused
        case .busy: .busy
        case .stopping: .stopping
        }
    }

    public var values: [String: String] {
        switch self {
        case .stationUnknown(let id), .stationOffline(let id): ["station": id.value]
        case .campaignOver(let id), .campaignNotRunning(let id): ["campaign": id]
        case .tooManyCampaigns(let count): ["count": String(count)]
        case .fileUnknown(let id): ["file": id]
        case .evseUnknown(let number, let most): ["number": String(number), "most": String(most)]
        case .siteUnknown(let id), .siteHasStations(let id), .siteHasNodes(let id): ["site": id.value]
        case .nodeUnknown(let id), .nodeHasChildren(let id), .nodeHasStations(let id): ["node": id.value]
        case .sessionUnknown(let id), .sessionEnded(let id): ["session": id.value]
        case .alarmUnknown(let id): ["alarm": String(id)]
        case .stationBusy(let id, let waiting): ["station": id.value, "waiting": String(waiting)]
        case .keysUndecided(let id, let count): ["station": id.value, "count": String(count)]
        case .reservationUnknown(let id): ["reservation": String(id)]
        case .vendorHandlerUnknown(let id): ["handler": id]
        case .instructionUnknown(let id): ["instruction": id]
        case .noLocalList(let id), .noPrices(let id): ["station": id.value]
        case .derUnknown(let id): ["control": id]
        case .tooMany(let most): ["most": String(most)]
        case .notInVersion(let id, let version): ["station": id.value, "version": version]
        case .templateUnknown(let name): ["template": name]
        case .tooManyTemplates(let most): ["most": String(most)]
        case .securityProfileNotAbove(let id, let held, let target):
            ["station": id.value, "held": String(held), "target": String(target)]
        case .securityProfileUnready(_, .listener): [:]
        case .securityProfileUnready(let id, _): ["station": id.value]
        case .paymentUnknown(let id): ["payment": id]
        case .paymentState(let id, let state): ["payment": id, "state": state]
        case .tooManyCodes(let seconds): ["seconds": String(seconds)]
        case .codeNotGood, .codeUsed, .publicAddressMissing, .paymentKnown, .paymentsOff, .filesOff, .idTokenUnknown,
            .invalid, .diskRefuses, .changeRefused, .busy,
            .stopping:
            [:]
        }
    }
}

extension FaultReason.Code {
    public var english: String {
        switch self {
        case .stationUnknown: "No station {station} is registered."
        case .evseUnknown: "EVSE numbers are 1 to {most}, not {number}."
        case .siteUnknown: "There is no site {site}."
        case .nodeUnknown: "There is no node {node}."
        case .sessionUnknown: "There is no active session {session}."
        case .alarmUnknown: "No active alarm {alarm}; it may have ended."
        case .idTokenUnknown: "There is no such token."
        case .reservationUnknown: "There is no open reservation {reservation} at this station."
        case .vendorHandlerUnknown: "There is no vendor handler {handler}."
        case .instructionUnknown: "There is no instruction {instruction} at this site; it may have ended."
        case .derUnknown: "There is no control {control} that could be withdrawn."
        case .noLocalList:
            "No local list is kept for station {station}. Say first which tokens it should hold (scope all or selected)."
        case .tooMany: "There are {most} already; end or delete some first."
        case .campaignOver: "There is no campaign {campaign} that could go on: it has ended, or there never was one."
        case .campaignNotRunning: "Campaign {campaign} has not begun; start it or cancel it."
        case .tooManyCampaigns: "{count} campaigns have not ended, and no more may be; cancel one or wait for its end."
        case .fileUnknown: "There is no file {file}."
        case .filesOff:
            "Nothing listens for stations that fetch or bring files: set listen.files and files.public_url, or name an address of your own."
        case .reservationInvalid, .displayInvalid, .localListInvalid, .vendorHandlerInvalid,
            .stationInvalid, .siteInvalid, .nodeInvalid, .needsInvalid, .limitInvalid, .idTokenInvalid,
            .campaignInvalid, .templateInvalid, .modeInvalid, .instructionInvalid, .derInvalid, .swapInvalid:
            "Nothing was changed: see the fields."
        case .payloadInvalid: "Nothing was sent: the payload breaks the protocol's rules."
        case .readingInvalid: "No reading was taken: see the fields."
        case .sessionEnded: "Session {session} has ended; it has no needs any more."
        case .siteHasStations: "Stations belong to site {site}; move or delete them first."
        case .siteHasNodes: "Nodes belong to site {site}; move or delete them first."
        case .nodeHasChildren: "Nodes hang under {node}; move or delete them first."
        case .nodeHasStations: "Stations hang under {node}; move or delete them first."
        case .stationBusy: "{waiting} commands wait for station {station} already; wait until it has answered some."
        case .stationOffline: "Station {station} is not connected; nothing was done. Try again when it is online."
        case .keysUndecided:
            "Of {count} keys sent to station {station} nobody knows which one it uses. Let it connect anew (Reset), or make a key without sending it."
        case .notInVersion: "Station {station} speaks {version}, which has nothing of the kind."
        case .templateUnknown: "There is no template {template}."
        case .tooManyTemplates: "There are {most} templates, more are not kept; delete one first."
        case .securityProfileNotAbove:
            "Station {station} is set to security profile {held}: over OCPP it can be raised, and in 2.x go from 3 to 2, but not to {target}."
        case .securityProfileNeedsPassword:
            "Security profiles 1 and 2 need a password of station {station}; make a key first (POST …/key)."
        case .securityProfileNeedsListener:
            "Security profiles 2 and 3 need a listener with TLS (listen.ocpps), and this platform has none."
        case .securityProfileNeedsCertificate:
            "Security profile 3 needs a certificate of station {station}; have it ask for one first."
        case .securityProfileNeedsNetwork:
            "Station {station} needs the address to connect to, and which of its network profiles may be written: give url, and slot and priority or read its device model first."
        case .paymentUnknown: "There is no payment {payment} that anything could still be done about."
        case .paymentState: "Payment {payment} is {state}: this cannot be done now, or not with this amount."
        case .paymentKnown: "A payment with this reference is there already."
        case .paymentsOff: "No payment provider is configured (payment.provider)."
        case .codeNotGood: "This code is not good, or no longer. Scan the one that the station shows now."
        case .codeUsed: "This code has begun a payment. Scan the next one that the station shows."
        case .tooManyCodes: "Too many codes that were not good; try again after {seconds} s."
        case .publicAddressMissing: "Drivers need an address of this platform: set payment.public_url."
        case .noPrices:
            "Station {station} belongs to no site whose prices of today are known; give its site a tariff first."
        case .diskRefuses:
            "The disk takes no changes at the moment; nothing was done. Free some space and try again."
        case .changeRefused:
            "The database refused the change: it holds until the next start only, unless a later try is taken. See the alarm store-refused."
        case .busy: "Too much is waiting at the moment; nothing was done. Try again in a few seconds."
        case .stopping: "The platform ends before the disk has the change: it may be lost. Look after the next start."
        }
    }
}

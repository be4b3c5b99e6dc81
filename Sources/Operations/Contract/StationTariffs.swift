public import Assets
public import Charging
public import Quantities
import Rulebook

/// The tariffs by which one station reckons what transactions cost (2.1 I07 to I11): what it took from us, what it told, and
/// how the platform's own default tariff stands there.
public struct StationTariffs: Hashable, Sendable {
    /// How it stands with the default tariff of the station's site.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// The site's prices are not to be told, or it has none.
        case off
        /// It will be sent, or is on its way.
        case due
        case held
        /// The station took none, whatever was tried: the platform reckons (central cost).
        case central
    }
    public let station: StationID
    /// By id.
    public private(set) var held: [HeldTariff] = []
    public var abilities = CostAbilities()
    public var state = State.off
    /// Id of the default tariff that it should have.
    public var wanted: String?
    /// Until then its prices are those of the site's tariff.
    public var validUntil: Instant?
    /// How many prices the wanted one has, and whether they depend on the time.
    public var elements = 0
    /// The station's newest word that was no acceptance.
    public var word: String?
    public var changedAt: Instant?
    /// When it told all of them last.
    public var toldAt: Instant?
    public init(station: StationID) { self.station = station }

    /// A peer may tell any number.
    public static let most = 40

    public subscript(_ id: String) -> HeldTariff? { held.first { $0.id == id } }
    public mutating func put(_ one: HeldTariff) {
        held.removeAll { $0.id == one.id }
        held.append(one)
        held.sort { $0.id < $1.id }
        while held.count > Self.most, let oldest = held.indices.min(by: { at(held[$0]) < at(held[$1]) }) {
            held.remove(at: oldest)
        }
    }
    private func at(_ one: HeldTariff) -> Instant {
        max(one.setAt ?? Instant(milliseconds: 0), one.toldAt ?? Instant(milliseconds: 0))
    }
    public mutating func remove(_ id: String) { held.removeAll { $0.id == id } }
    public mutating func restore(_ all: [HeldTariff]) { held = all }
    /// How many are otherwise than what we set.
    public var differences: Int { held.count { $0.missingSince != nil || $0.isForeign } }
}

/// One tariff of a station, from both sides.
public struct HeldTariff: Hashable, Sendable {
    public let id: String
    /// For one driver, not by default.
    public var isDrivers: Bool
    /// Where it holds; empty: not said.
    public var evses: [Int]
    public var validFrom: Instant?
    /// When it took it from us; `nil`: never.
    public var setAt: Instant?
    public var toldAt: Instant?
    /// A report that should have had it came without it.
    public var missingSince: Instant?
    public init(id: String, isDrivers: Bool = false, evses: [Int], validFrom: Instant? = nil) {
        self.id = id
        self.isDrivers = isDrivers
        self.evses = evses
        self.validFrom = validFrom
    }
    /// A default tariff that nobody here set.
    public var isForeign: Bool { setAt == nil && !isDrivers }
}

/// What a station says of its reckoning of costs, and of limits; `nil`: nothing.
public struct CostAbilities: Hashable, Sendable {
    /// It takes tariffs in the standard's form (`TariffCostCtrlr.Enabled[Tariff]`).
    public var tariffs: Bool?
    /// It reckons costs.
    public var costs: Bool?
    public var mostElements: Int?
    public var conditions: Bool?
    /// What its terminal authorized, the platform settles (`PaymentCtrlr.SettlementByCSMS`).
    public var settlesHere: Bool?
    /// The limits of a transaction that it keeps (`TxCtrlr.SupportedLimits`), in the standard's words.
    public var limits: [String]?
    public init() {}

    /// - Parameter value: `nil`: it has no such variable.
    /// - Returns: whether it is one of these.
    mutating func take(_ name: VariableName, _ value: String?) -> Bool {
        let flag = value?.lowercased() == "true"
        switch (name.component.lowercased(), name.variable.lowercased(), name.instance?.lowercased()) {
        case ("tariffcostctrlr", "enabled", "tariff"): tariffs = flag
        case ("tariffcostctrlr", "enabled", "cost"): costs = flag
        case ("tariffcostctrlr", "maxelements", "tariff"):
            mostElements = value.flatMap { Int($0) }.map { max(1, min($0, 1000)) }
        // Unsaid, the station will say it when it is given some.
        case ("tariffcostctrlr", "conditionssupported", "tariff"): conditions = value.map { $0.lowercased() == "true" }
        case ("paymentctrlr", "settlementbycsms", _): settlesHere = flag
        case ("txctrlr", "supportedlimits", _):
            limits = (value ?? "").split(separator: ",").map { $0.filter { $0 != " " }.lowercased() }
        default: return false
        }
        return true
    }
}

/// Orders about tariffs of stations, limits of transactions and payments.
public enum MoneyOrder: Sendable {
    /// The site's prices become the default tariff of the station, whatever its setting.
    case sendTariff(StationID)
    case readTariffs(StationID)
    /// `nil`: all of them; EVSE 0: of all.
    case clearTariffs(StationID, ids: [String]?, evse: Int)
    case setLimits(Session.ID, TransactionLimits)
    case beginPayment(PaymentWish)
    case steerPayment(String, PaymentAct)
    /// - Parameters:
    ///   - evse: 0: of the whole station.
    ///   - renews: the station gets another secret.
    ///   - parts: how many variables it takes with one message.
    case setUpWebPayments(StationID, evse: Int, WebPaymentWish, renews: Bool, parts: [Int])
    /// Of somebody who scanned it, whoever that is.
    case scan(ScannedCode)
    /// What is left on the prepaid card of this token.
    case credit(String, PrepaidChange)

    public var station: StationID? {
        switch self {
        case .sendTariff(let id), .readTariffs(let id), .clearTariffs(let id, _, _): id
        case .setLimits, .beginPayment, .steerPayment, .setUpWebPayments, .scan, .credit: nil
        }
    }
}

/// What a session costs, line by line.
public struct SessionStatement: Sendable {
    public let session: Session
    public let site: SiteID?
    /// Dear levels first, import before export.
    public let lines: [CostLine]
    /// Of energy charged, yuan; `nil`: not known.
    public let energyAmount: Rational?
    public let feeAmount: Rational?
    /// Both; of a running session what it cost so far.
    public let total: Rational?
    /// Of energy given back; never taken from the total in kWh.
    public let exportCredit: Rational?
    /// It has ended: nothing more is to come.
    public let isFinal: Bool
}

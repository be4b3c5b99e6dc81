public import Quantities

/// A site as it is set up. Which tariff holds on which day is a dated list; the last entry at or before a day holds.
public struct Site: Hashable, Sendable {
    public enum Mode: Hashable, Sendable {
        /// Plans are dispatched.
        case auto
        /// Nothing is dispatched but safety limits; who switched and why is kept.
        case manual(by: String, reason: String)
        /// Stop-all: every EVSE of the site is held at 0 until the mode is changed.
        case stopped(by: String, reason: String)
    }
    public struct TariffEntry: Hashable, Sendable {
        public let from: CivilDay
        public let tariff: String
        public init(from: CivilDay, tariff: String) {
            self.from = from
            self.tariff = tariff
        }
    }

    public let id: SiteID
    public var name: String
    /// `community`, `public`, `depot`, `workplace`, …: a word for people and filters.
    public var kind: String
    /// 6-digit GB/T 2260 code, where known.
    public var region: String?
    public var zone: Zone
    public var tariffs: [TariffEntry]
    public var exportTariffs: [TariffEntry]
    public var operatorName: String
    public var mode: Mode
    /// How energy may flow for vehicles of which no token says more, in words of OCPP 2.1; `nil`: they only charge.
    public var energyTransfer: [String]?
    /// In the order of their days.
    public var serviceFees: [ServiceFee] = []
    public var localCost = LocalCost.auto
    /// Stations are told what a transaction costs so far.
    public var tellsRunningCost = false
    /// How energy is paid for where buildings, generation and charging hang under one node.
    public var settlement = GridFile.Settlement.apart
    /// Whether its highest power of a month is charged for, as the tariff's demand charge says (需量电费). A two-part tariff may
    /// be paid by capacity instead, so somebody has to say it.
    public var paysDemand = false
    /// What using the batteries of its vehicles costs, where somebody said it; `nil`: unknown, never assumed.
    public var battery: BatteryTerms?

    public init(
        id: SiteID, name: String, kind: String = "community", region: String? = nil, zone: Zone = .shanghai,
        tariffs: [TariffEntry] = [], exportTariffs: [TariffEntry] = [], operatorName: String = "", mode: Mode = .auto,
        energyTransfer: [String]? = nil,
        battery: BatteryTerms? = nil
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.region = region
        self.zone = zone
        self.tariffs = tariffs
        self.exportTariffs = exportTariffs
        self.operatorName = operatorName
        self.mode = mode
        self.energyTransfer = energyTransfer
        self.battery = battery
    }

    /// What its operator asks beside the price of the energy (服务费), yuan/kWh of energy charged; not negative.
    public struct ServiceFee: Hashable, Sendable {
        public let from: CivilDay
        public let price: Rational
        public init(from: CivilDay, price: Rational) {
            self.from = from
            self.price = price
        }
    }

    /// Whether stations that can reckon what a transaction costs are given the prices for it (OCPP 2.1 I07).
    public enum LocalCost: String, Hashable, Sendable, CaseIterable {
        /// Where the station says that it reckons by itself.
        case auto
        case on, off
    }

    /// Yuan/kWh on `day`; zero before the first entry.
    public func serviceFee(on day: CivilDay) -> Rational { serviceFees.last { $0.from <= day }?.price ?? .zero }
    public func tariff(on day: CivilDay) -> String? { tariffs.last { $0.from <= day }?.tariff }
    public func exportTariff(on day: CivilDay) -> String? { exportTariffs.last { $0.from <= day }?.tariff }
}

/// A grid node. Its limit is real power; where it was derived from a rating, the inputs are kept and shown.
public struct GridNode: Hashable, Sendable {
    public struct Rating: Hashable, Sendable {
        /// kVA × 1000 as a whole number; `powerFactor` and `loading` in thousandths (0.95 → 950).
        public let voltAmperes: Int64
        public let powerFactorPerMille: Int64
        public let loadingPerMille: Int64
        public init(voltAmperes: Int64, powerFactorPerMille: Int64, loadingPerMille: Int64) {
            self.voltAmperes = voltAmperes
            self.powerFactorPerMille = powerFactorPerMille
            self.loadingPerMille = loadingPerMille
        }
        /// kVA × power factor × allowed loading, rounded down to the watt.
        public var limit: Power { Power(watts: voltAmperes * powerFactorPerMille * loadingPerMille / 1_000_000) }
    }

    /// What a node's own meter measures, for people and pictures; `nil`: a part of the grid.
    public enum Serves: String, Hashable, Sendable, CaseIterable { case building, pv, storage }

    public let id: NodeID
    public var parent: NodeID?
    public var site: SiteID?
    /// `nil`: no limit of its own.
    public var limit: Power?
    /// Largest export (a magnitude); `nil`: no export limit of its own.
    public var exportLimit: Power?
    public var rating: Rating?
    public var serves: Serves?
    public init(
        id: NodeID, parent: NodeID? = nil, site: SiteID? = nil, limit: Power? = nil, exportLimit: Power? = nil,
        rating: Rating? = nil, serves: Serves? = nil
    ) {
        self.id = id
        self.parent = parent
        self.site = site
        self.limit = limit ?? rating?.limit
        self.exportLimit = exportLimit
        self.rating = rating
        self.serves = serves
    }
}

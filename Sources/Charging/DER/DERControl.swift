public import Quantities

/// What of a grid code a control sets: functions of IEEE 1547, in the words that utilities and stations share
/// (OCPP 2.1 R04, table 160).
public enum DERFunction: String, Hashable, Sendable, CaseIterable {
    case enterService = "EnterService"
    case freqDroop = "FreqDroop"
    case freqWatt = "FreqWatt"
    case fixedPFAbsorb = "FixedPFAbsorb"
    case fixedPFInject = "FixedPFInject"
    case fixedVar = "FixedVar"
    case gradients = "Gradients"
    case hfMustTrip = "HFMustTrip"
    case hfMayTrip = "HFMayTrip"
    case hvMustTrip = "HVMustTrip"
    case hvMomCess = "HVMomCess"
    case hvMayTrip = "HVMayTrip"
    case limitMaxDischarge = "LimitMaxDischarge"
    case lfMustTrip = "LFMustTrip"
    case lvMustTrip = "LVMustTrip"
    case lvMomCess = "LVMomCess"
    case lvMayTrip = "LVMayTrip"
    case powerMonitoringMustTrip = "PowerMonitoringMustTrip"
    case voltVar = "VoltVar"
    case voltWatt = "VoltWatt"
    case wattPF = "WattPF"
    case wattVar = "WattVar"

    /// It holds always or not at all: there is no scheduled one (R04.FR.14, errata).
    public var isDefaultOnly: Bool { self == .enterService || self == .gradients }
}

/// One control of a grid code, as a utility gives it and a station holds it.
public struct DERControl: Hashable, Sendable, Identifiable {
    public let id: String
    public let function: DERFunction
    /// 0 goes before all others.
    public let priority: Int
    /// When it holds; `nil`: a default, which holds whenever no scheduled one of its function does.
    public let span: Interval?
    /// The function's own object of the standard as JSON, without priority and times.
    public let settings: String
    /// Of a ``DERFunction/limitMaxDischarge``: hundredths of a percent of the rating; `nil`: it sets none.
    public let dischargeShare: Int?

    public init(
        id: String, function: DERFunction, priority: Int, span: Interval?, settings: String, dischargeShare: Int? = nil
    ) {
        self.id = id
        self.function = function
        self.priority = priority
        self.span = span
        self.settings = settings
        self.dischargeShare = dischargeShare
    }

    public var isDefault: Bool { span == nil }
    /// It has had its time.
    public func isOver(at instant: Instant) -> Bool { span.map { $0.end <= instant } ?? false }

    /// Longest name of one.
    public static let longestID = 36
    /// Longest ``settings``: a curve of ten points takes a fifth of it.
    public static let longestSettings = 4_096
}

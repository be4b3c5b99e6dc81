public import Quantities

// What passes between us and a station about controls of the grid code, in words without a protocol (OCPP 2.1 R04, R05).

/// A control that a station tells of.
public struct ReportedDERControl: Hashable, Sendable {
    public let control: DERControl
    /// Another one stands before it at the station.
    public let isSuperseded: Bool
    public init(_ control: DERControl, isSuperseded: Bool) {
        self.control = control
        self.isSuperseded = isSuperseded
    }
}

/// What a station tells of itself.
public enum DERNews: Hashable, Sendable {
    /// Some of the controls that it holds, asked for by the order with this number; more may follow.
    case report(request: Int, [ReportedDERControl], goesOn: Bool)
    /// A scheduled control began or ended; `superseded`: those that gave way to it.
    case turn(id: String, hasStarted: Bool, at: Instant, superseded: [String])
    case alarm(DERAlarm)
}

/// A control keeps the station from what it was asked to do, or no longer does (R05).
public struct DERAlarm: Hashable, Sendable {
    /// The standard's word; unknown ones as they came.
    public let function: String
    /// What is wrong with the grid, in the standard's word.
    public let fault: String?
    public let hasEnded: Bool
    public let at: Instant
    public let info: String?
    public init(function: String, fault: String?, hasEnded: Bool, at: Instant, info: String?) {
        self.function = function
        self.fault = fault
        self.hasEnded = hasEnded
        self.at = at
        self.info = info
    }
}

/// What an answer to a call of ours tells. `word` is the station's, its reason where it gave one.
public enum DERFact: Hashable, Sendable {
    /// `superseded`: names of controls that stand behind others from now on, the new one among them if it does.
    case set(DERControl, isTaken: Bool, word: String, superseded: [String])
    /// All defaults, or all scheduled ones, that match; `isGone`: it has none of them now.
    case cleared(isDefault: Bool, function: DERFunction?, id: String?, isGone: Bool, word: String)
    /// It will report under this number. `isWhole`: all that it has.
    case asked(request: Int, isWhole: Bool, DERReading)

    public enum DERReading: Hashable, Sendable {
        case reportFollows
        /// It has none of those asked for.
        case nothing
        case refused
    }
}

/// What we ask of a station.
public enum DERRequest: Hashable, Sendable {
    case set(DERControl)
    case clear(isDefault: Bool, id: String)
    /// Everything; reports with this number tell it.
    case read(request: Int)
}

public import Charging
import OCPP
import OCPPMessages
import Quantities

/// What a simulated charge point is made of. The defaults are a private 7 kW pile: 220 V, one phase, 32 A.
public struct StationSettings: Hashable, Sendable {
    public var identity: String
    public var version = OCPPVersion.v16
    public var vendor = "Tidewatt"
    public var model = "SIM-7"
    public var firmware = "1.0.0"
    public var connectors = 1
    /// A word of 2.0.1 `ConnectorEnumType`; `nil`: what a Chinese AC pile has. GB/T 20234.2 has no word of its own there: it is
    /// `Other1PhOver16A`, with three phases `Other3Ph`.
    public var connectorType: String?
    /// Reset of a single EVSE (2.x); Rejected where not.
    public var resetsSingleEVSEs = true
    public var supply = Supply(voltage: 220, phases: 1)
    public var maxMilliamperes: Int64 = 32_000
    /// Units that SetChargingProfile may use; another one is Rejected.
    public var rateUnits: [ChargingProfile.Unit] = [.amperes, .watts]
    public var maxStackLevel = 8
    public var maxPeriods = 24
    public var maxProfiles = 10
    /// What the meters show at the start.
    public var register = RegisterReading(milliwattHours: 0)
    /// Refuses every reservation where not.
    public var takesReservations = true
    /// Between losing power and being back.
    public var rebootTime: Duration = .seconds(20)
    /// First wait before a reconnection; doubled up to ``longestReconnectWait``.
    public var reconnectWait: Duration = .seconds(5)
    public var longestReconnectWait: Duration = .seconds(300)
    /// How long it waits for an answer to a CALL. On the station's own clock: a driver that runs domain time N times as
    /// fast as the wire multiplies by N.
    public var callTimeout: Duration = .seconds(30)
    /// How long a driver waits for the central system's word before the station decides alone; `nil`: as for an answer.
    public var offlineWait: Duration?
    /// Begins every message id, so that ids stay unique over the runs of one identity; `nil`: the instant of the start, which
    /// is enough unless runs begin at the same (virtual) instant. At most 20 characters.
    public var messageIDPrefix: String?
    /// Length of the log that it brings.
    public var logLines = 200
    /// Of each EVSE, of a station that takes energy back (2.1); `nil`: it cannot.
    public var bidirectional: BidirectionalEVSE?
    /// Functions of the grid code that it carries out or keeps (2.1 block R); empty: it knows no such controls.
    public var gridFunctions: Set<DERFunction> = []
    /// Its EVSEs are slots for batteries (2.1 block S), as many as ``connectors``; `nil`: it charges vehicles.
    public var swap: SwapCabinet?
    /// How long a vehicle waits for an answer to its needs (ISO 15118-20 V2G_SECC_Sequence…: 2 s); like ``callTimeout``.
    public var vehicleTimeout: Duration = .seconds(2)
    /// Of the grid at the station; `nil`: as its surroundings say.
    public var frequency: GridFrequency?
    public var faults = StationFaults.none
    public var security = StationSecuritySettings()

    /// - Precondition: `connectors` is 1 or more.
    public init(identity: String) { self.identity = identity }

    var connectorWord: String { connectorType ?? (supply.phases == 1 ? "Other1PhOver16A" : "Other3Ph") }

    var hardware: ChargingLimit {
        ChargingLimit(
            milliwatts: maxMilliamperes * Int64(supply.voltage * supply.phases), phases: supply.phases)
    }
}

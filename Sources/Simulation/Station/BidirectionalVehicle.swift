public import Charging
public import Quantities

/// A vehicle that can give energy back (ISO 15118-20, bidirectional power transfer), as it drives in. From this value a
/// ``SimulatedVehicle`` is made that a station of OCPP 2.1 takes like any other:
///
///     var car = BidirectionalVehicle(evccID: "0200000000A1", capacity: .kilowattHours(60), arrivalPermille: 550)
///     car.departure = now + .hours(9)
///     station.handle(.plugIn(connector: 1, SimulatedVehicle(car), idTag: "TAG"), at: now)
public struct BidirectionalVehicle: Hashable, Sendable {
    /// Who decides on the course of power: the vehicle by a schedule of its own, or the station from moment to moment.
    public enum Control: String, Hashable, Sendable { case scheduled, dynamic }

    /// Of its communication controller: what the central system knows it by.
    public var evccID: String
    public var capacity: Energy
    // States of charge, per mille of the capacity.
    public var arrivalPermille: Int
    /// The driver's: below it the vehicle gives nothing.
    public var minimumPermille = 300
    /// As the driver wants to leave.
    public var targetPermille = 800
    public var maximumPermille = 1000
    /// What the driver lets the grid use; `nil`: from minimum to maximum.
    public var window: ClosedRange<Int>?
    /// `nil`: it does not say when it leaves.
    public var departure: Instant?
    /// At the EVSE, both positive.
    public var maxCharge = Power.kilowatts(20)
    public var maxDischarge = Power.kilowatts(20)
    /// Per mille between its inlet and the battery.
    public var chargeEfficiencyPermille = 960
    public var dischargeEfficiencyPermille = 960
    /// Where its battery management begins to take and to give less.
    public var taperStartPermille = 900
    public var dischargeTaperStartPermille = 100
    public var control = Control.dynamic
    /// Until it follows a new schedule, in scheduled control; it tells then which one it chose. The station lets less flow at
    /// once (ISO 15118-20: the limits of each charge loop), more when they agree.
    public var negotiation: Duration = .seconds(2)
    /// It lets nobody go below ``minimumPermille``. One that does not shows whether others take care.
    public var guardsMinimum = true
    /// It tells how much it would give at once, as an offer (ISO 15118-20 `EVEnergyOffer`).
    public var offersEnergy = false
    /// Functions of the grid code that its own inverter carries out; it is told with alternating current only (2.1 R02).
    public var gridFunctions: Set<DERFunction> = []

    /// - Precondition: the state at arrival is 0 to 1000.
    public init(evccID: String, capacity: Energy, arrivalPermille: Int) {
        precondition((0...1000).contains(arrivalPermille), "a state of charge is 0 to 1000 per mille")
        self.evccID = evccID
        self.capacity = capacity
        self.arrivalPermille = arrivalPermille
    }

    var leastPermille: Int { max(minimumPermille, window?.lowerBound ?? 0) }
    var mostPermille: Int { min(maximumPermille, window?.upperBound ?? 1000) }
}

/// When and where such a vehicle is plugged in.
public struct V2XStay: Hashable, Sendable {
    public var vehicle: BidirectionalVehicle
    public var arrival: Instant
    public var departure: Instant
    /// `nil`: nobody shows a card.
    public var idTag: String?
    public var connector = 1

    /// Its departure is the one that the vehicle tells, unless it has another.
    public init(
        _ vehicle: BidirectionalVehicle, arrival: Instant, departure: Instant, idTag: String?, connector: Int = 1
    ) {
        self.vehicle = vehicle
        self.vehicle.departure = vehicle.departure ?? departure
        self.arrival = arrival
        self.departure = departure
        self.idTag = idTag
        self.connector = connector
    }
}

extension SimulatedVehicle {
    /// One that can give energy back; it tells what it needs over ISO 15118-20.
    public init(_ vehicle: BidirectionalVehicle) {
        let capacity = vehicle.capacity
        let battery = SimulatedBattery(
            capacity: capacity, stored: .zero, chargeEfficiencyPermille: vehicle.chargeEfficiencyPermille,
            dischargeEfficiencyPermille: vehicle.dischargeEfficiencyPermille,
            taperStartPermille: vehicle.taperStartPermille,
            dischargeTaperStartPermille: vehicle.dischargeTaperStartPermille)
        let stored = battery.energy(permille: vehicle.arrivalPermille)
        self.init(
            cell: SimulatedBattery(
                capacity: capacity, stored: stored, chargeEfficiencyPermille: vehicle.chargeEfficiencyPermille,
                dischargeEfficiencyPermille: vehicle.dischargeEfficiencyPermille,
                taperStartPermille: vehicle.taperStartPermille,
                dischargeTaperStartPermille: vehicle.dischargeTaperStartPermille),
            wanted: battery.energy(permille: vehicle.targetPermille) - stored, maxPower: vehicle.maxCharge,
            bidirectional: vehicle)
    }

    // MARK: Both directions

    /// What the driver wants to have stored when leaving.
    var target: Energy { cell.energy(permille: bidirectional?.targetPermille ?? 1000) }
    /// Below it nothing is given.
    var floor: Energy {
        guard let bidirectional, bidirectional.guardsMinimum else { return .zero }
        return cell.energy(permille: bidirectional.leastPermille)
    }
    /// Above it nothing is taken, whatever it is told.
    var ceiling: Energy { cell.energy(permille: bidirectional?.maximumPermille ?? 1000) }

    /// The most that it takes now when it is told how much, at the EVSE.
    var chargeLimit: Power {
        stored >= ceiling ? .zero : Power(watts: maxPower.watts * cell.chargeSharePermille / 1000)
    }
    /// The most that it gives now, at the EVSE; positive.
    var dischargeLimit: Power {
        guard let bidirectional, stored > floor else { return .zero }
        return Power(watts: bidirectional.maxDischarge.watts * cell.dischargeSharePermille / 1000)
    }
}

import Charging
import Quantities

/// What a vehicle that can give energy back tells before and while it charges (2.1 Q01, `v2xChargingParameters`). Powers are
/// positive; energies are counted from what is in the battery now, at its inlet's far side.
struct V2XNeeds: Hashable, Sendable {
    let transfer: EnergyTransfer
    let available: [EnergyTransfer]
    let control: BidirectionalVehicle.Control
    let departure: Instant?
    let mostCharge: Power
    let mostDischarge: Power
    /// Wh, to what the driver wants, to what must be there, to full; to the ends of what may be used by the grid.
    let target: Int64
    let minimum: Int64
    let maximum: Int64
    let minimumV2X: Int64
    let maximumV2X: Int64
    /// Per cent.
    let targetCharge: Int
    /// What it would give at once, and for how many seconds.
    struct Offer: Hashable, Sendable {
        let power: Power
        let seconds: Int
    }
    let offer: Offer?
    /// Of an inverter of its own (R02.FR.01).
    let gridFunctions: [DERFunction]
    let at: Instant
}

extension V2XNeeds {
    init(
        _ vehicle: SimulatedVehicle, _ traits: BidirectionalVehicle, _ session: V2XSession, _ evse: BidirectionalEVSE,
        at clock: Instant
    ) {
        func missing(_ permille: Int) -> Int64 {
            (vehicle.cell.energy(permille: permille) - vehicle.stored).milliwattHours / 1000
        }
        transfer = session.transfer
        available = [evse.oneWay, evse.bothWays]
        control = traits.control
        departure = traits.departure
        mostCharge = traits.maxCharge
        mostDischarge = traits.maxDischarge
        target = missing(traits.targetPermille)
        minimum = missing(traits.minimumPermille)
        maximum = missing(traits.maximumPermille)
        minimumV2X = missing(traits.leastPermille)
        maximumV2X = missing(traits.mostPermille)
        targetCharge = traits.targetPermille / 10
        let seconds = traits.departure.map { max(0, ($0 - clock).wholeMilliseconds / 1000) } ?? 3600
        offer =
            traits.offersEnergy && session.isBidirectional && vehicle.dischargeLimit > .zero && seconds > 0
            ? Offer(power: vehicle.dischargeLimit, seconds: Int(seconds)) : nil
        let ofInverter = evse.current == .alternating && session.isBidirectional ? traits.gridFunctions : []
        gridFunctions = DERFunction.allCases.filter(ofInverter.contains)
        at = clock
    }
}

extension BidirectionalEVSE {
    var oneWay: EnergyTransfer { current == .direct ? .direct : .alternating }
    var bothWays: EnergyTransfer { current == .direct ? .directBothWays : .alternatingBothWays }
}

// How vehicle, station and central system agree (2.1 Q01, Q02; ISO 15118-20).
extension SimulatedChargePoint {
    /// Between a list of allowed transfers and the vehicle's new choice.
    private static let renegotiation = Duration.seconds(1)

    /// Of a transaction that begins; `nil`: its vehicle or its station can only charge.
    func v2xSession(_ i: Int) -> V2XSession? {
        guard let evse = electronics(i) else { return nil }
        let allowed = connectors[i].allowedTransfers
        return V2XSession(allowed: allowed, transfer: transfer(allowed, evse, connectors[i].number))
    }

    /// Both ways only where the central system has allowed it and nobody has switched it off (Q01.FR.09).
    private func transfer(
        _ allowed: [EnergyTransfer]?, _ evse: BidirectionalEVSE, _ number: Int
    ) -> EnergyTransfer {
        let isEnabled = configuration.flag(.v2xEnabled(number))
        return isEnabled && allowed?.contains(evse.bothWays) == true ? evse.bothWays : evse.oneWay
    }

    func v2xNeeds(_ i: Int) -> V2XNeeds? {
        guard let evse = electronics(i), let vehicle = connectors[i].vehicle, let traits = vehicle.bidirectional,
            let session = connectors[i].transaction?.v2x
        else { return nil }
        return V2XNeeds(vehicle, traits, session, evse, at: clock)
    }

    /// Another list of what is allowed: the vehicle is asked anew (Q02.FR.06, FR.07).
    /// - Returns: `false`: nobody there could.
    mutating func allow(_ transfers: [EnergyTransfer], transaction: String) -> Bool {
        guard let number = connector(ofTransaction: transaction), let evse = electronics(number - 1),
            connectors[number - 1].transaction?.v2x != nil
        else { return false }
        let i = number - 1
        connectors[i].transaction?.v2x?.allowed = transfers
        // What is forbidden ends at once.
        if !transfers.contains(evse.bothWays) { connectors[i].transaction?.v2x?.transfer = evse.oneWay }
        connectors[i].transaction?.v2x?.renegotiatesAt = now + Self.renegotiation
        return true
    }

    mutating func playRenegotiation() {
        for i in connectors.indices {
            guard let due = connectors[i].transaction?.v2x?.renegotiatesAt, due <= now else { continue }
            connectors[i].transaction?.v2x?.renegotiatesAt = nil
            guard let evse = electronics(i) else { continue }
            let allowed = connectors[i].transaction?.v2x?.allowed
            let transfer = transfer(allowed, evse, connectors[i].number)
            connectors[i].transaction?.v2x?.transfer = transfer
            connectors[i].transaction?.talk?.owesNeeds = true
            connectors[i].transaction?.talk?.hasSchedule = false
        }
    }

    /// What the vehicle asked for is refused (Q01.FR.05, FR.06).
    mutating func transferRefused(_ i: Int) {
        guard let evse = electronics(i), let session = connectors[i].transaction?.v2x else { return }
        if evse.renegotiates, session.isBidirectional {
            connectors[i].transaction?.v2x?.allowed = [evse.oneWay]
            connectors[i].transaction?.v2x?.transfer = evse.oneWay
            connectors[i].transaction?.v2x?.renegotiatesAt = now + Self.renegotiation
        } else {
            endTransaction(connectors[i].number, .transferRefused)
        }
    }
}

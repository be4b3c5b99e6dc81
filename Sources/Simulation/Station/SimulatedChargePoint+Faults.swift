import OCPP
import Quantities

/// What is wrong with a connector, as the station's own protection sees it.
public enum StationFault: String, Hashable, Sendable, CaseIterable {
    /// Current flows to earth: power is cut at once and the transaction ends.
    case groundFailure = "GroundFailure"
    /// A transaction is suspended until the station has cooled down, then it goes on with less.
    case highTemperature = "HighTemperature"
    /// The plug stays locked; nobody begins to charge (2.x G05).
    case connectorLockFailure = "ConnectorLockFailure"

    /// For people, at most 50 characters.
    var info: String {
        switch self {
        case .groundFailure: "residual current device has tripped"
        case .highTemperature: "too hot: charging is suspended or reduced"
        case .connectorLockFailure: "the plug cannot be released"
        }
    }
}

/// Where the fault of ``StationFaults/failure`` stands.
struct FailurePlan: Hashable, Sendable {
    /// Of its begin, then of its end; `nil`: it waits for a transaction, or is over.
    var due: Instant?
    /// Where it happens: the connector of the first transaction.
    var connector: Int?
    var hasBegun = false
}

extension SimulatedConnector {
    /// Of use to nobody; a hot connector is so only while it has no transaction.
    var isFaulted: Bool { fault == .groundFailure || (fault != nil && transaction == nil) }
    /// Somebody may begin to charge.
    var isUsable: Bool { isAvailable && fault == nil && backAt == nil }

    /// Without current it cools down so long before a part of it is offered again.
    static let coolingTime = Duration.seconds(20)
    /// On each phase, while it is hot.
    private static let reducedMilliamperes: Int64 = 8000

    /// What its temperature leaves; `nil`: everything.
    func heatLimit(at now: Instant, _ supply: Supply) -> ChargingLimit? {
        guard let heatedAt else { return nil }
        let milliamperes = now < heatedAt + Self.coolingTime ? 0 : Self.reducedMilliamperes
        return ChargingLimit(
            milliwatts: milliamperes * Int64(supply.voltage * supply.phases), phases: supply.phases)
    }

    /// Inside the housing, degrees Celsius.
    func temperature(at now: Instant) -> Int {
        guard let heatedAt else { return 35 }
        return now < heatedAt + Self.coolingTime ? 85 : 70
    }
}

// What protection does: it cuts, refuses, tells, and lets go again.
extension SimulatedChargePoint {
    public func fault(connector: Int) -> StationFault? { self[connector]?.fault }

    /// - Parameter fault: `nil`: it is over.
    mutating func setFault(_ connector: Int, _ fault: StationFault?) {
        let i = connector - 1
        guard connectors.indices.contains(i), connectors[i].fault != fault else { return }
        connectors[i].fault = fault
        connectors[i].heatedAt = fault == .highTemperature ? now : nil
        if fault != nil { connectors[i].remote = nil }
        switch fault {
        case .groundFailure: endTransaction(connector, .groundFault)
        case .highTemperature, .connectorLockFailure: break
        // Who was waiting is asked for again; who was cut off has to begin anew.
        case nil: if powerAt == nil { authorize(i) }
        }
    }

    /// The first transaction of a station that is to fail sets the time of it.
    mutating func awaitFailure(_ connector: Int) {
        guard let plan = settings.faults.failure, !failure.hasBegun, failure.due == nil else { return }
        failure.due = now + plan.after
        failure.connector = connector
    }

    mutating func playFailure() {
        guard let due = failure.due, due <= now, let plan = settings.faults.failure, let connector = failure.connector
        else { return }
        if failure.hasBegun {
            failure.due = nil
            // Whatever came meanwhile is not ended by it.
            if self[connector]?.fault == plan.fault { setFault(connector, nil) }
        } else {
            failure.hasBegun = true
            failure.due = now + plan.length
            setFault(connector, plan.fault)
        }
    }

    /// When the next connector has cooled down enough for a part of its current.
    var nextCooled: Instant? {
        var next: Instant?
        for connector in connectors {
            guard let heatedAt = connector.heatedAt else { continue }
            let cooled = heatedAt + SimulatedConnector.coolingTime
            if cooled > now { next = min(cooled, next ?? cooled) }
        }
        return next
    }

    /// Tries to let go of the plug.
    /// - Returns: whether it did. One that fails stays stuck until somebody has pulled it out by hand.
    mutating func unlock(_ connector: Int) -> Bool {
        guard let held = self[connector], held.fault == nil else { return false }
        guard settings.faults.unlockFails else { return true }
        setFault(connector, .connectorLockFailure)
        return false
    }
}

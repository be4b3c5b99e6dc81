import OCPP
import OCPPMessages
import Quantities

// Limits of a transaction that the central system sets (2.1 E16): energy rests when one is reached, and goes on when it is raised.
extension SimulatedChargePoint {
    mutating func take(_ limit: TransactionLimit?, cost: JSONDecimal?, local: Int) {
        guard let i = connectors.firstIndex(where: { $0.transaction?.local == local }),
            var bounds = connectors[i].transaction?.bounds, let start = connectors[i].transaction?.start
        else { return }
        bounds.cost = cost ?? bounds.cost
        // Said again it is not confirmed again: two who are polite would never end.
        if let limit, limit != bounds.said {
            bounds.said = limit
            // Wh, from where the transaction began.
            if let energy = limit.energy?.scaled(by: 3) {
                bounds.energyEnd = (connectors[i].transaction?.registerAtStart ?? 0) + max(0, energy)
            }
            bounds.timeEnd = limit.time.map { start + .seconds(max(0, min($0, 31_536_000))) } ?? bounds.timeEnd
            bounds.mostCharge = limit.charge ?? bounds.mostCharge
            bounds.mostCost = limit.cost ?? bounds.mostCost
            bounds.unconfirmed = limit
        }
        connectors[i].transaction?.bounds = bounds
    }

    /// Confirms what was set, and tells what is reached.
    mutating func watchBounds(_ i: Int) {
        guard settings.version == .v21, var bounds = connectors[i].transaction?.bounds else { return }
        let isNew = bounds.unconfirmed != nil
        let limit = bounds.unconfirmed
        bounds.unconfirmed = nil
        let before = bounds.reached
        bounds.reached = reached(i, bounds)
        guard isNew || bounds.reached != before else { return }
        connectors[i].transaction?.bounds = bounds
        if let limit { tell(i, .limitSet(limit)) }
        if let kind = bounds.reached, kind != before {
            // What is told must be what is so.
            connectors[i].transaction?.told = .suspendedEVSE
            tell(i, .limitReached(kind), sample: sample(i, configuration.measurands(.sampled), .periodic))
        }
    }

    private func reached(_ i: Int, _ bounds: TransactionBounds) -> TransactionBounds.Kind? {
        if let end = bounds.energyEnd, connectors[i].register.milliwattHours >= end { return .energy }
        if let end = bounds.timeEnd, now >= end { return .time }
        if let most = bounds.mostCharge, let vehicle = connectors[i].vehicle, vehicle.bidirectional != nil,
            vehicle.cell.statePermille >= most * 10
        {
            return .charge
        }
        if let most = bounds.mostCost, let cost = bounds.cost, most < cost || most == cost { return .cost }
        return nil
    }
}

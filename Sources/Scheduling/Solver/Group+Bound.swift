extension Group {
    /// A lower bound, yuan, on the cost of any schedule of the continuous problem: every vehicle answers the prices of the
    /// nodes above it as if it were alone, and what the limits would have earned is taken off (Lagrangian duality).
    /// Valid for any `prices`, whatever made them.
    ///
    /// - Parameter prices: yuan/kWh, node · slotCount + slot: a node's own price, positive where import is scarce, negative
    ///   where export is.
    /// - Parameter linear: with the plain linear value of what is missing, the value that is reported.
    func lowerBound(_ prices: Vector, linear: Bool) -> Double {
        var bound = 0.0
        for at in 0..<prices.count {
            let price = prices[at]
            if price > 0 {
                bound -= price * highest[at]
            } else if price < 0 {
                bound -= price * lowest[at]
            }
        }
        for n in -1..<nodes.count {
            let members = carsByNode[n + 1]
            if members.isEmpty { continue }
            setPrices(above: n, prices)
            for i in members { bound += answer(linear ? cars[i].withLinearValue : cars[i]) }
        }
        return bound
    }

    /// Writes the prices seen under node `n` into the response: true price and the prices of all nodes above.
    func setPrices(above n: Int, _ prices: Vector?) {
        for t in 0..<slotCount {
            var extra = 0.0
            if let prices {
                var m = n
                while m >= 0 {
                    extra += prices[m * slotCount + t]
                    m = parent[m]
                }
            }
            response.buy[t] = buy[t] + extra
            response.sell[t] = sell[t] + extra
        }
        response.pricesChanged()
    }

    /// The cost, yuan, of the best answer of `car` alone to the prices set, left in ``response``.
    private func answer(_ car: Car) -> Double {
        freeLimits(car)
        return response.cost(of: car)
    }

    /// The vehicle's own limits.
    func freeLimits(_ car: Car) {
        for j in 0..<car.count {
            response.chargeLeast[j] = chargeFloor[car.offset + j]
            response.chargeMost[j] = chargeLimit[car.offset + j]
            response.dischargeLeast[j] = dischargeFloor[car.offset + j]
            response.dischargeMost[j] = dischargeLimit[car.offset + j]
        }
    }

    /// Every vehicle takes its answer to `prices` (nil: the true prices alone), as if there were no limits of nodes.
    func takeAnswers(to prices: Vector?) {
        for n in -1..<nodes.count {
            let members = carsByNode[n + 1]
            if members.isEmpty { continue }
            setPrices(above: n, prices)
            for i in members {
                freeLimits(cars[i])
                ending[i] = response.respond(cars[i])
                keepAnswer(cars[i])
            }
        }
        recomputeLoads()
    }

    func keepAnswer(_ car: Car) {
        for j in 0..<car.count {
            charge[car.offset + j] = response.charge[j]
            discharge[car.offset + j] = response.discharge[j]
        }
    }
}

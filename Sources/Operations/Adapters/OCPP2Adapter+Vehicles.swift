import Charging
import OCPPMessages
import Quantities

// What a vehicle says through its station (ISO 15118: K15 to K20, block Q).
extension OCPP2Adapter {
    static func needs(_ request: V2.NotifyEVChargingNeedsRequest) -> VehicleNeeds {
        let needs = request.chargingNeeds
        let v2x = needs.v2xChargingParameters.map { parameters(needs, $0) }
        let wattHours = (needs.acChargingParameters?.energyAmount ?? dcEnergy(needs.dcChargingParameters))?.scaled(
            by: 0)
        return VehicleNeeds(
            evse: request.evseId, departure: needs.departureTime,
            energy: wattHours.flatMap { (0...mostWattHours).contains($0) ? Energy.wattHours($0) : nil }
                ?? v2x?.target.map { max(.zero, $0) },
            v2x: v2x, offer: offer(request))
    }
    /// What no vehicle asks for: a peer's absurd number is no need.
    private static let mostWattHours: Int64 = 10_000_000
    private static let mostWatts: Int64 = 100_000_000

    /// What it asks for, else what is missing in its battery.
    private static func dcEnergy(_ parameters: V2.DCChargingParameters?) -> JSONDecimal? {
        guard let parameters else { return nil }
        if let asked = parameters.energyAmount { return asked }
        guard let capacity = parameters.evEnergyCapacity?.scaled(by: 0), let charge = parameters.stateOfCharge,
            (0...mostWattHours).contains(capacity), (0...100).contains(charge)
        else { return nil }
        return JSONDecimal(Int(capacity) * max(0, min(100, parameters.fullSoC ?? 100) - charge) / 100)
    }

    // MARK: - Giving back

    /// Energies as they came: from now on. When it was told is put in by whoever knows the time.
    private static func parameters(_ needs: V2.ChargingNeeds, _ told: V2.V2XChargingParameters) -> V2XParameters {
        var parameters = V2XParameters(
            transfer: word(needs.requestedEnergyTransfer),
            control: needs.controlMode == .dynamicControl ? .dynamic : .scheduled,
            leastCharge: power(told.minChargePower, told.minChargePower_L2, told.minChargePower_L3),
            mostCharge: power(told.maxChargePower, told.maxChargePower_L2, told.maxChargePower_L3),
            leastDischarge: power(told.minDischargePower, told.minDischargePower_L2, told.minDischargePower_L3),
            mostDischarge: power(told.maxDischargePower, told.maxDischargePower_L2, told.maxDischargePower_L3),
            target: energy(told.evTargetEnergyRequest), minimum: energy(told.evMinEnergyRequest),
            maximum: energy(told.evMaxEnergyRequest), minimumV2X: energy(told.evMinV2XEnergyRequest),
            maximumV2X: energy(told.evMaxV2XEnergyRequest), toldAt: Instant(milliseconds: 0))
        parameters.capacity = energy(needs.dcChargingParameters?.evEnergyCapacity).flatMap { $0 > .zero ? $0 : nil }
        return parameters
    }

    /// A magnitude. The first field is the sum of all phases, unless the others are given too (part 2 §2.113).
    private static func power(_ first: JSONDecimal?, _ second: JSONDecimal?, _ third: JSONDecimal?) -> Power? {
        guard first != nil else { return nil }
        let watts = [first, second, third].compactMap { $0 }.map { $0.scaled(by: 0) }
        let sum = watts.reduce(Int64(0)) { sum, each in
            each.map { $0 >= 0 && $0 <= mostWatts && sum >= 0 ? sum + $0 : -1 } ?? -1
        }
        return sum < 0 ? nil : Power(watts: sum)
    }

    /// Below 0: the battery holds more than that.
    private static func energy(_ wattHours: JSONDecimal?) -> Energy? {
        wattHours?.scaled(by: 0).flatMap { (-mostWattHours...mostWattHours).contains($0) ? Energy.wattHours($0) : nil }
    }

    private static func word(_ transfer: V2.EnergyTransferMode) -> String { HeldProfile.word(transfer.name) }

    private static func offer(_ request: V2.NotifyEVChargingNeedsRequest) -> VehicleOffer {
        let needs = request.chargingNeeds
        var offer = VehicleOffer(
            requested: word(needs.requestedEnergyTransfer), available: (needs.availableEnergyTransfer ?? []).map(word),
            mobility: needs.mobilityNeedsMode.map { HeldProfile.word($0.name) },
            mostTuples: request.maxScheduleTuples,
            phases: needs.v2xChargingParameters.map(phases) ?? [],
            der: needs.derChargingParameters.map { parameters in
                var writer = JSONWriter()
                parameters.write(to: &writer)
                return String(decoding: writer.bytes, as: UTF8.self)
            }, at: request.timestamp ?? Instant(milliseconds: 0))
        if let told = needs.evEnergyOffer?.evPowerSchedule {
            offer.power = VehicleOffer.Power(
                start: told.timeAnchor,
                steps: told.evPowerScheduleEntries.map {
                    VehicleOffer.Power.Step(seconds: seconds($0.duration), watts: bounded($0.power))
                })
        }
        if let told = needs.evEnergyOffer?.evAbsolutePriceSchedule {
            offer.price = VehicleOffer.Price(
                start: told.timeAnchor, currency: String(told.currency.prefix(3)),
                algorithm: String(told.priceAlgorithm.prefix(200)),
                steps: told.evAbsolutePriceScheduleEntries.map { entry in
                    VehicleOffer.Price.Step(
                        seconds: seconds(entry.duration),
                        rules: entry.evPriceRule.map {
                            VehicleOffer.Price.Rule(fee: $0.energyFee.description, from: bounded($0.powerRangeStart))
                        })
                })
        }
        return offer
    }

    /// Which values a phase a vehicle named: only those may be named to it (K01.FR.142, V2X.08).
    private static func phases(_ told: V2.V2XChargingParameters) -> [String] {
        [
            ("maxChargePower_L2", told.maxChargePower_L2), ("maxChargePower_L3", told.maxChargePower_L3),
            ("maxDischargePower_L2", told.maxDischargePower_L2), ("maxDischargePower_L3", told.maxDischargePower_L3),
        ].compactMap { $0.1 == nil ? nil : $0.0 }
    }

    private static func bounded(_ power: JSONDecimal) -> Int64 {
        max(-mostWatts, min(power.scaled(by: 0) ?? 0, mostWatts))
    }
    private static func seconds(_ duration: Int) -> Int { max(0, min(duration, mostSeconds)) }

    /// EVCCID among what a token came with (Q01.FR.02).
    static func vehicle(_ token: V2.IdToken?) -> String? {
        token?.additionalInfo?.first { $0.type.uppercased() == "EVCCID" }.map {
            String($0.additionalIdToken.prefix(255))
        }
    }

    static func allow(_ transfers: [String], transaction: String) -> (action: String, payload: [UInt8]) {
        (
            V2.Action.notifyAllowedEnergyTransfer.rawValue,
            V2.NotifyAllowedEnergyTransferRequest(
                transactionId: transaction, allowedEnergyTransfer: transfers.map { V2.EnergyTransferMode($0) }
            ).json
        )
    }

    static func answer(_ needs: NeedsAnswer, in version: OCPPVersion) -> [UInt8] {
        let status: V2.NotifyEVChargingNeedsStatus
        var why: V2.StatusInfo?
        switch needs {
        case .limitFollows: status = .accepted
        case .limitComes: status = .processing
        // 2.0.1 has no word for it but that there is no schedule (K15.FR.05).
        case .noLimit: status = version == .v21 ? .noChargingProfile : .rejected
        case .refused(let reason):
            status = .rejected
            switch reason {
            case .noTransaction: why = V2.StatusInfo(reasonCode: "TxNotFound")
            case .transferNotAllowed:
                why = V2.StatusInfo(
                    reasonCode: "InvalidValue", additionalInfo: "requestedEnergyTransfer is not among the allowed ones")
            case .transferUnknown:
                why = V2.StatusInfo(
                    reasonCode: "UnsupportedParam",
                    additionalInfo: "requestedEnergyTransfer is not among V2XChargingCtrlr.SupportedEnergyTransferModes"
                )
            }
        }
        return V2.NotifyEVChargingNeedsResponse(status: status, statusInfo: why).json
    }

    // MARK: - Its own schedule

    static func schedule(_ request: V2.NotifyEVChargingScheduleRequest) -> VehicleSchedule {
        let schedule = request.chargingSchedule
        return VehicleSchedule(
            evse: request.evseId, start: schedule.startSchedule ?? request.timeBase,
            duration: schedule.duration.map { .seconds(max(0, min($0, mostSeconds))) },
            unit: schedule.chargingRateUnit == .a ? .amperes : .watts,
            steps: schedule.chargingSchedulePeriod.map { period in
                VehicleSchedule.Step(
                    start: .seconds(max(0, min(period.startPeriod, mostSeconds))), limit: course(period),
                    phases: period.numberPhases)
            }, selected: request.selectedChargingScheduleId, keepsTolerance: request.powerToleranceAcceptance)
    }

    /// A setpoint is what it will do; without one a limit to discharging beside none to charging says that it gives back.
    private static func course(_ period: V2.ChargingSchedulePeriod) -> Int64 {
        let value: JSONDecimal?
        if let setpoint = period.setpoint {
            value = setpoint
        } else if let least = period.dischargeLimit, least < JSONDecimal(0),
            period.limit.map({ $0 == JSONDecimal(0) }) ?? true
        {
            value = least
        } else {
            value = period.limit
        }
        // 2.1: a period without a limit allows everything.
        guard let value else { return mostThousandths }
        let most = value < JSONDecimal(0) ? -mostThousandths : mostThousandths
        return max(-mostThousandths, min(value.scaled(by: 3) ?? most, mostThousandths))
    }
    private static let mostSeconds = 86_400
    private static let mostThousandths: Int64 = 999_999_999_999
}

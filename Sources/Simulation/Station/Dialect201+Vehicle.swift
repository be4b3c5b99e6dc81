import OCPP
import OCPPMessages
import Quantities

// What a vehicle says (ISO 15118: part 2 C07, K15 to K17).
extension Dialect201 {
    /// `contract`: PEM, the central system checks it (C07.FR.06).
    func authorization(_ idTag: String, contract: VehicleSpeech.Contract?, evccID: String? = nil) -> V2.Request {
        .authorize(
            .init(
                idToken: token(idTag, isContract: contract != nil, evccID: evccID), certificate: contract?.chain))
    }

    /// A contract is good with its certificates.
    func standing(of response: V2.AuthorizeResponse) -> StationHoldings.Listed {
        let token = standing(response.idTokenInfo)
        return StationHoldings.Listed(
            isAccepted: token.isAccepted && response.certificateStatus ?? .accepted == .accepted,
            expiresAt: token.expiresAt, group: token.group)
    }

    func needs(_ evse: Int, _ vehicle: SimulatedVehicle, _ settings: StationSettings) -> V2.Request {
        let phases = min(settings.supply.phases, vehicle.phases)
        let transfer: V2.EnergyTransferMode =
            switch phases {
            case 1: .acSinglePhase
            case 2: .acTwoPhase
            default: .acThreePhase
            }
        let volts = Int64(settings.supply.voltage)
        let perAmpere = volts * Int64(phases)
        return .notifyEVChargingNeeds(
            .init(
                evseId: evse,
                chargingNeeds: V2.ChargingNeeds(
                    requestedEnergyTransfer: transfer,
                    acChargingParameters: V2.ACChargingParameters(
                        energyAmount: JSONDecimal(Int(vehicle.neededEnergy.milliwattHours / 1000)),
                        evMinCurrent: JSONDecimal(Int((vehicle.minMilliamperes + 999) / 1000)),
                        evMaxCurrent: JSONDecimal(Int((vehicle.maxPower.watts + perAmpere - 1) / perAmpere)),
                        evMaxVoltage: JSONDecimal(Int(volts))),
                    departureTime: vehicle.speech?.departure),
                maxScheduleTuples: SimulatedChargePoint.mostSchedules))
    }

    /// In watts: what the vehicle will take, not what it may.
    func plan(_ evse: Int, _ plan: VehiclePlan) -> V2.Request {
        .notifyEVChargingSchedule(
            .init(
                timeBase: plan.start,
                chargingSchedule: V2.ChargingSchedule(
                    id: 1, chargingRateUnit: .w,
                    chargingSchedulePeriod: plan.steps.map { step in
                        V2.ChargingSchedulePeriod(
                            startPeriod: step.start, limit: JSONDecimal(Int(step.power.watts)),
                            numberPhases: plan.phases)
                    }, startSchedule: plan.start), evseId: evse))
    }

    func bringsSchedule(_ answer: [UInt8]) -> Bool {
        guard case .notifyEVChargingNeeds(let response)? = read(.notifyEVChargingNeeds, answer) else { return false }
        switch response.status {
        case .accepted, .processing: return true
        case .rejected, .noChargingProfile, .unrecognized: return false
        }
    }

    /// The schedule of a profile that the vehicle takes; a profile of several is for vehicles that choose (K16).
    func chosen(
        of profile: V2.ChargingProfile, evse: Int, by station: SimulatedChargePoint
    ) -> ChargingProfile? {
        guard profile.chargingSchedule.count > 1 else { return ChargingProfile(profile, at: station.clock) }
        let offers = profile.chargingSchedule.compactMap { schedule in
            ChargingProfile(
                V2.ChargingProfile(
                    id: profile.id, stackLevel: profile.stackLevel,
                    chargingProfilePurpose: profile.chargingProfilePurpose,
                    chargingProfileKind: profile.chargingProfileKind, chargingSchedule: [schedule],
                    recurrencyKind: profile.recurrencyKind, validFrom: profile.validFrom, validTo: profile.validTo,
                    transactionId: profile.transactionId))
        }
        guard offers.count == profile.chargingSchedule.count, profile.chargingProfilePurpose == .txProfile,
            let choice = station.choice(of: offers, evse: evse)
        else { return nil }
        return offers[choice]
    }
}

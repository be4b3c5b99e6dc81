import Charging
import OCPPMessages
import Quantities

/// A span of time with what a kWh costs, and what it earns.
struct PriceStep: Hashable, Sendable {
    let seconds: Int
    /// Yuan a kWh into the vehicle.
    let price: Rational
    /// Yuan a kWh out of it; `nil`: nothing is paid, or nobody knows.
    let exportPrice: Rational?
}

// Prices for a vehicle that plans by itself (2.1 K18.FR.07, ISO 15118-20 scheduled control).
extension OCPP2Adapter {
    /// The profile with prices beside its first schedule; as it was, where it cannot be read.
    static func priced(_ payload: [UInt8], from start: Instant, _ steps: [PriceStep]) -> [UInt8] {
        guard !steps.isEmpty,
            case .success(.setChargingProfile(let request)) = V2.Request.decode(
                .setChargingProfile, payload: payload.span, in: .v21
            ).result, let first = request.chargingProfile.chargingSchedule.first
        else { return payload }
        let profile = request.chargingProfile
        let schedule = V2.ChargingSchedule(
            id: first.id, chargingRateUnit: first.chargingRateUnit,
            chargingSchedulePeriod: first.chargingSchedulePeriod, limitAtSoC: first.limitAtSoC,
            startSchedule: first.startSchedule, duration: first.duration, minChargingRate: first.minChargingRate,
            powerTolerance: first.powerTolerance, useLocalTime: first.useLocalTime,
            randomizedDelay: first.randomizedDelay,
            absolutePriceSchedule: V2.AbsolutePriceSchedule(
                timeAnchor: start, priceScheduleID: Int(start.milliseconds / 1000 % Int64(Int32.max)), currency: "CNY",
                language: "zh", priceAlgorithm: powerAlgorithm,
                priceRuleStacks: steps.map { V2.PriceRuleStack(duration: $0.seconds, priceRule: rules($0)) }))
        return V2.SetChargingProfileRequest(
            evseId: request.evseId,
            chargingProfile: V2.ChargingProfile(
                id: profile.id, stackLevel: profile.stackLevel,
                chargingProfilePurpose: profile.chargingProfilePurpose,
                chargingProfileKind: profile.chargingProfileKind,
                chargingSchedule: [schedule] + profile.chargingSchedule.dropFirst(),
                recurrencyKind: profile.recurrencyKind, validFrom: profile.validFrom, validTo: profile.validTo,
                transactionId: profile.transactionId, maxOfflineDuration: profile.maxOfflineDuration,
                invalidAfterOfflineDuration: profile.invalidAfterOfflineDuration,
                dynUpdateInterval: profile.dynUpdateInterval, dynUpdateTime: profile.dynUpdateTime)
        ).json
    }

    /// A fee holds from its power up to the next rule's; below 0 the vehicle gives back, and earns it.
    private static func rules(_ step: PriceStep) -> [V2.PriceRule] {
        let charging = V2.PriceRule(energyFee: rational(step.price), powerRangeStart: zero)
        guard let exported = step.exportPrice else { return [charging] }
        return [V2.PriceRule(energyFee: rational(exported), powerRangeStart: mostDischarge), charging]
    }

    /// To the hundredth of a fen, as tariffs are published.
    private static func rational(_ price: Rational) -> V2.RationalNumber {
        let digits = price.text(decimals: 4).filter { $0 != "." }
        return V2.RationalNumber(exponent: -4, value: Int(digits) ?? 0)
    }
    private static var zero: V2.RationalNumber { V2.RationalNumber(exponent: 0, value: 0) }
    /// Below what any vehicle gives back: a megawatt.
    private static var mostDischarge: V2.RationalNumber { V2.RationalNumber(exponent: 3, value: -1000) }
    /// ISO 15118-20: the fee depends on the power at the moment.
    private static let powerAlgorithm = "urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power"
}

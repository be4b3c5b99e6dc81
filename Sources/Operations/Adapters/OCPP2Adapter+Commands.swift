import Assets
import Charging
import OCPPMessages
import Quantities

extension OCPP2Adapter {
    /// Numbers of our profiles: stable, so that a newer one replaces the older one of the same id, and apart from those that
    /// people choose by hand.
    static let transactionProfiles = 7_100_000
    static let defaultProfiles = 7_200_000
    /// Above the default profile's, which is 0.
    static func transactionLevel(_ form: LimitForm) -> Int { min(1, form.maxLevel) }

    // MARK: - What we ask

    static func call(_ command: StationCommand, form: LimitForm) -> (action: V2.Action, payload: [UInt8]) {
        switch command {
        case .limitTransaction(let evse, let transaction, let limit, let interval):
            let start = OCPP16Adapter.start(of: interval)
            return setProfile(
                V2.ChargingProfile(
                    id: transactionProfiles + evse, stackLevel: transactionLevel(form),
                    chargingProfilePurpose: .txProfile, chargingProfileKind: .absolute,
                    chargingSchedule: [
                        V2.ChargingSchedule(
                            id: 1, chargingRateUnit: unit(form),
                            chargingSchedulePeriod: [period(0, limit, form)], startSchedule: start,
                            duration: Int((interval.end - start).components.seconds))
                    ], transactionId: transaction), evse: evse)
        case .limitByDefault(let evse, let anchor, let steps):
            return setProfile(
                V2.ChargingProfile(
                    id: defaultProfiles + evse, stackLevel: 0, chargingProfilePurpose: .txDefaultProfile,
                    chargingProfileKind: .recurring,
                    chargingSchedule: [
                        V2.ChargingSchedule(
                            id: 1, chargingRateUnit: unit(form),
                            chargingSchedulePeriod: steps.map {
                                period(Int($0.start.components.seconds), $0.limit, form)
                            }, startSchedule: anchor.floored(to: .seconds(1), from: Instant(milliseconds: 0)),
                            duration: 86_400)
                    ], recurrencyKind: .daily), evse: evse)
        case .steer(let evse, let transaction, let power, let interval, let isRenewal):
            return isRenewal
                ? steerOn(evse, power, form) : steer(evse, transaction, power, interval.duration, form)
        case .followSchedule(let evse, let transaction, let steps, let interval):
            return follow(evse, transaction, steps, interval, form)
        case .readDefault(let evse, let request): return readDefault(evse, request)
        case .readListBounds: return (.getVariables, readListBounds)
        case .readListVersion: return (.getLocalListVersion, V2.GetLocalListVersionRequest().json)
        case .sendList(let version, let isWhole, let entries):
            return (.sendLocalList, sendList(version, isWhole: isWhole, entries))
        case .readAbilities:
            return (
                .getVariables,
                V2.GetVariablesRequest(
                    getVariableData: abilities.map {
                        V2.GetVariableData(
                            component: V2.Component(name: $0.component),
                            variable: V2.Variable(name: $0.variable, instance: $0.instance))
                    }
                ).json
            )
        case .readV2XAbilities(let evses): return (.getVariables, readV2XAbilities(evses))
        case .sampleEvery(let interval):
            return setVariables([("SampledDataCtrlr", "TxUpdatedInterval", String(interval.components.seconds))])
        case .sample(let wish, let bothWays):
            let list = bothWays ? measurandsBothWays(wish) : OCPP16Adapter.measurands(wish)
            let register =
                bothWays
                ? measurandsBothWays(StationCommand.sampledSets - 1)
                : OCPP16Adapter.measurands(StationCommand.sampledSets - 1)
            return setVariables([
                ("SampledDataCtrlr", "TxUpdatedMeasurands", list),
                ("SampledDataCtrlr", "TxStartedMeasurands", register),
                ("SampledDataCtrlr", "TxEndedMeasurands", register),
            ])
        case .readSchedule(let evse, let duration):
            return (
                .getCompositeSchedule,
                V2.GetCompositeScheduleRequest(
                    duration: Int(duration.components.seconds), evseId: evse, chargingRateUnit: unit(form)
                ).json
            )
        }
    }

    static func setProfile(
        _ profile: V2.ChargingProfile, evse: Int
    ) -> (action: V2.Action, payload: [UInt8]) {
        (.setChargingProfile, V2.SetChargingProfileRequest(evseId: evse, chargingProfile: profile).json)
    }

    private static func setVariables(
        _ values: [(component: String, variable: String, value: String)]
    ) -> (action: V2.Action, payload: [UInt8]) {
        (
            .setVariables,
            V2.SetVariablesRequest(
                setVariableData: values.map {
                    V2.SetVariableData(
                        attributeValue: $0.value, component: V2.Component(name: $0.component),
                        variable: V2.Variable(name: $0.variable))
                }
            ).json
        )
    }

    static func unit(_ form: LimitForm) -> V2.ChargingRateUnit { form.unit == .amperes ? .a : .w }

    /// An absent number of phases means 3 (K01.FR.49).
    private static func period(_ start: Int, _ limit: Power, _ form: LimitForm) -> V2.ChargingSchedulePeriod {
        V2.ChargingSchedulePeriod(
            startPeriod: start, limit: OCPP16Adapter.rate(limit, form),
            numberPhases: form.phases == 3 ? nil : form.phases)
    }

    // MARK: - How stations take it

    static func answer(
        to command: StationCommand, _ payload: [UInt8], form: LimitForm, in version: OCPPVersion
    ) -> CommandAnswer {
        switch command {
        case .steer(_, _, _, _, isRenewal: true): return steered(payload, version)
        case .readDefault: return defaultAnnounced(payload, version)
        case .limitTransaction, .limitByDefault, .steer, .followSchedule:
            guard case .success(.setChargingProfile(let response)) = response(.setChargingProfile, payload, version)
            else { return .none(.unreadable) }
            guard response.status != .accepted else { return .accepted }
            return .refused(word: response.statusInfo?.reasonCode ?? response.status.name)
        case .sampleEvery, .sample:
            guard case .success(.setVariables(let response)) = response(.setVariables, payload, version),
                let first = response.setVariableResult.first
            else { return .none(.unreadable) }
            // What is metered while a transaction runs decides; start and end are a wish.
            switch first.attributeStatus {
            case .accepted, .rebootRequired: return .accepted
            default: return .refused(word: first.attributeStatus.name)
            }
        case .readListBounds:
            guard case .success(.getVariables(let response)) = response(.getVariables, payload, version) else {
                return .none(.unreadable)
            }
            return .listBounds(listBounds(response.getVariableResult))
        case .readListVersion:
            guard case .success(.getLocalListVersion(let response)) = response(.getLocalListVersion, payload, version)
            else { return .none(.unreadable) }
            return .listVersion(response.versionNumber)
        case .sendList:
            guard case .success(.sendLocalList(let response)) = response(.sendLocalList, payload, version) else {
                return .none(.unreadable)
            }
            return response.status == .accepted ? .accepted : .refused(word: response.status.name)
        case .readAbilities:
            guard case .success(.getVariables(let response)) = response(.getVariables, payload, version) else {
                return .none(.unreadable)
            }
            return .abilities(found(response.getVariableResult))
        case .readV2XAbilities:
            guard case .success(.getVariables(let response)) = response(.getVariables, payload, version) else {
                return .none(.unreadable)
            }
            var abilities = StationAbilities()
            abilities.v2x = v2xAbilities(response.getVariableResult)
            return .abilities(abilities)
        case .readSchedule:
            guard case .success(.getCompositeSchedule(let response)) = response(.getCompositeSchedule, payload, version)
            else { return .none(.unreadable) }
            guard response.status == .accepted, let schedule = response.schedule else {
                return .refused(word: response.statusInfo?.reasonCode ?? response.status.name)
            }
            return .schedule(reported(schedule, form))
        }
    }

    static func response(
        _ action: V2.Action, _ payload: [UInt8], _ version: OCPPVersion
    ) -> Result<V2.Response, FieldFault> {
        V2.Response.decode(action, payload: payload.span, in: version).result
    }

    /// Variables of the standard's device model (part 2 appendix 3) that say what the dispatcher must know, and whether a driver
    /// can be shown prices.
    private static let abilities: [(component: String, variable: String, instance: String?)] = [
        ("SmartChargingCtrlr", "Enabled", nil), ("SmartChargingCtrlr", "RateUnit", nil),
        ("SmartChargingCtrlr", "ProfileStackLevel", nil), ("SmartChargingCtrlr", "PeriodsPerSchedule", nil),
        ("SampledDataCtrlr", "TxUpdatedInterval", nil), ("TariffCostCtrlr", "Available", "Tariff"),
        ("TariffCostCtrlr", "Enabled", "Tariff"), ("DisplayMessageCtrlr", "Available", nil),
        ("DisplayMessageCtrlr", "Enabled", nil), ("DisplayMessageCtrlr", "Language", nil),
    ]

    private static func found(_ results: [V2.GetVariableResult]) -> StationAbilities {
        var abilities = StationAbilities()
        for result in results where result.attributeStatus == .accepted {
            // What displays can is learned where all variables are.
            guard let value = result.attributeValue,
                ["smartchargingctrlr", "sampleddatactrlr"].contains(result.component.name.lowercased())
            else { continue }
            let number = Int(value).flatMap { (0...1_000_000).contains($0) ? $0 : nil }
            switch result.variable.name.lowercased() {
            case "enabled": if value.lowercased() == "false" { abilities.limitsPower = false }
            case "rateunit":
                let units = value.split(separator: ",").map { $0.lowercased().filter { $0 != " " } }
                if units.contains(where: { $0 == "a" || $0 == "current" }) {
                    abilities.unit = .amperes
                } else if units.contains(where: { $0 == "w" || $0 == "power" }) {
                    abilities.unit = .watts
                }
            case "profilestacklevel": abilities.maxLevel = number
            case "periodsperschedule": abilities.maxPeriods = number
            case "txupdatedinterval": abilities.sampleInterval = number
            default: break
            }
        }
        return abilities
    }
}

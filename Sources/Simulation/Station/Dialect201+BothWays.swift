import OCPP
import OCPPMessages
import Quantities

// What 2.1 adds for energy in both directions (part 2 blocks K and Q).
extension Dialect201 {
    var is21: Bool { version == .v21 }

    /// - Returns: whether it is a call of these.
    func answerBothWays(_ request: V2.Request, _ id: String, _ station: inout SimulatedChargePoint) -> Bool {
        guard is21 else { return false }
        switch request {
        case .updateDynamicSchedule(let request): update(request, id, &station)
        case .afrrSignal(let request): follow(request, id, &station)
        case .usePriorityCharging(let request): use(request, id, &station)
        case .notifyAllowedEnergyTransfer(let request):
            let isTaken = station.allow(
                request.allowedEnergyTransfer.compactMap(EnergyTransfer.init), transaction: request.transactionId)
            respond(.notifyAllowedEnergyTransfer(.init(status: isTaken ? .accepted : .rejected)), id, &station)
        default: return false
        }
        return true
    }

    private func update(
        _ request: V2.UpdateDynamicScheduleRequest, _ id: String, _ station: inout SimulatedChargePoint
    ) {
        let refuses = station.settings.faults.refusesSetpoints
        let isTaken = !refuses && station.update(profile: request.chargingProfileId, by: request.scheduleUpdate)
        respond(
            .updateDynamicSchedule(
                .init(
                    status: isTaken ? .accepted : .rejected,
                    statusInfo: isTaken
                        ? nil : V2.StatusInfo(reasonCode: refuses ? "UnsupportedParam" : "InvalidProfile"))),
            id, &station)
    }

    /// The signal counts from its own instant on (Q08.FR.10).
    private func follow(_ request: V2.AFRRSignalRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let isFollowed = station.connectors.indices.contains { station.followsSignal($0) }
        if isFollowed {
            station.signals.append((request.timestamp, Int64(request.signal)))
            station.signals.sort { $0.at < $1.at }
            // Whoever sends more than these ahead is not followed in all.
            if station.signals.count > Self.mostSignals { station.signals.removeLast() }
            station.playSignals()
        }
        respond(
            .afrrSignal(
                .init(
                    status: isFollowed ? .accepted : .rejected,
                    statusInfo: isFollowed ? nil : V2.StatusInfo(reasonCode: "NoSignalWattCurve"))), id, &station)
    }
    private static let mostSignals = 100

    /// K21.FR.01 to FR.08.
    private func use(_ request: V2.UsePriorityChargingRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        func answer(_ status: V2.PriorityChargingStatus, _ reason: String? = nil) {
            respond(
                .usePriorityCharging(
                    .init(status: status, statusInfo: reason.map { V2.StatusInfo(reasonCode: $0) })), id, &station)
        }
        guard let evse = station.connector(ofTransaction: request.transactionId) else {
            return answer(.rejected, "TxNotFound")
        }
        if request.activate, !station.hasPriorityProfile(evse) { return answer(.noProfile, "NotFound") }
        answer(.accepted)
        station.setPriority(evse, request.activate)
    }

    // MARK: What a vehicle says

    func needs(_ evse: Int, _ needs: V2XNeeds, _ settings: StationSettings) -> V2.Request {
        func watts(_ power: Power) -> JSONDecimal { JSONDecimal(Int(power.watts)) }
        func wattHours(_ value: Int64) -> JSONDecimal { JSONDecimal(Int(value)) }
        return .notifyEVChargingNeeds(
            .init(
                evseId: evse,
                chargingNeeds: V2.ChargingNeeds(
                    requestedEnergyTransfer: V2.EnergyTransferMode(needs.transfer.rawValue),
                    derChargingParameters: needs.gridFunctions.isEmpty
                        ? nil
                        : V2.DERChargingParameters(
                            evSupportedDERControl: needs.gridFunctions.map { V2.DERControlKind($0.rawValue) },
                            maxChargeApparentPower: watts(needs.mostCharge),
                            maxDischargeApparentPower: watts(needs.mostDischarge)),
                    evEnergyOffer: needs.offer.map { offer in
                        // What is given back is below zero.
                        V2.EVEnergyOffer(
                            evPowerSchedule: V2.EVPowerSchedule(
                                evPowerScheduleEntries: [
                                    V2.EVPowerScheduleEntry(
                                        duration: offer.seconds, power: JSONDecimal(-Int(offer.power.watts)))
                                ], timeAnchor: needs.at))
                    },
                    v2xChargingParameters: V2.V2XChargingParameters(
                        minChargePower: JSONDecimal(0), maxChargePower: watts(needs.mostCharge),
                        minDischargePower: JSONDecimal(0), maxDischargePower: watts(needs.mostDischarge),
                        evTargetEnergyRequest: wattHours(needs.target), evMinEnergyRequest: wattHours(needs.minimum),
                        evMaxEnergyRequest: wattHours(needs.maximum),
                        evMinV2XEnergyRequest: wattHours(needs.minimumV2X),
                        evMaxV2XEnergyRequest: wattHours(needs.maximumV2X), targetSoC: needs.targetCharge),
                    availableEnergyTransfer: needs.available.map { V2.EnergyTransferMode($0.rawValue) },
                    controlMode: needs.control == .dynamic ? .dynamicControl : .scheduledControl,
                    mobilityNeedsMode: .evcc, departureTime: needs.departure),
                maxScheduleTuples: needs.control == .dynamic ? nil : SimulatedChargePoint.mostSchedules,
                timestamp: needs.at))
    }

    func plan(_ evse: Int, _ schedule: PowerSchedule, _ settings: StationSettings) -> V2.Request {
        let told = schedule.schedule(of: evse, in: .w, supply: settings.supply, hardware: settings.hardware)
        return .notifyEVChargingSchedule(
            .init(
                timeBase: schedule.span.start,
                chargingSchedule: V2.ChargingSchedule(
                    id: 1, chargingRateUnit: .w,
                    chargingSchedulePeriod: Array(told.chargingSchedulePeriod.prefix(settings.maxPeriods)),
                    startSchedule: schedule.span.start), evseId: evse))
    }

    // MARK: What the central system answers

    func allowedTransfers(_ answer: [UInt8]) -> [EnergyTransfer]? {
        guard is21, case .authorize(let response)? = read(.authorize, answer) else { return nil }
        return response.allowedEnergyTransfer?.compactMap(EnergyTransfer.init)
    }

    func refusesTransfer(_ answer: [UInt8]) -> Bool {
        guard is21, case .notifyEVChargingNeeds(let response)? = read(.notifyEVChargingNeeds, answer) else {
            return false
        }
        return response.status == .rejected
    }

    func scheduleUpdate(_ answer: [UInt8]) -> V2.ChargingScheduleUpdate? {
        guard case .pullDynamicScheduleUpdate(let response)? = read(.pullDynamicScheduleUpdate, answer),
            response.status == .accepted
        else { return nil }
        return response.scheduleUpdate
    }

    func bounds(_ answer: [UInt8]) -> (limit: TransactionLimit?, cost: JSONDecimal?) {
        guard is21, case .transactionEvent(let response)? = read(.transactionEvent, answer) else { return (nil, nil) }
        let limit = response.transactionLimit.map {
            TransactionLimit(cost: $0.maxCost, energy: $0.maxEnergy, time: $0.maxTime, charge: $0.maxSoC)
        }
        return (limit, response.totalCost)
    }

    // MARK: Device model

    func variablesBothWays(_ settings: StationSettings) -> [StationConfiguration.Entry] {
        guard is21 else { return [] }
        let evse = settings.bidirectional
        var entries = [
            open(
                "SmartChargingCtrlr", "SetpointPriority", "ExternalSystem", .option(["ExternalSystem", "CSMS"]),
                .setpointPriority),
            fixed(
                "SmartChargingCtrlr", "SupportedAdditionalPurposes", "PriorityCharging,LocalGeneration",
                .members(["PriorityCharging", "LocalGeneration"])),
            fixed("ISO15118Ctrlr", "ServiceRenegotiationSupport", "\(evse != nil)", .flag),
            fixed(
                "TxCtrlr", "SupportedLimits", "maxCost,maxEnergy,maxTime,maxSoC",
                .members(["maxCost", "maxEnergy", "maxTime", "maxSoC"])),
        ]
        for (feature, has) in [
            ("DynamicProfiles", true), ("MaxOfflineDuration", true), ("UseLocalTime", false),
            ("RandomizedDelay", false), ("LimitAtSoC", false), ("EvseSleep", evse?.sleeps ?? false),
        ] {
            entries.append(fixed("SmartChargingCtrlr", "SupportsFeature", "\(has)", .flag, instance: feature))
        }
        guard let evse else { return entries }
        let modes = evse.modes.map { V2.OperationMode($0).name }
        let transfers = [evse.oneWay.rawValue, evse.bothWays.rawValue]
        for number in 1...settings.connectors {
            func at(
                _ component: String, _ variable: String, _ value: String, _ kind: StationConfiguration.Kind,
                _ parameter: StationConfiguration.Parameter? = nil, instance: String? = nil
            ) {
                let name = StationConfiguration.Name(
                    component: component, evse: number, variable: variable, instance: instance)
                entries.append(
                    StationConfiguration.Entry(
                        name: name, value: value, kind: kind, isReadOnly: parameter == nil, parameter: parameter))
            }
            at("V2XChargingCtrlr", "Enabled", "true", .flag, .v2xEnabled(number))
            at(
                "V2XChargingCtrlr", "SupportedEnergyTransferModes", transfers.joined(separator: ","),
                .members(transfers))
            at("V2XChargingCtrlr", "SupportedOperationModes", modes.joined(separator: ","), .members(modes))
            at(
                "V2XChargingCtrlr", "LocalFrequencyUpdateThreshold", "\(evse.frequencyThreshold)",
                .number(unit: "mHz"), .frequencyThreshold(number))
            for part in StationConfiguration.LoadBalancing.allCases {
                let value = evse.loadBand.map { part.value(in: $0) }
                at(
                    "V2XChargingCtrlr", "LocalLoadBalancing", value.map { "\($0)" } ?? "", .signed(unit: "W"),
                    .loadBalancing(number, part), instance: part.rawValue)
            }
            at("EVSE", "DischargePower", "0", .number(unit: "W", most: evse.maxDischarge.watts))
            at("ConnectedEV", "Available", "false", .flag)
            at("ConnectedEV", "VehicleId", "", .text)
            at("ConnectedEV", "ProtocolAgreed", "", .text)
            at("ConnectedEV", "ProtocolSupportedByEV", "", .text, instance: "1")
        }
        return entries
    }

    // ISO 15118-20, by the current that flows.
    private static let direct = "urn:iso:std:iso:15118:-20:DC,1,0"
    private static let alternating = "urn:iso:std:iso:15118:-20:AC,1,0"

    /// Of the vehicle that is there; `nil`: it is none of these variables.
    func valueBothWays(_ name: StationConfiguration.Name, of station: SimulatedChargePoint) -> String? {
        guard is21, let evse = name.evse, let connector = station[evse] else { return nil }
        if name.component == "EVSE", name.variable == "DischargePower" { return "\(max(0, -connector.power.watts))" }
        guard name.component == "ConnectedEV" else { return nil }
        let vehicle = connector.vehicle?.bidirectional
        let isDirect = station.settings.bidirectional?.current == .direct
        switch name.variable {
        case "Available": return "\(vehicle != nil)"
        case "VehicleId": return vehicle?.evccID ?? ""
        case "ProtocolAgreed", "ProtocolSupportedByEV":
            return vehicle == nil ? "" : isDirect ? Self.direct : Self.alternating
        default: return nil
        }
    }
}

extension EnergyTransfer {
    /// `nil` for a way that no station here has.
    fileprivate init?(_ mode: V2.EnergyTransferMode) { self.init(rawValue: mode.name) }
}

extension StationConfiguration.LoadBalancing {
    fileprivate func value(in band: BidirectionalEVSE.LoadBand) -> Int64 {
        switch self {
        case .lowerThreshold: band.lower
        case .upperThreshold: band.upper
        case .lowerOffset: band.lowerOffset
        case .upperOffset: band.upperOffset
        }
    }
}

import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated charging station of 2.0.1: what the central system asks") struct Command201Tests {
    private func charging(_ change: (inout StationSettings) -> Void = { _ in }) -> Bench201 {
        var settings = StationSettings(identity: "CP-1")
        change(&settings)
        var b = Bench201(settings)
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        return b
    }

    // MARK: Remote control

    @Test func `a remote start waits for the cable, carries its number and its profile`() {
        var b = Bench201()
        _ = b.newStory()
        let profile = txProfile201(100, transaction: nil, kind: .relative, start: nil)
        let start = V2.Request.requestStartTransaction(
            .init(
                idToken: .init(idToken: "R", type: .central), remoteStartId: 77, evseId: 1, chargingProfile: profile))
        #expect(b.call(start) == .requestStartTransaction(.init(status: .accepted)))
        #expect(b.newStory() == [])
        b.run(for: .seconds(30))
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: nil))
        #expect(b.story.contains("Started 0 CablePluggedIn EVConnected 0.0"))
        #expect(b.events.first?.transactionInfo.remoteStartId == 77 && b.station.power == .watts(2200))
        #expect(b.station.profiles.entries.first?.profile.transaction == b.transaction)
        #expect(b.call(start) == .requestStartTransaction(.init(status: .rejected)))
    }

    @Test func `a remote start begins at once where a vehicle waits`() {
        var b = Bench201()
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: nil))
        _ = b.call(.requestStartTransaction(.init(idToken: .init(idToken: "R", type: .central), remoteStartId: 5)))
        #expect(b.story.contains("Started 0 RemoteStart EVConnected 0.0") && b.station.isCharging(connector: 1))
    }

    @Test func `a remote stop needs the right transaction`() {
        var b = charging()
        #expect(
            b.call(.requestStopTransaction(.init(transactionId: "nobody's")))
                == .requestStopTransaction(.init(status: .rejected)))
        let id = b.transaction ?? ""
        #expect(
            b.call(.requestStopTransaction(.init(transactionId: id)))
                == .requestStopTransaction(.init(status: .accepted)))
        #expect(b.story.last == "Ended 2 RemoteStop EVConnected 0.0 Remote" && b.status == .finishing)
    }

    @Test func `a connector with a transaction stays locked`() {
        var b = charging()
        func unlock(_ evse: Int, _ connector: Int = 1) -> V2.UnlockStatus? {
            guard
                case .unlockConnector(let answer)? = b.call(
                    .unlockConnector(.init(evseId: evse, connectorId: connector)))
            else { return nil }
            return answer.status
        }
        #expect(unlock(9) == .unknownConnector && unlock(1, 2) == .unknownConnector)
        #expect(unlock(1) == .ongoingAuthorizedTransaction)
        b.feed(.stop(connector: 1))
        #expect(unlock(1) == .unlocked)
    }

    @Test func `of one EVSE, of its connector, or of the whole station the availability changes`() {
        var b = Bench201()
        func set(_ status: V2.OperationalStatus, _ evse: V2.EVSE? = nil) -> V2.ChangeAvailabilityStatus? {
            guard
                case .changeAvailability(let answer)? = b.call(
                    .changeAvailability(.init(operationalStatus: status, evse: evse)))
            else { return nil }
            return answer.status
        }
        #expect(set(.inoperative) == .accepted && b.status == .unavailable)
        #expect(b.story.last == "1.1 Unavailable")
        #expect(set(.operative, .init(id: 1, connectorId: 1)) == .accepted && b.status == .available)
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: "A"))
        #expect(set(.inoperative, .init(id: 1)) == .scheduled && b.status == .charging)
        b.feed(.plugOut(connector: 1))
        #expect(b.status == .unavailable && b.story.last == "1.1 Unavailable")
        #expect(
            set(.operative, .init(id: 5)) == .rejected && set(.operative, .init(id: 1, connectorId: 2)) == .rejected)
    }

    @Test func `a reset ends its transactions, or waits for their end`() {
        var b = charging()
        #expect(b.call(.reset(.init(type: .immediate, evseId: 9))) == .reset(.init(status: .rejected)))
        #expect(b.call(.reset(.init(type: .onIdle))) == .reset(.init(status: .scheduled)))
        b.run(for: .minutes(5))
        #expect(b.connections == 1 && b.station.isCharging(connector: 1))
        b.feed(.plugOut(connector: 1))
        b.run(for: .minutes(1))
        #expect(b.connections == 2 && b.story.contains("boot ScheduledReset"))
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: "A"))
        _ = b.newStory()
        #expect(b.call(.reset(.init(type: .immediate))) == .reset(.init(status: .accepted)))
        b.run(for: .minutes(1))
        #expect(b.story.first == "boot RemoteReset")
        #expect(b.story.contains { $0.hasPrefix("Ended 2 ResetCommand") && $0.contains("ImmediateReset") })
        #expect(b.faults == [])
    }

    @Test func `triggered messages come after the answer, and not all can be had`() {
        var b = charging()
        func trigger(_ message: V2.MessageTrigger, _ evse: V2.EVSE? = nil) -> (V2.TriggerMessageStatus?, [String]) {
            _ = b.newStory()
            guard
                case .triggerMessage(let answer)? = b.call(
                    .triggerMessage(.init(requestedMessage: message, evse: evse)))
            else { return (nil, []) }
            return (answer.status, b.newStory())
        }
        #expect(trigger(.bootNotification) == (.rejected, []))
        #expect(trigger(.heartbeat) == (.accepted, ["Heartbeat"]))
        #expect(trigger(.meterValues) == (.accepted, ["meter 1 0.0"]))
        #expect(trigger(.transactionEvent, .init(id: 1)) == (.accepted, ["Updated 2 Trigger Charging 0.0"]))
        #expect(trigger(.statusNotification) == (.rejected, []))
        #expect(trigger(.statusNotification, .init(id: 1, connectorId: 1)) == (.accepted, ["1.1 Occupied"]))
        #expect(trigger(.logStatusNotification) == (.accepted, ["log Idle -1"]))
        #expect(trigger(.firmwareStatusNotification) == (.accepted, ["firmware Idle -1"]))
        #expect(trigger(.signChargingStationCertificate) == (.accepted, ["SignCertificate"]))
        #expect(trigger(.publishFirmwareStatusNotification) == (.notImplemented, []))
        #expect(trigger(.heartbeat, .init(id: 7)) == (.rejected, []))
        b.feed(.plugOut(connector: 1))
        #expect(trigger(.transactionEvent).0 == .rejected)
        #expect(b.faults == [])
    }

    @Test func `while it is not accepted it starts nothing and sends what it is asked for`() {
        var b = Bench201()
        b.answer = { request, number in
            guard case .bootNotification = request else { return Words201.friendly(request, number) }
            return .bootNotification(.init(currentTime: t0, interval: 20, status: .pending))
        }
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .seconds(30))
        _ = b.newStory()
        #expect(
            b.call(.requestStartTransaction(.init(idToken: .init(idToken: "R", type: .central), remoteStartId: 1)))
                == .requestStartTransaction(.init(status: .rejected)))
        #expect(
            b.call(.triggerMessage(.init(requestedMessage: .bootNotification)))
                == .triggerMessage(.init(status: .accepted)))
        #expect(b.newStory() == ["boot Triggered"])
        #expect(
            b.call(.getBaseReport(.init(requestId: 1, reportBase: .summaryInventory)))
                == .getBaseReport(.init(status: .accepted)))
        #expect(b.newStory() == ["report 0"])
        b.run(for: .seconds(60))
        #expect(Set(b.story) == ["boot RemoteReset"])
    }

    @Test func `the state of a transaction is known while something of it waits`() {
        var b = charging()
        let id = b.transaction ?? ""
        func status(_ id: String?) -> V2.GetTransactionStatusResponse? {
            guard case .getTransactionStatus(let answer)? = b.call(.getTransactionStatus(.init(transactionId: id)))
            else { return nil }
            return answer
        }
        #expect(status(id) == .init(messagesInQueue: false, ongoingIndicator: true))
        #expect(status(nil) == .init(messagesInQueue: false))
        #expect(status("unknown") == .init(messagesInQueue: false, ongoingIndicator: false))
        // From now on events are not answered.
        b.answer = { request, number in
            if case .transactionEvent = request { return nil }
            return Words201.friendly(request, number)
        }
        b.feed(.plugOut(connector: 1))
        #expect(status(id) == .init(messagesInQueue: true, ongoingIndicator: false))
        #expect(status(nil) == .init(messagesInQueue: true))
    }

    @Test func `firmware and logs report their progress with the number of the order`() {
        var b = Bench201()
        _ = b.newStory()
        #expect(
            b.call(
                .getLog(.init(log: .init(remoteLocation: "ftp://127.0.0.1/up"), logType: .diagnosticsLog, requestId: 4))
            )
                == .getLog(.init(status: .accepted, filename: "CP-1-DiagnosticsLog.log")))
        b.run(for: .seconds(20))
        #expect(b.newStory() == ["log Uploading 4", "log Uploaded 4"])
        _ = b.call(
            .updateFirmware(
                .init(requestId: 9, firmware: .init(location: "ftp://127.0.0.1/fw", retrieveDateTime: t0))))
        b.run(for: .seconds(100))
        #expect(b.station.settings.firmware == "fw")
        #expect(
            b.newStory().filter { $0.hasPrefix("firmware") } == [
                "firmware Downloading 9", "firmware Downloaded 9", "firmware Installing 9",
                "firmware InstallRebooting 9", "firmware Installed 9",
            ])
        #expect(b.faults == [])
    }

    @Test func `what it does not do it does not pretend`() {
        var b = Bench201()
        for request in [
            V2.Request.heartbeat(.init()),
            .publishFirmware(.init(location: "http://h/f", checksum: "0", requestId: 1)),
            .unpublishFirmware(.init(checksum: "0")),
        ] {
            let token = b.order(request)
            guard case .error("NotSupported", _, _)? = b.outcomes[token] else {
                Issue.record("\(request.action): \(String(describing: b.outcomes[token]))")
                continue
            }
        }
        // 2.1 only: 2.0.1 does not know the word.
        let token = b.order(.getTariffs(.init(evseId: 1)))
        guard case .error("NotImplemented", _, _)? = b.outcomes[token] else { return #expect(Bool(false)) }
        #expect(b.call(.dataTransfer(.init(vendorId: "x"))) == .dataTransfer(.init(status: .unknownVendorId)))
    }

    // MARK: Device model

    @Test func `variables are read, and what there is not is said so`() {
        var b = charging()
        func get(
            _ component: V2.Component, _ variable: V2.Variable, _ attribute: V2.AttributeKind? = nil
        ) -> (V2.GetVariableStatus?, String?) {
            let data = V2.GetVariableData(component: component, variable: variable, attributeType: attribute)
            guard case .getVariables(let answer)? = b.call(.getVariables(.init(getVariableData: [data]))),
                let result = answer.getVariableResult.first
            else { return (nil, nil) }
            #expect(result.component == component && result.variable == variable)
            return (result.attributeStatus, result.attributeValue)
        }
        #expect(get(.init(name: "SmartChargingCtrlr"), .init(name: "RateUnit")) == (.accepted, "A,W"))
        #expect(get(.init(name: "smartchargingctrlr"), .init(name: "profilestacklevel")) == (.accepted, "8"))
        #expect(
            get(.init(name: "OCPPCommCtrlr"), .init(name: "MessageAttempts", instance: "TransactionEvent"))
                == (.accepted, "3"))
        #expect(get(.init(name: "OCPPCommCtrlr"), .init(name: "MessageAttempts")) == (.unknownVariable, nil))
        #expect(get(.init(name: "NoSuchCtrlr"), .init(name: "Enabled")) == (.unknownComponent, nil))
        #expect(get(.init(name: "EVSE", evse: .init(id: 2)), .init(name: "Power")) == (.unknownComponent, nil))
        #expect(get(.init(name: "EVSE", evse: .init(id: 1)), .init(name: "Power")) == (.accepted, "7040"))
        let connector = V2.Component(name: "Connector", evse: .init(id: 1, connectorId: 1))
        #expect(get(connector, .init(name: "AvailabilityState")) == (.accepted, "Occupied"))
        #expect(
            get(.init(name: "TxCtrlr"), .init(name: "EVConnectionTimeOut"), .target) == (
                .notSupportedAttributeType, nil
            ))
        #expect(get(.init(name: "ClockCtrlr"), .init(name: "DateTime")) == (.accepted, t0.description))
        #expect(b.faults == [])
    }

    @Test func `variables are changed by their rules, each on its own`() {
        var b = charging()
        let wishes: [(String, String, String)] = [
            ("SampledDataCtrlr", "TxUpdatedInterval", "10"), ("SampledDataCtrlr", "TxUpdatedInterval", "-1"),
            ("SampledDataCtrlr", "TxUpdatedMeasurands", "Power.Active.Import, Voltage"),
            ("SampledDataCtrlr", "TxEndedMeasurands", "Energy.Active.Import.Register,SoC"),
            ("SmartChargingCtrlr", "ProfileStackLevel", "3"), ("SmartChargingCtrlr", "Nothing", "3"),
            ("Nothing", "Enabled", "true"), ("TxCtrlr", "StopTxOnInvalidId", "perhaps"),
        ]
        let request = V2.SetVariablesRequest(
            setVariableData: wishes.map {
                .init(attributeValue: $0.2, component: .init(name: $0.0), variable: .init(name: $0.1))
            })
        guard case .setVariables(let answer)? = b.call(.setVariables(request)) else { return #expect(Bool(false)) }
        #expect(
            answer.setVariableResult.map(\.attributeStatus) == [
                .accepted, .rejected, .accepted, .rejected, .rejected, .unknownVariable, .unknownComponent, .rejected,
            ])
        _ = b.newStory()
        b.run(for: .seconds(30))
        #expect(
            b.newStory()
                == (2...4).map { "Updated \($0) MeterValuePeriodic Charging 7040.0" })
        #expect(b.faults == [])
    }

    @Test func `a heartbeat interval holds from now on`() {
        var b = Bench201()
        _ = b.call(
            .setVariables(
                .init(setVariableData: [
                    .init(
                        attributeValue: "10", component: .init(name: "OCPPCommCtrlr"),
                        variable: .init(name: "HeartbeatInterval"))
                ])))
        _ = b.newStory()
        b.run(for: .seconds(20))
        #expect(b.newStory() == ["Heartbeat", "Heartbeat"])
    }

    @Test func `the inventory comes in parts that say whether more follows`() {
        var b = Bench201()
        _ = b.newStory()
        #expect(
            b.call(.getBaseReport(.init(requestId: 3, reportBase: .fullInventory)))
                == .getBaseReport(.init(status: .accepted)))
        let reports = b.requests.compactMap { if case .notifyReport(let report) = $0 { report } else { nil } }
        #expect(reports.map(\.seqNo) == Array(0..<reports.count) && reports.allSatisfy { $0.requestId == 3 })
        #expect(reports.dropLast().allSatisfy { $0.tbc == true } && reports.last?.tbc == nil && reports.count > 2)
        let data = reports.flatMap { $0.reportData ?? [] }
        #expect(data.count == b.station.configuration.entries.count)
        let interval = data.first { $0.variable.name == "TxUpdatedInterval" }
        #expect(interval?.variableAttribute.first?.mutability == .readWrite)
        #expect(interval?.variableCharacteristics?.unit == "s")
        let power = data.first { $0.variable.name == "Power" }
        #expect(power?.variableCharacteristics?.maxLimit == JSONDecimal(7040))
        _ = b.newStory()
        _ = b.call(.getBaseReport(.init(requestId: 4, reportBase: .configurationInventory)))
        let changeable = b.requests.flatMap { request -> [V2.ReportData] in
            if case .notifyReport(let report) = request { report.reportData ?? [] } else { [] }
        }
        // The password among them says nothing of itself.
        let secrets = changeable.filter { $0.variableAttribute.first?.mutability == .writeOnly }
        #expect(secrets.map(\.variable.name) == ["BasicAuthPassword"])
        #expect(secrets.allSatisfy { $0.variableAttribute.first?.value == nil })
        #expect(changeable.count { $0.variableAttribute.first?.mutability == .readWrite } == changeable.count - 1)
        #expect(b.faults == [])
    }

    @Test func `a report is of what was asked, or of nothing`() {
        var b = Bench201()
        func report(
            _ variables: [V2.ComponentVariable]?, _ criteria: [V2.ComponentCriterion]? = nil
        ) -> (V2.GenericDeviceModelStatus?, [String]) {
            _ = b.newStory()
            guard
                case .getReport(let answer)? = b.call(
                    .getReport(.init(requestId: 1, componentVariable: variables, componentCriteria: criteria)))
            else { return (nil, []) }
            let data = b.requests.flatMap { request -> [V2.ReportData] in
                if case .notifyReport(let report) = request { report.reportData ?? [] } else { [] }
            }
            return (answer.status, data.map { "\($0.component.name).\($0.variable.name)" })
        }
        #expect(
            report([.init(component: .init(name: "ClockCtrlr"))])
                == (
                    .accepted,
                    [
                        "ClockCtrlr.DateTime", "ClockCtrlr.TimeSource",
                        "ClockCtrlr.TimeAdjustmentReportingThreshold",
                    ]
                ))
        #expect(
            report([.init(component: .init(name: "EVSE"), variable: .init(name: "Power"))])
                == (.accepted, ["EVSE.Power"]))
        #expect(report([.init(component: .init(name: "NoSuchCtrlr"))]) == (.emptyResultSet, []))
        #expect(report(nil, [.problem]) == (.emptyResultSet, []))
        let off = V2.SetVariableData(
            attributeValue: "false", component: .init(name: "AlignedDataCtrlr"), variable: .init(name: "Enabled"))
        _ = b.call(.setVariables(.init(setVariableData: [off])))
        let enabled = report([.init(component: .init(name: "AlignedDataCtrlr"))], [.enabled])
        #expect(enabled == (.emptyResultSet, []))
        #expect(b.faults == [])
    }

    // MARK: Charging profiles

    private func set(
        _ b: inout Bench201, _ profile: V2.ChargingProfile, evse: Int = 1
    ) -> (V2.ChargingProfileStatus?, String?) {
        guard
            case .setChargingProfile(let answer)? = b.call(
                .setChargingProfile(.init(evseId: evse, chargingProfile: profile)))
        else { return (nil, nil) }
        return (answer.status, answer.statusInfo?.reasonCode)
    }

    @Test func `it draws what the profile allows and tells who holds it back`() {
        var b = charging()
        let id = b.transaction
        _ = b.newStory()
        #expect(set(&b, txProfile201(61, transaction: id)) == (.accepted, nil))
        #expect(b.station.power == .watts(1342))
        // The same number replaces, whatever its level.
        #expect(set(&b, txProfile201(50, transaction: id, level: 3)) == (.accepted, nil))
        #expect(b.station.power == .zero && b.status == .suspendedEVSE && b.station.profiles.entries.count == 1)
        #expect(b.newStory() == ["Updated 2 ChargingStateChanged SuspendedEVSE"])
        #expect(b.faults == [])
    }

    @Test func `what it cannot do it rejects, and says why`() {
        var b = charging { $0.rateUnits = [.amperes] }
        let id = b.transaction
        #expect(set(&b, txProfile201(100, transaction: id, unit: .w)) == (.rejected, "UnsupportedRateUnit"))
        #expect(set(&b, txProfile201(100, transaction: "other")) == (.rejected, "TxNotFound"))
        #expect(set(&b, txProfile201(100, transaction: nil)) == (.rejected, "TxNotFound"))
        #expect(set(&b, txProfile201(100, transaction: id), evse: 4) == (.rejected, "UnknownEvse"))
        #expect(set(&b, txProfile201(100, transaction: id, level: 9)) == (.rejected, "InvalidProfile"))
        #expect(
            set(&b, txProfile201(100, transaction: nil, purpose: .chargingStationExternalConstraints), evse: 0)
                == (.rejected, "InvalidProfile"))
        #expect(
            set(&b, txProfile201(100, transaction: nil, purpose: .chargingStationMaxProfile), evse: 1)
                == (.rejected, "InvalidProfile"))
        #expect(set(&b, txProfile201(100, transaction: id, kind: .relative)) == (.rejected, "InvalidSchedule"))
        // Another one of its purpose and level at the same time must not be sent (K01.FR.39).
        #expect(set(&b, txProfile201(100, id: 1, transaction: id)) == (.accepted, nil))
        #expect(set(&b, txProfile201(100, id: 2, transaction: id)) == (.rejected, "DuplicateProfile"))
        #expect(set(&b, txProfile201(100, id: 2, transaction: id, level: 2)) == (.accepted, nil))
        #expect(b.station.counts.profilesRejected == 9 && b.station.counts.profilesAccepted == 2)
        #expect(b.faults == [])
    }

    @Test func `profiles are told, counted together, and cleared`() {
        var b = charging()
        let id = b.transaction
        #expect(set(&b, txProfile201(160, transaction: id, duration: 600)).0 == .accepted)
        #expect(
            set(
                &b, txProfile201(250, id: 2, transaction: nil, purpose: .txDefaultProfile, level: 0, duration: nil),
                evse: 0
            ).0 == .accepted)
        _ = b.newStory()
        func ask(_ criterion: V2.ChargingProfileCriterion, _ evse: Int? = nil) -> [String] {
            _ = b.newStory()
            let request = V2.GetChargingProfilesRequest(requestId: 6, chargingProfile: criterion, evseId: evse)
            guard case .getChargingProfiles(let answer)? = b.call(.getChargingProfiles(request)) else { return [] }
            return [answer.status.name] + b.newStory()
        }
        #expect(ask(.init()) == ["Accepted", "profiles 0 [2]…", "profiles 1 [1]"])
        #expect(ask(.init(chargingProfilePurpose: .txProfile)) == ["Accepted", "profiles 1 [1]"])
        #expect(ask(.init(chargingProfileId: [7])) == ["NoProfiles"])
        #expect(ask(.init(chargingLimitSource: [.ems])) == ["NoProfiles"])
        guard
            case .getCompositeSchedule(let composite)? = b.call(
                .getCompositeSchedule(.init(duration: 900, evseId: 1, chargingRateUnit: .a)))
        else { return #expect(Bool(false)) }
        #expect(composite.status == .accepted && composite.schedule?.scheduleStart == t0)
        #expect(composite.schedule?.chargingSchedulePeriod.map(\.limit?.description) == ["16.0", "25.0"])
        #expect(composite.schedule?.chargingSchedulePeriod.map(\.startPeriod) == [0, 600])
        #expect(
            b.call(.clearChargingProfile(.init(chargingProfileId: 7)))
                == .clearChargingProfile(.init(status: .unknown)))
        #expect(
            b.call(
                .clearChargingProfile(
                    .init(chargingProfileCriteria: .init(evseId: 1, chargingProfilePurpose: .txProfile))))
                == .clearChargingProfile(.init(status: .accepted)))
        #expect(b.station.power == .watts(5500) && b.faults == [])
    }

    @Test func `what it reports of a profile is what it was given`() {
        var b = charging()
        let profile = txProfile201(163, transaction: b.transaction)
        #expect(set(&b, profile).0 == .accepted)
        _ = b.newStory()
        _ = b.call(.getChargingProfiles(.init(requestId: 1, chargingProfile: .init())))
        guard case .reportChargingProfiles(let report)? = b.requests.last else { return #expect(Bool(false)) }
        #expect(report.chargingProfile == [profile])
    }
}

import Assets
import Charging
import OCPPMessages
import Quantities

// The device model, monitors, networks and customers in words of 2.x (part 2 blocks B and N).
extension OCPP2Adapter {
    // MARK: - Names

    static func name(_ component: V2.Component, _ variable: V2.Variable) -> VariableName {
        VariableName(
            component: component.name, componentInstance: component.instance, evse: component.evse?.id,
            connector: component.evse?.connectorId, variable: variable.name, instance: variable.instance)
    }
    private static func component(_ name: VariableName) -> V2.Component {
        V2.Component(
            name: name.component, evse: name.evse.map { V2.EVSE(id: $0, connectorId: name.connector) },
            instance: name.componentInstance)
    }
    private static func variable(_ name: VariableName) -> V2.Variable {
        V2.Variable(name: name.variable, instance: name.instance)
    }
    /// Unsaid it is the actual one.
    private static func attribute(_ kind: V2.AttributeKind?) -> DeviceAttribute? {
        kind.map { DeviceAttribute(rawValue: $0.name) } ?? .actual
    }
    private static func value(_ value: String?, of component: V2.Component, _ variable: V2.Variable) -> String? {
        V2.isSecret(component, variable) ? nil : value.map { String($0.prefix(DeviceVariable.longestValue)) }
    }

    // MARK: - What stations say

    static func news(_ request: V2.Request) -> DeviceNews? {
        switch request {
        case .notifyReport(let report):
            .report(
                DeviceReportPart(
                    request: report.requestId, number: report.seqNo, isLast: report.tbc != true,
                    content: .variables((report.reportData ?? []).flatMap(variables))))
        case .notifyMonitoringReport(let report):
            .report(
                DeviceReportPart(
                    request: report.requestId, number: report.seqNo, isLast: report.tbc != true,
                    content: .monitors((report.monitor ?? []).flatMap(monitors))))
        case .notifyEvent(let notice): .events(notice.eventData.map(event))
        case .notifyCustomerInformation(let part):
            .customer(
                request: part.requestId, number: part.seqNo, isLast: part.tbc != true,
                data: String(part.data.prefix(512)))
        default: nil
        }
    }

    private static func variables(_ data: V2.ReportData) -> [DeviceVariable] {
        let name = name(data.component, data.variable)
        return data.variableAttribute.compactMap { told in
            guard let attribute = attribute(told.type) else { return nil }
            var variable = DeviceVariable(name: name, attribute: attribute)
            variable.mutability = (told.mutability ?? .readWrite).name.known()
            variable.value =
                variable.mutability == .writeOnly ? nil : value(told.value, of: data.component, data.variable)
            // Unsaid both are false (2.0.1 `VariableAttributeType`).
            variable.isPersistent = told.persistent ?? false
            variable.isConstant = told.constant ?? false
            guard let all = data.variableCharacteristics else { return variable }
            variable.kind = all.dataType.name.known()
            variable.unit = all.unit
            variable.minLimit = all.minLimit?.description
            variable.maxLimit = all.maxLimit?.description
            variable.maxElements = all.maxElements
            variable.valuesList = all.valuesList.map { String($0.prefix(1000)) }
            variable.supportsMonitoring = all.supportsMonitoring
            return variable
        }
    }

    private static func monitors(_ data: V2.MonitoringData) -> [DeviceMonitor] {
        let name = name(data.component, data.variable)
        return data.variableMonitoring.map {
            DeviceMonitor(
                id: $0.id, name: name, kind: $0.type.name, value: $0.value.description, severity: $0.severity,
                isTransactional: $0.transaction, origin: $0.eventNotificationType?.name)
        }
    }

    private static func event(_ data: V2.EventData) -> DeviceEvent {
        DeviceEvent(
            number: data.eventId, at: data.timestamp, trigger: data.trigger.name,
            notification: data.eventNotificationType.name, name: name(data.component, data.variable),
            value: value(data.actualValue, of: data.component, data.variable) ?? "", isCleared: data.cleared ?? false,
            severity: data.severity, monitor: data.variableMonitoringId, cause: data.cause,
            techCode: data.techCode.map { String($0.prefix(50)) },
            techInfo: data.techInfo.map { String($0.prefix(500)) },
            transaction: data.transactionId)
    }

    // MARK: - What we ask

    /// `nil`: it is no call.
    static func call(
        _ order: DeviceOrder, request: Int, in version: OCPPVersion
    ) -> (action: V2.Action, payload: [UInt8])? {
        switch order {
        case .refresh:
            (.getBaseReport, V2.GetBaseReportRequest(requestId: request, reportBase: .fullInventory).json)
        case .set(_, let settings): (.setVariables, set(settings))
        case .read(_, let questions): (.getVariables, get(questions))
        case .refreshMonitors: (.getMonitoringReport, V2.GetMonitoringReportRequest(requestId: request).json)
        case .setMonitors(_, let wishes):
            (
                .setVariableMonitoring,
                V2.SetVariableMonitoringRequest(setMonitoringData: wishes.compactMap(monitoring)).json
            )
        case .clearMonitors(_, let ids): (.clearVariableMonitoring, V2.ClearVariableMonitoringRequest(id: ids).json)
        case .monitoringBase(_, let base):
            (.setMonitoringBase, V2.SetMonitoringBaseRequest(monitoringBase: V2.MonitoringBase(base)).json)
        case .monitoringLevel(_, let level): (.setMonitoringLevel, V2.SetMonitoringLevelRequest(severity: level).json)
        case .customer(_, let reference, let report, let clear):
            (.customerInformation, customer(reference, request, report: report, clear: clear).json)
        case .putTemplate, .removeTemplate, .securityProfile, .endSecurityProfileChange, .removeCustomer: nil
        }
    }

    static func set(_ settings: [VariableSetting]) -> [UInt8] {
        V2.SetVariablesRequest(
            setVariableData: settings.map {
                V2.SetVariableData(
                    attributeValue: $0.value, component: component($0.name), variable: variable($0.name),
                    attributeType: $0.attribute == .actual ? nil : V2.AttributeKind($0.attribute.rawValue))
            }
        ).json
    }

    static func get(_ questions: [VariableQuestion]) -> [UInt8] {
        V2.GetVariablesRequest(
            getVariableData: questions.map {
                V2.GetVariableData(
                    component: component($0.name), variable: variable($0.name),
                    attributeType: $0.attribute == .actual ? nil : V2.AttributeKind($0.attribute.rawValue))
            }
        ).json
    }

    private static func monitoring(_ wish: MonitorWish) -> V2.SetMonitoringData? {
        guard let value = JSONDecimal(wish.value) else { return nil }
        return V2.SetMonitoringData(
            value: value, type: V2.MonitorKind(wish.kind), severity: wish.severity, component: component(wish.name),
            variable: variable(wish.name), id: wish.id, transaction: wish.isTransactional ? true : nil)
    }

    private static func customer(
        _ reference: CustomerReference, _ request: Int, report: Bool, clear: Bool
    ) -> V2.CustomerInformationRequest {
        switch reference {
        case .idToken(let token, let type):
            V2.CustomerInformationRequest(
                requestId: request, report: report, clear: clear,
                idToken: V2.IdToken(idToken: token, type: V2.IdTokenKind(type)))
        case .identifier(let text):
            V2.CustomerInformationRequest(
                requestId: request, report: report, clear: clear, customerIdentifier: text)
        }
    }

    /// The steps of a change of the security profile (A05, B09, B10).
    static func call(
        _ change: SecurityProfileChange, in version: OCPPVersion
    ) -> (action: V2.Action, payload: [UInt8])? {
        switch change.state {
        case .sendingProfile:
            return change.network.map { network in
                (
                    .setNetworkProfile,
                    V2.SetNetworkProfileRequest(
                        configurationSlot: network.slot,
                        connectionData: V2.NetworkConnectionProfile(
                            ocppInterface: V2.OCPPInterface(network.interface), ocppTransport: .json,
                            messageTimeout: network.messageTimeout, ocppCsmsUrl: network.url,
                            securityProfile: network.securityProfile,
                            ocppVersion: version == .v201 ? .ocpp20 : nil)
                    ).json
                )
            }
        case .sendingPriority:
            return change.priority.map { (.setVariables, set([VariableSetting(name: Self.priority, value: $0)])) }
        case .resetting: return (.reset, V2.ResetRequest(type: .onIdle).json)
        case .awaited, .done, .refused: return nil
        }
    }
    static func networkAnswer(_ payload: [UInt8], in version: OCPPVersion) -> KeyAnswer {
        guard
            case .success(.setNetworkProfile(let response)) = V2.Response.decode(
                .setNetworkProfile, payload: payload.span, in: version
            ).result
        else { return .unknown(word: nil) }
        return response.status == .accepted
            ? .accepted : .refused(word: response.statusInfo?.reasonCode ?? response.status.name)
    }

    static func resetAnswer(_ payload: [UInt8], in version: OCPPVersion) -> KeyAnswer {
        guard
            case .success(.reset(let response)) = V2.Response.decode(.reset, payload: payload.span, in: version).result
        else { return .unknown(word: nil) }
        switch response.status {
        case .accepted, .scheduled: return .accepted
        case .rejected, .unrecognized:
            return .refused(word: response.statusInfo?.reasonCode ?? response.status.name)
        }
    }

    static let priority = VariableName(component: "OCPPCommCtrlr", variable: "NetworkConfigurationPriority")

    // MARK: - What answers tell

    /// `nil`: nothing that is kept.
    static func fact(_ request: V2.Request, _ response: V2.Response) -> DeviceFact? {
        switch (request, response) {
        case (.getVariables, .getVariables(let answer)):
            return .variables(answer.getVariableResult.compactMap(read))
        case (.setVariables(let sent), .setVariables(let answer)):
            return .variables(answer.setVariableResult.compactMap { result in self.set(result, of: sent) })
        case (.getBaseReport(let sent), .getBaseReport(let answer)):
            guard answer.status == .accepted else { return nil }
            let scope: DeviceReport.Scope =
                switch sent.reportBase {
                case .fullInventory: .full
                case .configurationInventory: .configuration
                case .summaryInventory, .unrecognized: .summary
                }
            return .report(request: sent.requestId, scope, isOfMonitors: false)
        case (.getReport(let sent), .getReport(let answer)):
            return answer.status == .accepted
                ? .report(request: sent.requestId, .selection, isOfMonitors: false) : nil
        case (.getMonitoringReport(let sent), .getMonitoringReport(let answer)):
            let isWhole = sent.componentVariable == nil && sent.monitoringCriteria == nil
            switch answer.status {
            case .accepted:
                return .report(request: sent.requestId, isWhole ? .monitors : .selection, isOfMonitors: true)
            case .emptyResultSet: return isWhole ? .noMonitors : nil
            case .rejected, .notSupported, .unrecognized: return nil
            }
        case (.setVariableMonitoring(let sent), .setVariableMonitoring(let answer)):
            return .monitorsSet(answer.setMonitoringResult.compactMap { monitor($0, of: sent) })
        case (.clearVariableMonitoring, .clearVariableMonitoring(let answer)):
            return .monitorsCleared(
                answer.clearMonitoringResult.filter { $0.status == .accepted || $0.status == .notFound }.map(\.id))
        case (.setMonitoringBase(let sent), .setMonitoringBase(let answer)):
            return answer.status == .accepted ? .monitoringBase(sent.monitoringBase.name) : nil
        case (.setMonitoringLevel(let sent), .setMonitoringLevel(let answer)):
            return answer.status == .accepted ? .monitoringLevel(sent.severity) : nil
        case (.setNetworkProfile(let sent), .setNetworkProfile(let answer)):
            let data = sent.connectionData
            return answer.status == .accepted
                ? .networkProfile(
                    NetworkProfile(
                        slot: sent.configurationSlot, interface: data.ocppInterface.name,
                        url: String(data.ocppCsmsUrl.prefix(NetworkProfile.longestURL)),
                        securityProfile: data.securityProfile, messageTimeout: data.messageTimeout)) : nil
        case (.customerInformation(let sent), .customerInformation(let answer)):
            let reference =
                sent.idToken.map { CustomerReference.idToken($0.idToken, type: $0.type.name) }
                ?? sent.customerIdentifier.map { .identifier($0) }
            return .customer(
                request: sent.requestId, status: answer.status.name, reference, report: sent.report, clear: sent.clear)
        default: return nil
        }
    }

    static let telling: Set<String> = [
        "GetVariables", "SetVariables", "GetBaseReport", "GetReport", "GetMonitoringReport", "SetVariableMonitoring",
        "ClearVariableMonitoring", "SetMonitoringBase", "SetMonitoringLevel", "SetNetworkProfile",
        "CustomerInformation",
    ]

    private static func read(_ result: V2.GetVariableResult) -> VariableNews? {
        let name = name(result.component, result.variable)
        guard let attribute = attribute(result.attributeType) else { return nil }
        switch result.attributeStatus {
        case .accepted:
            return .read(
                name, attribute, value: value(result.attributeValue, of: result.component, result.variable),
                mutability: nil)
        case .unknownComponent, .unknownVariable, .notSupportedAttributeType: return .gone(name, attribute)
        // Of a write-only one the value is nobody's to read.
        case .rejected, .unrecognized: return nil
        }
    }

    /// The answer names what was set, the question says to which value.
    private static func set(_ result: V2.SetVariableResult, of sent: V2.SetVariablesRequest) -> VariableNews? {
        let name = name(result.component, result.variable)
        guard let attribute = attribute(result.attributeType) else { return nil }
        switch result.attributeStatus {
        case .accepted, .rebootRequired:
            guard
                let data = sent.setVariableData.last(where: {
                    self.name($0.component, $0.variable) == name && self.attribute($0.attributeType) == attribute
                })
            else { return nil }
            return .set(
                name, attribute, value: value(data.attributeValue, of: data.component, data.variable),
                afterRestart: result.attributeStatus == .rebootRequired)
        case .unknownComponent, .unknownVariable, .notSupportedAttributeType: return .gone(name, attribute)
        case .rejected, .unrecognized: return nil
        }
    }

    private static func monitor(
        _ result: V2.SetMonitoringResult, of sent: V2.SetVariableMonitoringRequest
    ) -> DeviceMonitor? {
        guard result.status == .accepted, let id = result.id else { return nil }
        let name = name(result.component, result.variable)
        let data = sent.setMonitoringData.last {
            self.name($0.component, $0.variable) == name && $0.type == result.type && $0.severity == result.severity
        }
        guard let data else { return nil }
        return DeviceMonitor(
            id: id, name: name, kind: data.type.name, value: data.value.description, severity: data.severity,
            isTransactional: data.transaction ?? false, origin: DeviceMonitor.custom)
    }
}

extension String {
    /// A word of a closed list; `nil` for any other.
    fileprivate func known<Word: RawRepresentable>() -> Word? where Word.RawValue == String { Word(rawValue: self) }
}

import OCPP
import OCPPMessages
import Quantities

// Reports of the device model (part 2 B07, B08): the answer says whether there is something, messages afterwards say what.
extension Dialect201 {
    /// So many variables fit in a message that resource-poor peers can take.
    private static let variablesAMessage = 16

    func report(_ request: V2.GetBaseReportRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let entries = station.configuration.entries
        let chosen: [StationConfiguration.Entry]
        switch request.reportBase {
        case .fullInventory: chosen = entries
        case .configurationInventory: chosen = entries.filter { !$0.isReadOnly }
        case .summaryInventory:
            chosen = entries.filter { ["AvailabilityState", "Problem"].contains($0.name.variable) }
        case .unrecognized: return respond(.getBaseReport(.init(status: .notSupported)), id, &station)
        }
        respond(.getBaseReport(.init(status: .accepted)), id, &station)
        send(chosen, request: request.requestId, from: &station)
    }

    func report(_ request: V2.GetReportRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let entries = station.configuration.entries
        let chosen = entries.filter { entry in
            let isNamed = request.componentVariable.map { list in list.contains { covers($0, entry.name) } } ?? true
            let isSuch =
                request.componentCriteria.map { list in list.contains { meets($0, entry.name, entries) } } ?? true
            return isNamed && isSuch
        }
        respond(.getReport(.init(status: chosen.isEmpty ? .emptyResultSet : .accepted)), id, &station)
        if !chosen.isEmpty { send(chosen, request: request.requestId, from: &station) }
    }

    /// A component without a variable stands for all of its variables, one without an EVSE for those of every EVSE.
    func covers(_ wanted: V2.ComponentVariable, _ name: StationConfiguration.Name) -> Bool {
        let component = wanted.component
        return component.name.lowercased() == name.component.lowercased() && component.instance == nil
            && (component.evse.map { $0.id == name.evse && ($0.connectorId ?? name.connector) == name.connector }
                ?? true)
            && (wanted.variable.map { variable in
                variable.name.lowercased() == name.variable.lowercased()
                    && (variable.instance == nil || variable.instance?.lowercased() == name.instance?.lowercased())
            } ?? true)
    }

    /// Active, Available and Enabled hold where nothing says otherwise, Problem only where something says so (B08.FR.12, FR.13).
    private func meets(
        _ criterion: V2.ComponentCriterion, _ name: StationConfiguration.Name, _ entries: [StationConfiguration.Entry]
    ) -> Bool {
        let said = entries.first { $0.name.isAt(name) && $0.name.variable == criterion.name }
        return said.map { $0.value == "true" } ?? (criterion != .problem)
    }

    private func send(
        _ entries: [StationConfiguration.Entry], request: Int, from station: inout SimulatedChargePoint
    ) {
        var rest = entries[...]
        var number = 0
        repeat {
            let part = rest.prefix(Self.variablesAMessage)
            rest = rest.dropFirst(part.count)
            let message = V2.Request.notifyReport(
                .init(
                    requestId: request, generatedAt: station.clock, seqNo: number,
                    reportData: part.map { data($0, station) }, tbc: rest.isEmpty ? nil : true))
            station.call(message.action.rawValue, message.json, .other)
            number += 1
        } while !rest.isEmpty
    }

    private func data(_ entry: StationConfiguration.Entry, _ station: SimulatedChargePoint) -> V2.ReportData {
        let name = entry.name
        return V2.ReportData(
            component: V2.Component(
                name: name.component, evse: name.evse.map { V2.EVSE(id: $0, connectorId: name.connector) }),
            variable: V2.Variable(name: name.variable, instance: name.instance),
            variableAttribute: [
                V2.VariableAttribute(
                    type: .actual, value: entry.kind == .secret ? nil : value(entry, of: station),
                    mutability: entry.isReadOnly ? .readOnly : entry.kind == .secret ? .writeOnly : .readWrite,
                    persistent: !entry.isReadOnly)
            ], variableCharacteristics: characteristics(entry))
    }

    private func characteristics(_ entry: StationConfiguration.Entry) -> V2.VariableCharacteristics {
        func of(
            _ kind: V2.DataKind, unit: String? = nil, most: Int64? = nil, words: [String]? = nil
        ) -> V2.VariableCharacteristics {
            V2.VariableCharacteristics(
                dataType: kind, supportsMonitoring: true, unit: unit,
                maxLimit: most.map { JSONDecimal(mantissa: $0, scale: 0) }, valuesList: words?.joined(separator: ","))
        }
        switch entry.kind {
        case .text: return of(entry.name.variable == "DateTime" ? .dateTime : .string)
        case .number(let unit, let most): return of(.integer, unit: unit, most: most)
        case .signed(let unit): return of(.decimal, unit: unit)
        case .flag: return of(.boolean)
        case .measurands: return of(.memberList, words: MeterSample.Measurand.known(in: version).map(\.rawValue))
        case .members(let words): return of(.memberList, words: words)
        case .option(let words): return of(.optionList, words: words)
        case .secret: return of(.string, most: 40)
        }
    }
}

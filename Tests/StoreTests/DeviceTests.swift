import Assets
import Charging
import Foundation
import GRDB
import Operations
import Quantities
import Testing

@testable import Store

/// Device models on the disk mean what they mean in memory (``DeviceMemory``).
@Suite("Device models on the disk") struct DeviceTests {
    private static let id = StationID("CP1")

    private static func name(_ variable: String, _ component: String = "EVSE") -> VariableName {
        VariableName(
            component: component, componentInstance: "i", evse: 1, connector: 2, variable: variable, instance: "x")
    }

    private static func reported(_ variable: String, _ value: String?) -> VariableNews {
        var told = DeviceVariable(name: name(variable), attribute: .maxSet, value: value)
        told.mutability = .readWrite
        told.isPersistent = true
        told.isConstant = false
        told.kind = .memberList
        told.unit = "A"
        told.minLimit = "0.1"
        told.maxLimit = "32"
        told.maxElements = 3
        told.valuesList = "A,B"
        told.supportsMonitoring = true
        return .reported(told)
    }

    private static func event(_ number: Int, cleared: Bool = false, severity: Int? = 3) -> DeviceEvent {
        DeviceEvent(
            number: number, at: t0 + .seconds(number), trigger: "Alerting", notification: "CustomMonitor",
            name: name("Power"), value: "\(number)", isCleared: cleared, severity: severity, monitor: 7, cause: 1,
            techCode: "E1", techInfo: "hot", transaction: "T1")
    }

    private static let changes: [DeviceChange] = [
        .variables(id, [reported("A", "1"), reported("B", nil)], at: t0),
        .variables(id, [.read(name("C"), .actual, value: "5", mutability: .readOnly)], at: t0 + .seconds(1)),
        .variables(id, [.read(name("c"), .actual, value: "6", mutability: nil)], at: t0 + .seconds(2)),
        .variables(
            id,
            [
                .set(name("D"), .actual, value: "1", afterRestart: false),
                .set(name("E"), .actual, value: "2", afterRestart: true),
                .set(name("C"), .actual, value: "7", afterRestart: true), .gone(name("B"), .maxSet),
            ], at: t0 + .seconds(3)),
        .restarted(id, at: t0 + .seconds(4)),
        .variables(id, [.set(name("D"), .actual, value: "9", afterRestart: true)], at: t0 + .seconds(5)),
        .forgetVariables(id, before: t0 + .milliseconds(1)),
        .monitors(
            id,
            [
                DeviceMonitor(
                    id: 7, name: name("Power"), kind: "UpperThreshold", value: "6.5", severity: 2,
                    isTransactional: true, origin: DeviceMonitor.custom),
                DeviceMonitor(
                    id: 8, name: name("Power"), kind: "Delta", value: "1", severity: 9, isTransactional: false),
            ], at: t0),
        .monitors(
            id,
            [
                DeviceMonitor(
                    id: 9, name: name("Power"), kind: "Delta", value: "1", severity: 9, isTransactional: false)
            ], at: t0 + .seconds(9)),
        .forgetMonitors(id, .these([8])),
        .monitoring(id, base: "All", level: nil, at: t0), .monitoring(id, base: nil, level: 4, at: t0 + .seconds(1)),
        .event(id, event(1), receivedAt: t0), .event(id, event(1), receivedAt: t0),
        .event(id, event(2, cleared: true), receivedAt: t0 + .seconds(2)),
        .event(id, event(3, severity: nil), receivedAt: t0 + .seconds(3)),
        .template(
            DeviceTemplate(
                name: "t", note: "n",
                settings: [
                    VariableSetting(name: name("A"), attribute: .target, value: "1"),
                    VariableSetting(name: VariableName(variable: "HeartbeatInterval"), value: "60"),
                ], stations: [id, StationID("CP2")], changedAt: t0, changedBy: "wang")),
        .network(
            id,
            NetworkProfile(slot: 2, interface: "Wired0", url: "wss://a/b", securityProfile: 2, messageTimeout: 30),
            at: t0),
    ]

    private static func memory() -> DeviceMemory {
        var memory = DeviceMemory()
        for change in changes { memory.write(change) }
        return memory
    }

    @Test func `everything comes back as it was told, also after a start`() async throws {
        try await withStore { store, scratch in
            try await store.write([.station(Station(id: Self.id, createdAt: t0))] + Self.changes.map { .device($0) })
            let memory = Self.memory()
            func same(_ store: Store) async throws {
                let model = try await store.deviceModel(of: Self.id)
                #expect(Set(model) == Set((memory.variables[Self.id] ?? [:]).values))
                #expect(model.map(\.variable.name.variable) == ["c", "D", "E"].map { $0 == "c" ? "C" : $0 })
                #expect(try await store.deviceModel(of: Self.id, keys: [Self.name("d").key]).count == 1)
                #expect(
                    try await store.deviceMonitors(of: Self.id)
                        == (memory.monitors[Self.id] ?? [:]).values.sorted { $0.monitor.id < $1.monitor.id })
                #expect(try await store.monitoringSettings(of: Self.id) == memory.monitoring[Self.id])
                let events = try await store.deviceEvents(
                    of: Self.id, severity: nil, open: false, limit: 9, before: nil)
                #expect(events == memory.events.reversed())
                #expect(
                    try await store.deviceEvents(of: nil, severity: nil, open: true, limit: 9, before: nil)
                        .map(\.event.number) == [3])
                #expect(
                    try await store.deviceEvents(of: nil, severity: 3, open: false, limit: 9, before: nil).count == 2)
                #expect(try await store.networkProfiles(of: Self.id).count == 1)
            }
            try await same(store)
            store.close()
            let again = try Store(directory: scratch.path)
            defer { again.close() }
            try await same(again)
            let state = try again.loadCore().devices
            #expect(state.templates == memory.templates.values.map { $0 })
            #expect(state.awaitingRestart == [Self.id])
            #expect(state.severities == [Self.id: [7: 2, 9: 9]])
            #expect(state.networks[Self.id]?.map(\.slot) == [2])
            try await again.write(.removeStation(Self.id))
            #expect(try await again.deviceModel(of: Self.id).isEmpty)
            #expect(try again.loadCore().devices.severities.isEmpty)
        }
    }

    @Test func `whether a template asks for an alarm is kept`() async throws {
        try await withStore { store, _ in
            var template = DeviceTemplate(
                name: "t", settings: [VariableSetting(name: Self.name("A"), value: "1")], stations: [], changedAt: t0,
                changedBy: "wang")
            template.alarms = true
            try await store.write([.device(.template(template))])
            #expect(try store.loadCore().devices.templates == [template])
        }
    }

    @Test func `reports and changes of the security profile come back where they stood`() async throws {
        try await withStore { store, scratch in
            var report = DeviceReport(station: Self.id, isOfMonitors: false, request: 7, scope: .full, orderedAt: t0)
            _ = report.take(part: 0, isLast: false, items: 16, at: t0 + .seconds(1))
            _ = report.take(part: 3, isLast: true, items: 2, at: t0 + .seconds(2))
            var change = SecurityProfileChange(
                station: Self.id, target: 2, previous: 1,
                network: NetworkProfile(
                    slot: 2, interface: "Any", url: "wss://a", securityProfile: 2, messageTimeout: 9),
                priority: "2,1", state: .sendingPriority, at: t0)
            change.word = "so"
            change.attempts = 2
            try await store.write([
                .station(Station(id: Self.id, createdAt: t0)), .device(.report(report)),
                .device(.securityProfile(change)),
            ])
            for number in 10..<30 {
                try await store.write(
                    .device(
                        .report(
                            DeviceReport(
                                station: Self.id, isOfMonitors: true, request: number, scope: .monitors,
                                orderedAt: t0 - .hours(number)))))
            }
            #expect(try await store.deviceReports(of: Self.id).count == 8)
            #expect(try await store.deviceReports(of: Self.id).first == report)
            store.close()
            let again = try Store(directory: scratch.path)
            defer { again.close() }
            let state = try again.loadCore().devices
            #expect(state.reports.count == 4 && state.reports.last == report)
            #expect(state.securityProfiles == [change])
        }
    }

    @Test func `of too many variables those told longest ago go`() async throws {
        try await withStore { store, _ in
            let old = (0..<100).map { Self.reported("old\($0)", "1") }
            let new = (0..<DeviceVariable.most).map { Self.reported("new\($0)", "1") }
            try await store.write(.device(.variables(Self.id, old, at: t0)))
            try await store.write(.device(.variables(Self.id, new, at: t0 + .seconds(1))))
            let kept = try await store.deviceModel(of: Self.id)
            #expect(kept.count == DeviceVariable.most)
            #expect(kept.allSatisfy { $0.variable.name.variable.hasPrefix("new") })
        }
    }

    @Test func `what stations told of customers is kept a week, and can be forgotten at once`() async throws {
        try await withStore { store, _ in
            func inquiry(_ request: Int, _ subject: String, at: Instant) -> CustomerInquiry {
                var inquiry = CustomerInquiry(
                    station: Self.id, request: request, subject: subject, isReport: true, isClear: false,
                    orderedAt: at, by: "wang")
                inquiry.status = "Accepted"
                inquiry.parts.take(0, .started)
                inquiry.lastAt = at
                return inquiry
            }
            for (request, subject, at) in [(1, "#a", t0), (2, "#a", t0 + .days(8)), (3, "#b", t0 + .days(8))] {
                try await store.write(
                    .device(.customer(inquiry(request, subject, at: at))),
                    .device(.customerPart(Self.id, request: request, number: 1, data: "World", at: at)),
                    .device(.customerPart(Self.id, request: request, number: 0, data: "Hello ", at: at)))
            }
            let all = try await store.customerInformation(of: Self.id)
            #expect(all.map(\.inquiry.request) == [3, 2, 1] && all[0].data == "Hello World")
            #expect(all[0].inquiry == inquiry(3, "#b", at: t0 + .days(8)))
            _ = try store.maintain(now: t0 + .days(9), everything: true)
            #expect(try await store.customerInformation(of: Self.id).map(\.inquiry.request) == [3, 2])
            try await store.write(.device(.forgetCustomer(Self.id, subject: "#a", except: 9)))
            #expect(try await store.customerInformation(of: Self.id).map(\.inquiry.request) == [3])
            try await store.write(.device(.removeCustomer(Self.id, request: 3)))
            #expect(try await store.customerInformation(of: Self.id).isEmpty)
            let rest = try await store.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM customer_part") }
            #expect(rest == 0)
        }
    }
}

import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated charging station of 2.0.1: monitors, networks, customers") struct Monitor201Tests {
    private let power = V2.Component(name: "EVSE", evse: V2.EVSE(id: 1))

    private func set(
        _ b: inout Bench201, _ kind: V2.MonitorKind, _ value: Int, severity: Int = 2, id: Int? = nil,
        variable: String = "Power"
    ) -> V2.SetMonitoringResult? {
        let data = V2.SetMonitoringData(
            value: JSONDecimal(value), type: kind, severity: severity, component: power,
            variable: V2.Variable(name: variable), id: id)
        guard
            case .setVariableMonitoring(let answer)? = b.call(
                .setVariableMonitoring(.init(setMonitoringData: [data])))
        else { return nil }
        return answer.setMonitoringResult.first
    }

    private func events(_ b: Bench201) -> [V2.EventData] {
        b.requests.flatMap { request -> [V2.EventData] in
            guard case .notifyEvent(let notice) = request else { return [] }
            return notice.eventData
        }
    }

    @Test func `a threshold is told when it is passed and when that is over, also after a reboot`() {
        var b = Bench201()
        let taken = set(&b, .upperThreshold, 3000)
        #expect(taken?.status == .accepted && taken?.id == 1)
        #expect(events(b).isEmpty)
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .seconds(5))
        #expect(events(b).map(\.trigger) == [.alerting] && events(b).first?.variableMonitoringId == 1)
        #expect(events(b).first?.actualValue == "7040" && events(b).first?.cleared == nil)
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .seconds(5))
        b.feed(.plugOut(connector: 1))
        b.run(for: .minutes(2))
        #expect(events(b).last?.cleared == true)
        #expect(b.faults == [])
    }

    @Test func `periods, differences, the level, and what is no monitor`() {
        var b = Bench201()
        #expect(set(&b, .periodic, 60, severity: 8)?.status == .accepted)
        b.run(for: .seconds(185))
        #expect(events(b).map(\.trigger) == [.periodic, .periodic, .periodic])
        #expect(b.call(.setMonitoringLevel(.init(severity: 7))) == .setMonitoringLevel(.init(status: .accepted)))
        b.run(for: .seconds(120))
        #expect(events(b).count == 3)
        #expect(b.call(.setMonitoringLevel(.init(severity: 12))) == .setMonitoringLevel(.init(status: .rejected)))
        #expect(set(&b, .delta, 1000)?.status == .accepted)
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .seconds(5))
        #expect(events(b).last?.trigger == .delta)
        #expect(set(&b, .delta, 500)?.status == .duplicate)
        #expect(set(&b, .delta, 500, id: 99)?.status == .rejected)
        #expect(set(&b, .upperThreshold, 1, variable: "Nowhere")?.status == .unknownVariable)
        #expect(set(&b, .upperThreshold, 1, variable: "AvailabilityState")?.status == .unsupportedMonitorType)
        guard case .clearVariableMonitoring(let cleared)? = b.call(.clearVariableMonitoring(.init(id: [1, 77]))) else {
            Issue.record("no answer")
            return
        }
        #expect(cleared.clearMonitoringResult.map(\.status) == [.accepted, .notFound])
    }

    @Test func `monitors are reported in parts, and a base takes them away`() {
        var b = Bench201()
        let ours = [V2.ComponentVariable(component: power)]
        #expect(
            b.call(.getMonitoringReport(.init(requestId: 1, componentVariable: ours)))
                == .getMonitoringReport(.init(status: .emptyResultSet)))
        _ = set(&b, .delta, 1)
        _ = set(&b, .periodic, 3600)
        #expect(
            b.call(.getMonitoringReport(.init(requestId: 2, componentVariable: ours)))
                == .getMonitoringReport(.init(status: .accepted)))
        let parts = b.requests.compactMap { request -> V2.NotifyMonitoringReportRequest? in
            guard case .notifyMonitoringReport(let part) = request else { return nil }
            return part
        }
        #expect(parts.map(\.seqNo) == [0, 1] && parts.map(\.tbc) == [true, nil] && parts.map(\.requestId) == [2, 2])
        _ = b.call(.setMonitoringBase(.init(monitoringBase: .factoryDefault)))
        #expect(
            b.call(.getMonitoringReport(.init(requestId: 3, componentVariable: ours)))
                == .getMonitoringReport(.init(status: .emptyResultSet)))
    }

    @Test func `a network profile holds after a reboot, by the order of the slots`() {
        var b = Bench201()
        func network(_ slot: Int, _ profile: Int) -> V2.Response? {
            b.call(
                .setNetworkProfile(
                    .init(
                        configurationSlot: slot,
                        connectionData: V2.NetworkConnectionProfile(
                            ocppInterface: .wired0, ocppTransport: .json, messageTimeout: 30, ocppCsmsUrl: "wss://x",
                            securityProfile: profile, ocppVersion: .ocpp20))))
        }
        func priority(_ slots: String) -> V2.SetVariableStatus? {
            let data = V2.SetVariableData(
                attributeValue: slots, component: V2.Component(name: "OCPPCommCtrlr"),
                variable: V2.Variable(name: "NetworkConfigurationPriority"))
            guard case .setVariables(let answer)? = b.call(.setVariables(.init(setVariableData: [data]))) else {
                return nil
            }
            return answer.setVariableResult.first?.attributeStatus
        }
        #expect(priority("2,1") == .rejected)
        #expect(network(2, 2) == .setNetworkProfile(.init(status: .accepted)))
        #expect(priority("2,1") == .rebootRequired)
        func held() -> String? { Dialect201().value(of: Dialect201.securityProfile, in: b.station) }
        #expect(held() == "0")
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .minutes(1))
        #expect(held() == "2")
        guard case .setNetworkProfile(let weaker)? = network(3, 1) else {
            Issue.record("no answer")
            return
        }
        #expect(weaker.status == .rejected)
    }

    @Test func `of a customer it tells what its running transactions carry`() {
        var b = Bench201()
        func ask(_ token: String) -> String? {
            _ = b.call(
                .customerInformation(
                    .init(requestId: 4, report: true, clear: false, idToken: V2.IdToken(idToken: token, type: .central))
                ))
            for case .notifyCustomerInformation(let part) in b.requests.reversed() { return part.data }
            return nil
        }
        #expect(ask("A") == "no data")
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .seconds(5))
        #expect(ask("A")?.hasPrefix("EVSE 1: charging since") == true)
        #expect(ask("B") == "no data")
        #expect(
            b.call(.customerInformation(.init(requestId: 5, report: true, clear: false)))
                == .customerInformation(.init(status: .invalid)))
    }
}

@Suite("Simulated charge point of 1.6: security profile") struct SecurityProfile16Tests {
    @Test func `it takes a higher one and connects anew, and no lower one`() {
        var settings = StationSettings(identity: "CP-1")
        settings.security.password = "0123456789abcdef"
        var b = Bench(settings)
        func set(_ value: String) -> V16.Response? {
            b.call(.changeConfiguration(.init(key: "SecurityProfile", value: value)))
        }
        #expect(set("0") == .changeConfiguration(.init(status: .rejected)))
        let before = b.connections
        #expect(set("2") == .changeConfiguration(.init(status: .accepted)))
        b.run(for: .minutes(1))
        #expect(b.connections == before + 1 && b.station.isConnected)
        #expect(set("1") == .changeConfiguration(.init(status: .rejected)))
    }
}

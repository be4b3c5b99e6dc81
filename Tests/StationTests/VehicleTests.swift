import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated charging station: vehicles that speak ISO 15118") struct VehicleTests {
    private static let contract = VehicleSpeech.Contract(account: "EMP77TESTA12345", chain: "-----BEGIN")

    private func vehicle(
        _ kilowattHours: Int64 = 10, hours: Int = 10, contract: VehicleSpeech.Contract? = nil
    ) -> SimulatedVehicle {
        var vehicle = SimulatedVehicle.wanting(kilowattHours)
        vehicle.speech = VehicleSpeech(departure: t0 + .hours(hours), contract: contract)
        return vehicle
    }

    private func charging(_ vehicle: SimulatedVehicle) -> Bench201 {
        var b = Bench201()
        b.feed(.plugIn(connector: 1, vehicle, idTag: "A"))
        return b
    }

    private func lines(_ b: inout Bench201) -> [String] {
        b.newStory().filter { $0.hasPrefix("needs") || $0.hasPrefix("plans") }
    }

    private func set(_ b: inout Bench201, _ profile: V2.ChargingProfile) -> V2.ChargingProfileStatus? {
        guard
            case .setChargingProfile(let response)? = b.call(
                .setChargingProfile(.init(evseId: 1, chargingProfile: profile)))
        else { return nil }
        return response.status
    }

    @Test func `it tells what it needs, waits for a schedule and says how it charges by it`() {
        var b = charging(vehicle())
        let told = b.requests.compactMap { if case .notifyEVChargingNeeds(let needs) = $0 { needs } else { nil } }
        #expect(told.count == 1 && told.first?.maxScheduleTuples == 3)
        #expect(told.first?.chargingNeeds.departureTime == t0 + .hours(10))
        #expect(told.first?.chargingNeeds.acChargingParameters?.evMaxCurrent == JSONDecimal(32))
        let transaction = b.transaction
        #expect(b.story.firstIndex(of: "needs 1 10000 Wh")! > b.story.firstIndex { $0.hasPrefix("Started") }!)
        _ = b.newStory()
        b.run(for: .seconds(20))
        #expect(b.station.power == .zero && b.status == .suspendedEVSE)
        // 10 A for an hour, then nothing that limits it: 2.2 kWh, and the rest of 10 kWh at 7040 W.
        #expect(set(&b, txProfile201(100, transaction: transaction)) == .accepted)
        #expect(b.station.power == .watts(2200))
        b.run(for: .seconds(2))
        #expect(lines(&b) == ["plans 1 0:2200 3578:7040 7573:0"])
        b.run(for: .hours(3))
        #expect(
            (10_000_000...10_000_002).contains(b.station.register(connector: 1)?.milliwattHours ?? 0) && b.faults == [])
        #expect(lines(&b) == [])
    }

    @Test func `another profile in the middle leads to another schedule`() {
        var b = charging(vehicle())
        let transaction = b.transaction
        _ = set(&b, txProfile201(100, transaction: transaction))
        b.run(for: .minutes(30))
        _ = b.newStory()
        _ = set(&b, txProfile201(200, transaction: transaction, duration: nil))
        #expect(b.station.power == .watts(4400))
        b.run(for: .seconds(2))
        #expect(lines(&b) == ["plans 1 0:4400 7280:0"])
    }

    @Test func `without a schedule it charges after a minute, and at once where none will come`() {
        var b = charging(vehicle())
        b.run(for: .milliseconds(59_999))
        #expect(b.station.power == .zero)
        b.run(for: .milliseconds(1))
        #expect(b.station.power == .watts(7040))
        b = Bench201()
        b.answer = { request, number in
            if case .notifyEVChargingNeeds = request { return .notifyEVChargingNeeds(.init(status: .rejected)) }
            return Words201.friendly(request, number)
        }
        b.feed(.plugIn(connector: 1, vehicle(), idTag: "A"))
        #expect(b.station.power == .watts(7040))
    }

    @Test func `needs that were not answered are told on the next connection`() {
        var b = Bench201()
        b.answer = { request, number in
            if case .notifyEVChargingNeeds = request { return nil }
            return Words201.friendly(request, number)
        }
        b.feed(.plugIn(connector: 1, vehicle(), idTag: "A"))
        b.run(for: .seconds(10))
        b.cut()
        b.answer = { request, number in Words201.friendly(request, number) }
        b.run(for: .minutes(5))
        #expect(lines(&b).filter { $0.hasPrefix("needs") }.count == 2)
    }

    @Test func `of several schedules it takes the one that gives it what it wants`() {
        var b = charging(vehicle(20, hours: 4))
        let transaction = b.transaction
        func schedule(_ id: Int, _ amperes: Int) -> V2.ChargingSchedule {
            .init(
                id: id, chargingRateUnit: .a,
                chargingSchedulePeriod: [.init(startPeriod: 0, limit: JSONDecimal(amperes))],
                startSchedule: t0)
        }
        let three = V2.ChargingProfile(
            id: 5, stackLevel: 0, chargingProfilePurpose: .txProfile, chargingProfileKind: .absolute,
            chargingSchedule: [schedule(1, 10), schedule(2, 30), schedule(3, 32)], transactionId: transaction)
        _ = b.newStory()
        #expect(set(&b, three) == .accepted)
        #expect(b.station.power == .watts(6600))
        b.run(for: .seconds(2))
        #expect(lines(&b) == ["plans 1 0:6600 10907:0"])
        // Asked, it shows what it was sent.
        _ = b.call(
            .getChargingProfiles(.init(requestId: 1, chargingProfile: .init(chargingLimitSource: [.cso]))))
        let reported = b.requests.compactMap { request -> V2.ReportChargingProfilesRequest? in
            if case .reportChargingProfiles(let report) = request { return report }
            return nil
        }
        #expect(reported.first?.chargingProfile.first?.chargingSchedule.map(\.id) == [1, 2, 3])
        #expect(b.faults == [])
        // Nobody is there to choose.
        b = Bench201()
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: "A"))
        var deaf = three
        deaf = V2.ChargingProfile(
            id: 5, stackLevel: 0, chargingProfilePurpose: .txProfile, chargingProfileKind: .absolute,
            chargingSchedule: three.chargingSchedule, transactionId: b.transaction)
        #expect(set(&b, deaf) == .rejected)
    }

    @Test func `a contract in the vehicle is all that the driver needs`() {
        var b = Bench201()
        b.feed(.plugIn(connector: 1, vehicle(contract: Self.contract), idTag: nil))
        let asked = b.requests.compactMap { if case .authorize(let ask) = $0 { ask } else { nil } }
        #expect(asked.map(\.idToken.type) == [.eMAID] && asked.first?.certificate == "-----BEGIN")
        #expect(b.events.first?.idToken == V2.IdToken(idToken: "EMP77TESTA12345", type: .eMAID))
        #expect(b.station.isCharging(connector: 1) && b.faults == [])
    }

    @Test func `a contract that is refused, and one that nobody can check, charge nothing`() {
        var b = Bench201()
        b.answer = { request, number in
            if case .authorize = request {
                return .authorize(
                    .init(idTokenInfo: .init(status: .accepted), certificateStatus: .certificateRevoked))
            }
            return Words201.friendly(request, number)
        }
        b.feed(.plugIn(connector: 1, vehicle(contract: Self.contract), idTag: nil))
        #expect(!b.station.isCharging(connector: 1) && b.station.counts.refusals == 1)
        b = Bench201()
        b.isReachable = false
        b.cut()
        b.feed(.plugIn(connector: 1, vehicle(contract: Self.contract), idTag: nil))
        b.run(for: .minutes(5))
        #expect(!b.station.isCharging(connector: 1))
        b.isReachable = true
        b.run(for: .minutes(10))
        #expect(b.station.isCharging(connector: 1))
    }

    @Test(arguments: [true, false]) func `in 1_6 the contract goes inside DataTransfer`(isAccepted: Bool) {
        var b = Bench()
        b.answer = { request, number in
            guard case .dataTransfer(let transfer) = request else { return Words16.friendly(request, number) }
            let status: V2.AuthorizationStatus = isAccepted ? .accepted : .blocked
            guard transfer.vendorId == "org.openchargealliance.iso15118pnc", transfer.messageId == "Authorize",
                case .authorize(let asked)? = try? V2.Request.decode(
                    .authorize, payload: Array((transfer.data ?? "").utf8).span, in: .v201
                ).result.get(),
                asked.idToken == V2.IdToken(idToken: "EMP77TESTA12345", type: .eMAID)
            else { return .dataTransfer(.init(status: .rejected)) }
            let answer = V2.Response.authorize(.init(idTokenInfo: .init(status: status), certificateStatus: .accepted))
            return .dataTransfer(.init(status: .accepted, data: String(decoding: answer.json, as: UTF8.self)))
        }
        b.feed(.plugIn(connector: 1, vehicle(contract: Self.contract), idTag: nil))
        #expect(b.station.isCharging(connector: 1) == isAccepted && b.faults == [])
        #expect(b.station.power == (isAccepted ? .watts(7040) : .zero))
    }
}

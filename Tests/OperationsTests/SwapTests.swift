import Assets
import Charging
import OCPPMessages
import Operations
import Quantities
import Testing

/// Battery swaps in the core alone; `Tests/python/test_swap.py` has them over sockets.
@Suite("Battery swaps") struct SwapTests {
    private static let id = StationID("CAB1")

    private static func dialogue() -> Dialogue {
        var d = Dialogue {
            $0.bootPatience = .zero
            $0.acceptUnknownTokens = false
        }
        d.connect("CAB1", .v21)
        d.token("DRIVER")
        return d
    }

    private static func ask(_ d: inout Dialogue, _ token: String = "DRIVER") -> BatterySwap? {
        guard
            case .success(.swap(let swap, _)) = d.order(
                .ask(id, .swapBatteries(token: token), timeout: .seconds(30)))
        else { return nil }
        return swap
    }

    private static func step(
        _ d: inout Dialogue, _ kind: String, _ request: Int, slot: Int, _ serial: String, soc: String,
        token: String = "DRIVER"
    ) {
        let reply = d.say(
            "CAB1", "BatterySwap",
            #"{"eventType":"\#(kind)","requestId":\#(request),"idToken":{"idToken":"\#(token)","type":"Central"},"batteryData":[{"evseId":\#(slot),"serialNumber":"\#(serial)","soC":\#(soc),"soH":97,"vendorInfo":"V1"}]}"#
        )
        #expect(reply == "{}")
    }

    private static func event(
        _ d: inout Dialogue, _ kind: String, _ transaction: String, _ number: Int, slot: Int, wh: Int, soc: Int? = nil
    ) -> String? {
        var values = #"{"value":\#(wh)}"#
        if let soc { values += #",{"value":\#(soc),"measurand":"SoC","unitOfMeasure":{"unit":"Percent"}}"# }
        return d.say(
            "CAB1", "TransactionEvent",
            #"{"eventType":"\#(kind)","timestamp":"\#(d.now)","triggerReason":"CablePluggedIn","seqNo":\#(number),"transactionInfo":{"transactionId":"\#(transaction)","chargingState":"Charging"},"evse":{"id":\#(slot)},"idToken":{"idToken":"","type":"NoAuthorization"},"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[\#(values)]}]}"#
        )
    }

    private static func state(_ d: Dialogue, _ id: Int) -> BatterySwap.State? { d.core.swap(id, of: Self.id)?.state }

    @Test func `a swap is asked for, carried out in two steps, and kept over a kill`() throws {
        var d = Self.dialogue()
        let swap = try #require(Self.ask(&d))
        #expect(swap.state == .asked)
        d.answer("CAB1", "RequestBatterySwap", #"{"status":"Accepted"}"#)
        #expect(Self.state(d, swap.id) == .accepted)
        Self.step(&d, "BatteryIn", swap.request, slot: 2, "EMPTY", soc: "12.5")
        #expect(Self.state(d, swap.id) == .open && d.core.cabinet(of: Self.id)?[2]?.battery.charge == 1_250)
        d.restart()
        d.connect("CAB1", .v21)
        Self.step(&d, "BatteryOut", swap.request, slot: 5, "FULL", soc: "96")
        let done = try #require(d.core.swap(swap.id, of: Self.id))
        #expect(done.state == .done && done.taken.map(\.serial) == ["EMPTY"] && done.given.map(\.serial) == ["FULL"])
        #expect(done.isRemote && done.by == "wang" && !done.isTokenRefused && done.charged == nil)
        let cabinet = d.core.cabinet(of: Self.id)
        d.restart()
        #expect(d.core.cabinet(of: Self.id) == cabinet && d.core.swap(swap.id, of: Self.id) == done)
    }

    @Test func `a token that may not charge swaps nothing, and one that did at the station is marked`() {
        var d = Self.dialogue()
        #expect(Self.ask(&d, "NOBODY") == nil && d.calls.isEmpty)
        Self.step(&d, "BatteryIn", 77, slot: 1, "B1", soc: "20", token: "NOBODY")
        let known = d.disk.swaps.values.first
        #expect(known?.isTokenRefused == true && known?.isRemote == false && known?.request == 77)
    }

    @Test func `refusals, silence and nobody coming each have their state`() throws {
        var d = Self.dialogue()
        let refused = try #require(Self.ask(&d))
        d.answer(
            "CAB1", "RequestBatterySwap", #"{"status":"Rejected","statusInfo":{"reasonCode":"NoBatteryAvailable"}}"#)
        #expect(
            Self.state(d, refused.id) == .refused && d.core.swap(refused.id, of: Self.id)?.word == "NoBatteryAvailable")
        let silent = try #require(Self.ask(&d))
        if let call = d.calls.first { d.settle(call, .timeout) }
        #expect(Self.state(d, silent.id) == .unanswered)
        let unused = try #require(Self.ask(&d))
        d.answer("CAB1", "RequestBatterySwap", #"{"status":"Accepted"}"#)
        d.pass(.minutes(16))
        #expect(Self.state(d, unused.id) == .unused)
        d.disconnect("CAB1")
        let gone = try #require(Self.ask(&d))
        #expect(Self.state(d, gone.id) == .notSent)
    }

    @Test func `a battery that nobody takes raises an alarm until somebody does`() {
        var d = Self.dialogue()
        func alarms() -> Int { d.core.activeAlarms.count { $0.code == "station-swap-left" } }
        Self.step(&d, "BatteryIn", 7, slot: 1, "B1", soc: "20")
        Self.step(&d, "BatteryOutTimeout", 7, slot: 3, "B3", soc: "95")
        #expect(alarms() == 1 && d.core.cabinet(of: Self.id)?.ready == 1)
        d.restart()
        d.connect("CAB1", .v21)
        d.pass(.minutes(20))
        #expect(alarms() == 1)
        Self.step(&d, "BatteryOut", 7, slot: 3, "B3", soc: "95")
        #expect(alarms() == 0 && d.disk.swaps.values.map(\.state) == [.done])
    }

    @Test func `a battery in its slot charges as part of the fleet and shows what one takes`() throws {
        var d = Self.dialogue()
        Self.step(&d, "BatteryIn", 1, slot: 1, "B1", soc: "20")
        let reply = Self.event(&d, "Started", "TX1", 0, slot: 1, wh: 1_000, soc: 20)
        #expect(reply?.contains(#""status":"Accepted""#) == true)
        let session = try #require(d.disk.sessions.values.first)
        #expect(session.idToken == nil && session.needs?.statedBy == "battery swap")
        #expect(session.needs?.departure == d.now + .hours(4) && session.needs?.energy == nil)
        d.pass(.minutes(1))
        _ = Self.event(&d, "Updated", "TX1", 1, slot: 1, wh: 1_600, soc: 80)
        #expect(d.core.cabinet(of: Self.id)?[1]?.battery.charge == 8_000)
        Self.step(&d, "BatteryOut", 1, slot: 1, "B1", soc: "80")
        #expect(d.core.cabinet(of: Self.id)?.capacity == .wattHours(1_000))
        #expect(d.disk.swaps.values.first?.charged == .wattHours(600))
        _ = Self.event(&d, "Ended", "TX1", 2, slot: 1, wh: 1_600)
        // Of the next one it is known what it still takes.
        Self.step(&d, "BatteryIn", 2, slot: 2, "B2", soc: "40")
        _ = Self.event(&d, "Started", "TX2", 0, slot: 2, wh: 5_000)
        #expect(d.disk.sessions.values.first { $0.transactionID == "TX2" }?.needs?.energy == .wattHours(600))
    }

    @Test func `the token of the slots may charge in many at once`() {
        var d = Self.dialogue()
        d.say(
            "CAB1", "NotifyReport",
            #"{"requestId":1,"generatedAt":"\#(d.now)","seqNo":0,"reportData":[{"component":{"name":"BatterySwapCtrlr"},"variable":{"name":"IdToken"},"variableAttribute":[{"value":"BSS-1"}]},{"component":{"name":"BatterySwapCtrlr"},"variable":{"name":"TargetSoc"},"variableAttribute":[{"value":"70"}]}]}"#
        )
        for slot in 1...2 { Self.step(&d, "BatteryIn", slot, slot: slot, "B\(slot)", soc: "71") }
        for slot in 1...2 {
            let reply = d.say(
                "CAB1", "TransactionEvent",
                #"{"eventType":"Started","timestamp":"\#(d.now)","triggerReason":"CablePluggedIn","seqNo":0,"transactionInfo":{"transactionId":"T\#(slot)"},"evse":{"id":\#(slot)},"idToken":{"idToken":"BSS-1","type":"Central"}}"#
            )
            #expect(reply?.contains(#""status":"Accepted""#) == true)
        }
        #expect(d.core.cabinet(of: Self.id)?.ready == 2)
    }

    @Test func `when a battery is wanted follows the pace of the last swaps`() {
        let now = Instant("2026-03-01T00:00:00Z")!
        func wanted(_ minutes: [Int], ready: Int) -> Duration {
            let stored = (0..<ready).map {
                StoredBattery(
                    SwapBattery(
                        slot: $0 + 1, serial: "\($0)", charge: 9_900, health: 9_900, producedAt: nil, vendorInfo: nil),
                    since: now)
            }
            return BatteryCabinet(station: Self.id, batteries: stored, demand: minutes.map { now - .minutes($0) })
                .wantedBy(at: now) - now
        }
        #expect(wanted([30, 20], ready: 3) == .hours(4))
        #expect(wanted([120, 90, 60, 30, 0], ready: 3) == .hours(2))
        #expect(wanted([8, 6, 4, 2, 0], ready: 1) == .minutes(30))
        #expect(wanted([4_000, 3_000, 2_000, 0], ready: 9) == .hours(12))
    }
}

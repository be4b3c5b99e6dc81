import Assets
import Charging
import Operations
import Quantities
import Testing

/// Payments when a station is busy, an answer is lost, or somebody says what is not theirs to say.
@Suite("Payments that go wrong") struct PaymentTroubleTests {
    private static let pile = StationID("P1")

    private static func paying(_ change: (inout CoreConfiguration) -> Void = { _ in }) -> Dialogue {
        var d = Dialogue {
            $0.commissioning = false
            $0.bootPatience = .zero
            $0.paysThroughProvider = true
            change(&$0)
        }
        var site = Site(
            id: SiteID("S"), name: "Street",
            tariffs: [.init(from: CivilDay(year: 2024, month: 1, day: 1)!, tariff: "cn/hubei/residential-charging")])
        site.localCost = .off
        d.order(.putSite(site))
        var station = StationChange()
        station.site = .some(SiteID("S"))
        d.order(.putStation(pile, station))
        d.now = Instant("2025-02-28T14:00:00Z")!
        d.connect("P1", .v21)
        d.status2("P1")
        return d
    }

    /// Without a reference it is paid on a page, with one it comes authorized from a kiosk.
    private static func begin(_ d: inout Dialogue, reference: String? = nil) {
        d.order(
            .money(
                .beginPayment(
                    PaymentWish(
                        station: pile, evse: 1, fen: 2000, reference: reference, limits: TransactionLimits()))))
    }

    private static func serve(_ d: inout Dialogue, _ provider: inout SandboxProvider) {
        while let call = d.payments.first {
            d.payments.removeFirst()
            d.give(.paid(call.payment, key: call.key, .answered(provider.carry(call))))
        }
    }

    /// The station takes every call.
    /// - Returns: how many of them ask it to start.
    private static func takeCalls(_ d: inout Dialogue) -> Int {
        var starts = 0
        while let call = d.calls.first {
            if call.action == "RequestStartTransaction" { starts += 1 }
            d.answer("P1", call.action, #"{"status":"Accepted"}"#)
        }
        return starts
    }

    private static func event(_ d: inout Dialogue, _ stage: String, _ number: Int, wh: Int, token: String? = nil) {
        let card = token.map { #","idToken":{"idToken":"\#($0)","type":"DirectPayment"}"# } ?? ""
        d.say(
            "P1", "TransactionEvent",
            #"{"eventType":"\#(stage)","timestamp":"\#(d.now)","triggerReason":"RemoteStart","seqNo":\#(number),"transactionInfo":{"transactionId":"tx"},"evse":{"id":1,"connectorId":1}\#(card),"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[{"value":\#(wh),"unitOfMeasure":{"unit":"Wh"}}]}]}"#
        )
    }

    /// 4 kWh for 2.72 yuan.
    private static func charge(_ d: inout Dialogue, token: String, whileCharging: (inout Dialogue) -> Void = { _ in }) {
        event(&d, "Started", 0, wh: 0, token: token)
        whileCharging(&d)
        d.now += .minutes(30)
        event(&d, "Ended", 1, wh: 4000)
    }

    private static func told(_ d: inout Dialogue, _ word: String, of reference: String, yuan: String = "2.72") {
        d.say(
            "P1", "NotifySettlement",
            #"{"pspRef":"\#(reference)","status":"\#(word)","settlementAmount":\#(yuan),"settlementTime":"\#(d.now)"}"#)
    }

    private static func authorize(_ d: inout Dialogue, _ card: String) {
        let answer = d.say("P1", "Authorize", #"{"idToken":{"idToken":"\#(card)","type":"DirectPayment"}}"#)
        #expect(answer?.contains("Accepted") == true)
    }

    private static func tick(_ d: inout Dialogue, after duration: Duration) {
        d.now += duration
        d.give(.tick)
    }

    private static func shown(_ d: Dialogue, _ id: String = "PM-1") -> Payment? { d.disk.payments[id] }

    private static func isStuck(_ d: Dialogue, _ id: String = "PM-1") -> Bool {
        d.core.activeAlarms.contains { $0.code == "payment-stuck" && $0.object == id }
    }

    // MARK: - Starts

    @Test func `a start waits until the station's calls leave room for it`() {
        var d = Self.paying()
        var provider = SandboxProvider()
        Self.begin(&d, reference: "kiosk-1")
        for _ in 0..<40 {
            d.order(.command(Self.pile, action: "ClearCache", payload: Array("{}".utf8), timeout: .seconds(30)))
        }
        Self.serve(&d, &provider)
        #expect(Self.shown(d)?.state == .authorized && Self.shown(d)?.remoteStart == nil)
        #expect(Self.takeCalls(&d) == 0)
        d.calm(.seconds(6))
        #expect(Self.shown(d)?.remoteStart != nil)
        #expect(Self.takeCalls(&d) == 1)
        d.calm(.seconds(20))
        #expect(Self.takeCalls(&d) == 0)
        #expect(Self.shown(d)?.state == .authorized && provider.cancels == 0)
    }

    @Test func `a start is sent once although another payment is given up at the same time`() {
        var d = Self.paying()
        var provider = SandboxProvider()
        // Paid, and never plugged in.
        Self.begin(&d, reference: "kiosk-1")
        Self.serve(&d, &provider)
        #expect(Self.takeCalls(&d) == 1)
        // Paid just before that one ends, while the station is away.
        d.now += Payment.patience - .seconds(2)
        Self.begin(&d, reference: "kiosk-2")
        d.disconnect("P1")
        Self.serve(&d, &provider)
        d.connect("P1", .v21)
        #expect(Self.takeCalls(&d) == 0)
        d.calm(.seconds(6))
        Self.serve(&d, &provider)
        #expect(Self.shown(d)?.state == .cancelled && provider.cancels == 1)
        #expect(Self.takeCalls(&d) == 1)
        #expect(Self.shown(d, "PM-2")?.state == .authorized)
    }

    // MARK: - Answers of the provider

    @Test func `given up while the provider is asked whether it is paid, a payment is released`() throws {
        var d = Self.paying()
        var provider = SandboxProvider(paysAfter: 10_000)
        Self.begin(&d)
        Self.serve(&d, &provider)
        #expect(Self.shown(d)?.state == .awaiting)
        Self.tick(&d, after: Payment.patience - .seconds(1))
        let look = try #require(d.payments.first)
        #expect(look.step == .look && d.payments.count == 1)
        d.payments.removeAll()
        Self.tick(&d, after: .seconds(2))
        Self.tick(&d, after: .seconds(1))
        #expect(Self.shown(d)?.state == .cancelling && d.payments.isEmpty, "one step at a time is at the provider")
        d.give(.paid(look.payment, key: look.key, .answered(provider.carry(look))))
        Self.serve(&d, &provider)
        #expect(provider.cancels == 1 && Self.shown(d)?.state == .cancelled)
    }

    @Test func `an answer that is lost on its way is asked for again`() throws {
        var d = Self.paying()
        var provider = SandboxProvider()
        Self.begin(&d, reference: "kiosk-1")
        let lost = try #require(d.payments.first)
        d.payments.removeAll()
        d.calm(.minutes(1))
        #expect(d.payments.isEmpty, "the provider may be slow")
        d.calm(.minutes(2))
        #expect(d.payments.map(\.key) == [lost.key] && Self.shown(d)?.attempts == 1)
        Self.serve(&d, &provider)
        #expect(Self.shown(d)?.state == .authorized)
    }

    @Test func `no more is taken than the provider reserved, nor than was wished`() throws {
        var d = Self.paying()
        var provider = SandboxProvider()
        Self.begin(&d, reference: "kiosk-1")
        let look = d.payments.removeFirst()
        d.give(.paid(look.payment, key: look.key, .answered(PaymentAnswer(status: .authorized, fen: 150))))
        #expect(Self.shown(d)?.reserved == 150)
        _ = Self.takeCalls(&d)
        Self.charge(&d, token: "kiosk-1") {
            #expect($0.session("S-1")?.account.limits.cost == Rational(150) / Rational(100))
        }
        Self.serve(&d, &provider)
        #expect(provider.captures == [150] && Self.shown(d)?.state == .settled)

        var more = Payment(
            id: "PM-9", kind: .kiosk, station: Self.pile, evse: 1, by: "kiosk", createdAt: d.now, state: .begun)
        more.reserved = 2000
        more.ask(.look, at: d.now)
        more.take(PaymentAnswer(status: .authorized, fen: 5000), at: d.now)
        #expect(more.state == .authorized && more.reserved == 2000)
    }

    // MARK: - What a station says

    @Test(arguments: ["Canceled", "Failed", "Settled"])
    func `a station does not settle what the platform settles`(_ word: String) {
        var d = Self.paying()
        var provider = SandboxProvider()
        Self.begin(&d, reference: "kiosk-1")
        Self.serve(&d, &provider)
        _ = Self.takeCalls(&d)
        Self.charge(&d, token: "kiosk-1") { d in
            Self.told(&d, word, of: "kiosk-1", yuan: "0.01")
            let noted = Self.shown(d)
            #expect(noted?.state == .charging && noted?.captured == nil)
            #expect(noted?.word?.contains(word) == true)
            // Told again, it changes nothing.
            d.now += .seconds(1)
            Self.told(&d, word, of: "kiosk-1", yuan: "0.01")
            #expect(Self.shown(d) == noted)
        }
        Self.serve(&d, &provider)
        #expect(provider.captures == [272] && provider.cancels == 0)
        #expect(Self.shown(d)?.state == .settled && Self.shown(d)?.captured == 272)
        d.order(.money(.steerPayment("PM-1", .refund(272))))
        Self.serve(&d, &provider)
        Self.told(&d, "Settled", of: "kiosk-1")
        #expect(Self.shown(d)?.state == .refunded && Self.shown(d)?.refunded == 272)
    }

    @Test func `a terminal's settlement told again after a refund does not undo it`() {
        let now = Instant("2025-02-28T14:00:00Z")!
        let notice = SettlementNotice(
            reference: "card-1", transaction: nil, word: "Settled", fen: 272, at: now, receiptID: nil, receiptURL: nil)
        var payment = Payment(
            id: "PM-9", kind: .terminal, station: Self.pile, evse: 0, by: "P1", createdAt: now, state: .ended)
        payment.settle(notice, at: now)
        #expect(payment.state == .settled && payment.captured == 272)
        payment.ask(.refund, fen: 100, at: now)
        payment.settle(notice, at: now)
        #expect(payment.state == .refunding && payment.step == .refund)
        payment.take(PaymentAnswer(status: .refunded), at: now)
        payment.settle(notice, at: now)
        #expect(payment.state == .refunded && payment.refunded == 100 && payment.captured == 272)
    }

    // MARK: - Payments that nobody ends

    @Test func `a terminal's card that never charges is let go, and one that is not settled goes to a person`() {
        var d = Self.paying {
            $0.paysThroughProvider = false
            $0.acceptsTerminals = true
        }
        Self.authorize(&d, "card-1")
        Self.authorize(&d, "card-2")
        Self.charge(&d, token: "card-2")
        #expect(Self.shown(d)?.state == .authorized && Self.shown(d, "PM-2")?.state == .ended)
        Self.tick(&d, after: .hours(23))
        #expect(Self.shown(d)?.state == .authorized)
        Self.tick(&d, after: .hours(2))
        #expect(Self.shown(d)?.state == .cancelled && Self.shown(d)?.word == "the station did not settle")
        #expect(Self.shown(d, "PM-2")?.state == .ended, "its terminal has a week")
        Self.tick(&d, after: .days(7))
        #expect(Self.shown(d, "PM-2")?.state == .failed && Self.shown(d, "PM-2")?.endsAt == nil)
        #expect(Self.isStuck(d, "PM-2"))
        // It was offline for long: what it took, it took.
        Self.told(&d, "Settled", of: "card-2")
        #expect(Self.shown(d, "PM-2")?.state == .settled && Self.shown(d, "PM-2")?.captured == 272)
        #expect(!Self.isStuck(d, "PM-2"))
    }

    @Test func `what a station let fail stays alarmed through a restart until a person closes it`() {
        var d = Self.paying {
            $0.paysThroughProvider = false
            $0.acceptsTerminals = true
        }
        Self.authorize(&d, "card-1")
        Self.charge(&d, token: "card-1")
        Self.told(&d, "Failed", of: "card-1")
        #expect(Self.shown(d)?.state == .failed && Self.isStuck(d))
        d.restart()
        d.connect("P1", .v21)
        d.give(.tick)
        Self.tick(&d, after: .minutes(16))
        #expect(Self.isStuck(d))
        guard case .failure(let fault) = d.order(.money(.steerPayment("PM-1", .retry))) else {
            Issue.record("there is no step to try again")
            return
        }
        #expect(fault.code == "payment-state")
        d.order(.money(.steerPayment("PM-1", .cancel)))
        #expect(Self.shown(d)?.state == .cancelled && d.payments.isEmpty)
        #expect(!Self.isStuck(d))
    }
}

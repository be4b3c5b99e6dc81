import Assets
import Charging
import Operations
import Quantities
import Rulebook
import Testing

/// What sessions of 2.1 cost beside their energy: service fee, energy given back, the station's own reckoning, limits.
@Suite("Money of sessions") struct MoneyTests {
    private static let hubei = "cn/hubei/residential-charging"
    private static func evening(_ minutes: Int) -> Instant { Instant("2025-02-28T14:00:00Z")! + .minutes(minutes) }

    private static func event(
        _ d: inout Dialogue, _ stage: String, _ number: Int, _ minutes: Int, wh: Int? = nil, given: Int? = nil,
        trigger: String = "MeterValuePeriodic", info: String = "", more: String = ""
    ) -> String {
        let at = evening(minutes)
        d.now = max(d.now, at)
        func value(_ wh: Int?, _ measurand: String) -> String? {
            wh.map { #"{"value":\#($0),"measurand":"\#(measurand)","unitOfMeasure":{"unit":"Wh"}}"# }
        }
        let values = [value(wh, "Energy.Active.Import.Register"), value(given, "Energy.Active.Export.Register")]
            .compactMap { $0 }.joined(separator: ",")
        let meter = values.isEmpty ? "" : #","meterValue":[{"timestamp":"\#(at)","sampledValue":[\#(values)]}]"#
        return d.say(
            "P1", "TransactionEvent",
            #"{"eventType":"\#(stage)","timestamp":"\#(at)","triggerReason":"\#(trigger)","seqNo":\#(number),"transactionInfo":{"transactionId":"tx"\#(info)},"evse":{"id":1,"connectorId":1}\#(meter)\#(more)}"#
        ) ?? ""
    }

    /// At a site of Hubei with a service fee of 0.30 yuan/kWh, in the evening.
    private static func street(_ change: (inout Site) -> Void = { _ in }) -> Dialogue {
        var d = Dialogue {
            $0.commissioning = false
            $0.bootPatience = .zero
        }
        let day = CivilDay(year: 2024, month: 1, day: 1)!
        var site = Site(id: SiteID("S"), name: "Street", tariffs: [.init(from: day, tariff: hubei)])
        site.serviceFees = [.init(from: day, price: Rational(30) / Rational(100))]
        site.localCost = .off
        change(&site)
        d.order(.putSite(site))
        var station = StationChange()
        station.site = .some(SiteID("S"))
        d.order(.putStation(StationID("P1"), station))
        d.now = evening(0)
        d.connect("P1", .v21)
        d.calm(.seconds(1))
        d.now = Instant("2025-02-28T14:00:00Z")!
        return d
    }
    private static let session = Session.ID("S-1")
    private static func yuan(_ fen: Int64) -> Rational { Rational(fen) / Rational(100) }

    @Test func `the service fee counts for each kWh, and each line shows it`() throws {
        for cut in 0..<4 {
            var d = Self.street()
            for (n, step) in [(40, 1000), (50, 3000), (70, 7000), (80, 8000)].enumerated() {
                _ = Self.event(&d, n == 0 ? "Started" : "Updated", n, step.0, wh: step.1)
                if n == cut {
                    d.restart()
                    d.connect("P1", .v21)
                }
            }
            #expect(Self.event(&d, "Ended", 4, 90, wh: 9000) == #"{"totalCost":6.84}"#, "after \(cut)")
            let statement = try #require(d.core.statement(of: Self.session))
            #expect(statement.lines.map(\.level) == ["peak", "valley"])
            #expect(statement.lines.map(\.energy) == [Rational(4), Rational(4)])
            #expect(statement.energyAmount == Self.yuan(444) && statement.feeAmount == Self.yuan(240))
            #expect(statement.total == Self.yuan(684) && statement.isFinal)
            let sum = statement.lines.reduce(Rational.zero) { $0 + $1.amount + $1.feeAmount }
            #expect(sum == statement.total)
        }
    }

    @Test func `a fee that changes at midnight is split there`() {
        var d = Self.street {
            $0.serviceFees.append(.init(from: CivilDay(year: 2025, month: 3, day: 1)!, price: .one))
        }
        // 23:30 to 00:30 at 0.43: one kWh on either side.
        _ = Self.event(&d, "Started", 0, 90, wh: 0)
        #expect(Self.event(&d, "Ended", 1, 150, wh: 2000) == #"{"totalCost":2.16}"#)
    }

    @Test func `energy given back is credited at its own price and takes nothing off the cost`() throws {
        let guangdong = "cn/guangdong/v2g-discharge"
        let pack = try #require(RulePacks.builtIn.tariffs.first { $0.id == guangdong })
        var d = Self.street {
            $0.exportTariffs = [.init(from: CivilDay(year: 2024, month: 1, day: 1)!, tariff: guangdong)]
        }
        // Where the pack knows the price: the evening of a day of its own.
        let start = try #require(
            stride(from: 0, to: 700, by: 1).map { Self.evening($0 * 1440) }.first {
                (try? pack.span(at: $0))?.price != nil && (try? pack.span(at: $0 + .minutes(40)))?.price != nil
            })
        let offset = Int((start - Self.evening(0)).wholeMilliseconds / 60_000)
        _ = Self.event(&d, "Started", 0, offset, wh: 1000, given: 0)
        _ = Self.event(&d, "Updated", 1, offset + 20, wh: 2000, given: 500)
        d.restart()
        d.connect("P1", .v21)
        _ = Self.event(&d, "Updated", 2, offset + 40, wh: 2000, given: 3500)
        _ = Self.event(&d, "Ended", 3, offset + 50, wh: 2000, given: 3500)
        let session = try #require(d.disk.sessions[Self.session])
        #expect(session.exported == .wattHours(3500) && session.imported == .wattHours(1000))
        let pack2 = try #require(RulePacks.builtIn.tariffs.first { $0.id == Self.hubei })
        let price = try #require(try pack2.span(at: start).price)
        #expect(session.cost == price + Self.yuan(30))
        var credit = Rational.zero
        for (from, to, kwh) in [(0, 20, Rational(1) / Rational(2)), (20, 40, Rational(3))] {
            let interval = Interval(start + .minutes(from), start + .minutes(to))
            for span in try pack.spans(in: interval) {
                credit +=
                    try kwh * #require(span.price) * Rational(span.interval.duration.wholeMilliseconds)
                    / Rational(interval.duration.wholeMilliseconds)
            }
        }
        #expect(session.account.exportCredit == credit)
        let statement = try #require(d.core.statement(of: Self.session))
        #expect(statement.total == session.cost && statement.exportCredit == credit)
        #expect(
            statement.lines.filter(\.isExport).reduce(Rational.zero) { $0 + $1.energy } == Rational(35) / Rational(10))
    }

    @Test(arguments: [("4.44", false), ("4.45", false), ("4.47", true), ("4.42", false), ("4.41", true)])
    func `the station's own sum stands beside ours, with a mark where they differ`(_ told: String, _ differs: Bool)
        throws
    {
        var d = Self.street { $0.serviceFees = [] }
        for (n, step) in [(40, 1000), (50, 3000), (70, 7000)].enumerated() {
            _ = Self.event(
                &d, n == 0 ? "Started" : "Updated", n, step.0, wh: step.1, info: n == 0 ? #","tariffId":"tw-1""# : "")
        }
        let details =
            #","costDetails":{"totalCost":{"currency":"CNY","typeOfCost":"NormalCost","total":{"exclTax":\#(told)}},"totalUsage":{"energy":8,"chargingTime":3000,"idleTime":0},"chargingPeriods":[{"startPeriod":"2025-02-28T14:40:00Z","tariffId":"tw-1"}]}"#
        #expect(Self.event(&d, "Ended", 3, 90, wh: 9000, more: details) == #"{"totalCost":4.44}"#)
        let session = try #require(d.disk.sessions[Self.session])
        #expect(session.account.tariff == "tw-1")
        #expect(session.account.told?.total == Rational(decimal: told) && session.account.told?.periods == 1)
        #expect(session.has(.costsDiffer) == differs)
        #expect(session.account.difference(from: session.cost) == Int((Double(told)! * 100).rounded()) - 444)
    }

    // MARK: - Limits

    private static func set(_ limits: TransactionLimits, _ d: inout Dialogue) {
        guard case .success = d.order(.money(.setLimits(session, limits))) else {
            Issue.record("the limits were refused")
            return
        }
    }

    @Test func `a limit goes with the next answer, once, and only where the station keeps it`() {
        var d = Self.street()
        _ = Self.event(&d, "Started", 0, 40, wh: 1000)
        Self.set(TransactionLimits(cost: Self.yuan(500), energy: .kilowattHours(9), seconds: 7200), &d)
        TariffTests.abilities(&d, tariffs: false, limits: "maxCost,maxEnergy")
        #expect(d.calls.contains { $0.action == "TriggerMessage" })
        d.answer("P1", "TriggerMessage", #"{"status":"Accepted"}"#)
        let answer = Self.event(&d, "Updated", 1, 50, wh: 2000, trigger: "Trigger")
        #expect(answer.contains(#""transactionLimit":{"maxCost":5.00,"maxEnergy":9000}"#))
        // A station that does not reckon is told what it costs so far (E16.FR.11): 1 kWh at 0.68 and 0.30.
        #expect(answer.contains(#""totalCost":0.98"#))
        let next = Self.event(
            &d, "Updated", 2, 51, wh: 2000, trigger: "LimitSet",
            info: #","transactionLimit":{"maxCost":5.00,"maxEnergy":9000}"#)
        #expect(!next.contains("transactionLimit"))
        #expect(d.session("S-1")?.account.heldLimits.energy == .kilowattHours(9))
        // Raised: told; what it keeps to already: not.
        Self.set(TransactionLimits(cost: Self.yuan(500), energy: .kilowattHours(10)), &d)
        #expect(Self.event(&d, "Updated", 3, 52, wh: 2000).contains(#""maxEnergy":10000}"#))
        Self.set(TransactionLimits(cost: Self.yuan(500), energy: .kilowattHours(9)), &d)
        #expect(!Self.event(&d, "Updated", 5, 54, wh: 2000).contains("transactionLimit"))
        // No longer wanted: so high that it never counts (E16.FR.17).
        Self.set(TransactionLimits(energy: .kilowattHours(9)), &d)
        #expect(Self.event(&d, "Updated", 6, 55, wh: 2000).contains(#""maxCost":1000000.00"#))
    }

    @Test func `a station that does not act on a limit is asked to stop, and no more than three times`() {
        for limits in [
            TransactionLimits(energy: .kilowattHours(2)), TransactionLimits(cost: Self.yuan(150)),
            TransactionLimits(seconds: 1200),
        ] {
            var d = Self.street()
            _ = Self.event(&d, "Started", 0, 0, wh: 1000)
            Self.set(limits, &d)
            _ = d.answer("P1", "GetVariables", #"{"getVariableResult":[]}"#)
            _ = Self.event(&d, "Updated", 1, 10, wh: 2000)
            #expect(!d.calls.contains { $0.action == "RequestStopTransaction" })
            _ = Self.event(&d, "Updated", 2, 20, wh: 3100)
            d.calm(.seconds(2))
            #expect(d.session("S-1")?.account.reached != nil)
            var stops = 0
            for _ in 0..<40 {
                if d.answer("P1", "RequestStopTransaction", #"{"status":"Rejected"}"#) != nil { stops += 1 }
                d.calm(.minutes(1))
            }
            #expect(stops == 3, "\(limits)")
        }
    }

    @Test func `where the station acts on it, it is left alone; a restart forgets nothing`() {
        var d = Self.street()
        _ = Self.event(&d, "Started", 0, 0, wh: 1000)
        Self.set(TransactionLimits(energy: .kilowattHours(2)), &d)
        TariffTests.abilities(&d, tariffs: false, limits: "maxEnergy")
        #expect(Self.event(&d, "Updated", 1, 10, wh: 2000).contains("transactionLimit"))
        d.restart()
        d.connect("P1", .v21)
        _ = Self.event(
            &d, "Updated", 2, 20, wh: 3000, trigger: "EnergyLimitReached", info: #","chargingState":"SuspendedEVSE""#)
        d.calm(.minutes(5))
        #expect(!d.calls.contains { $0.action == "RequestStopTransaction" })
        #expect(d.session("S-1")?.account.limits.energy == .kilowattHours(2))
    }

    @Test func `one of 1_6 is stopped as well`() {
        var d = Self.street()
        d.disconnect("P1")
        d.connect("P1")
        d.token("T1")
        let transaction = d.start("P1", tag: "T1", meter: 0, at: Self.evening(0))
        Self.set(TransactionLimits(energy: .kilowattHours(1)), &d)
        d.meter("P1", wh: 1000, watts: 7000, transaction: transaction, at: Self.evening(10))
        #expect(d.calls.contains { $0.action == "RemoteStopTransaction" })
    }
}

/// A provider that does what comes under one key once, and says the same again.
struct SandboxProvider {
    var done: [String: PaymentAnswer] = [:]
    /// Fen, by the order in which they were taken.
    var captures: [Int64] = []
    var refunds: [Int64] = []
    var cancels = 0
    var paysAfter = 0
    var refuses = false

    mutating func carry(_ call: PaymentCall) -> PaymentAnswer {
        if call.step != .look, let known = done[call.key] { return known }
        let answer: PaymentAnswer
        switch call.step {
        case .reserve:
            answer = PaymentAnswer(
                status: refuses ? .refused : .pending, reference: "psp-" + call.payment, page: "https://pay/1")
        case .look:
            paysAfter -= 1
            answer = PaymentAnswer(status: paysAfter < 0 ? .authorized : .pending)
        case .capture:
            captures.append(call.fen)
            answer = PaymentAnswer(status: .captured)
        case .cancel:
            cancels += 1
            answer = PaymentAnswer(status: .cancelled)
        case .refund:
            refunds.append(call.fen)
            answer = PaymentAnswer(status: .refunded)
        }
        done[call.key] = answer
        return answer
    }
}

@Suite("Ad hoc payments") struct PaymentTests {
    private static func paying(_ change: (inout CoreConfiguration) -> Void = { _ in }) -> Dialogue {
        var d = Dialogue {
            $0.commissioning = false
            $0.bootPatience = .zero
            $0.paysThroughProvider = true
            $0.receiptAddress = { "https://charge.example/receipts/" + $0 }
            change(&$0)
        }
        var site = Site(
            id: SiteID("S"), name: "Street",
            tariffs: [.init(from: CivilDay(year: 2024, month: 1, day: 1)!, tariff: "cn/hubei/residential-charging")])
        site.localCost = .off
        d.order(.putSite(site))
        var station = StationChange()
        station.site = .some(SiteID("S"))
        d.order(.putStation(StationID("P1"), station))
        d.now = Instant("2025-02-28T14:00:00Z")!
        d.connect("P1", .v21)
        d.calm(.seconds(1))
        d.now = Instant("2025-02-28T14:00:00Z")!
        return d
    }

    private static func begin(_ d: inout Dialogue, reference: String? = nil) -> Payment? {
        let wish = PaymentWish(
            station: StationID("P1"), evse: 1, fen: 2000, reference: reference, limits: TransactionLimits())
        guard case .success(.payment(let payment)) = d.order(.money(.beginPayment(wish))) else { return nil }
        return payment
    }

    /// What the core asks of the provider until it asks no more; `lost`: which answers never arrive.
    private static func serve(
        _ d: inout Dialogue, _ provider: inout SandboxProvider, lost: (Int) -> Bool = { _ in false }
    ) {
        var number = 0
        while let call = d.payments.first {
            d.payments.removeFirst()
            let answer = provider.carry(call)
            number += 1
            d.give(.paid(call.payment, key: call.key, lost(number) ? .missed("too slow") : .answered(answer)))
        }
    }

    private static func event(
        _ d: inout Dialogue, _ stage: String, _ number: Int, wh: Int, token: String? = nil, remote: Int? = nil,
        more: String = ""
    ) -> String {
        let card = token.map { #","idToken":{"idToken":"\#($0)","type":"DirectPayment"}"# } ?? ""
        let start = remote.map { #","remoteStartId":\#($0)"# } ?? ""
        return d.say(
            "P1", "TransactionEvent",
            #"{"eventType":"\#(stage)","timestamp":"\#(d.now)","triggerReason":"RemoteStart","seqNo":\#(number),"transactionInfo":{"transactionId":"tx"\#(start)\#(more)},"evse":{"id":1,"connectorId":1}\#(card),"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[{"value":\#(wh),"unitOfMeasure":{"unit":"Wh"}}]}]}"#
        ) ?? ""
    }

    private static func shown(_ d: Dialogue) -> Payment? { d.disk.payments["PM-1"] }

    @Test func `a driver pays on a page, charges and is charged what it cost`() throws {
        var d = Self.paying()
        d.status2("P1")
        var provider = SandboxProvider(paysAfter: 2)
        let begun = try #require(Self.begin(&d))
        #expect(begun.state == .begun)
        #expect(d.calls.contains { $0.action == "NotifyWebPaymentStarted" })
        d.answer("P1", "NotifyWebPaymentStarted", "{}")
        Self.serve(&d, &provider)
        #expect(Self.shown(d)?.state == .awaiting && Self.shown(d)?.page == "https://pay/1")
        for _ in 0..<10 {
            d.calm(.seconds(1))
            Self.serve(&d, &provider)
        }
        #expect(Self.shown(d)?.state == .authorized)
        let start = try #require(d.calls.first { $0.action == "RequestStartTransaction" })
        #expect(start.waitsForDisk)
        let text = String(decoding: start.payload, as: UTF8.self)
        #expect(text.contains(#""idToken":"psp-PM-1","type":"DirectPayment""#))
        d.answer("P1", "RequestStartTransaction", #"{"status":"Accepted"}"#)
        let number = Int(Self.shown(d)?.remoteStart ?? -1)
        #expect(Self.event(&d, "Started", 0, wh: 0, token: "psp-PM-1", remote: number).contains("Accepted"))
        #expect(Self.shown(d)?.state == .charging && Self.shown(d)?.session == Session.ID("S-1"))
        // It may go as far as what was reserved.
        #expect(d.session("S-1")?.account.limits.cost == Rational(20))
        d.now += .minutes(30)
        _ = Self.event(&d, "Ended", 1, wh: 4000)
        Self.serve(&d, &provider)
        #expect(provider.captures == [272] && provider.cancels == 0)
        #expect(Self.shown(d)?.state == .settled && Self.shown(d)?.captured == 272)
        // A part goes back, and no more than was taken.
        guard case .failure(let fault) = d.order(.money(.steerPayment("PM-1", .refund(273)))) else {
            Issue.record("more than was taken")
            return
        }
        #expect(fault.code == "payment-state")
        d.order(.money(.steerPayment("PM-1", .refund(100))))
        Self.serve(&d, &provider)
        #expect(provider.refunds == [100] && Self.shown(d)?.refunded == 100)
    }

    /// A crash after any step, and an answer lost at any step: what it cost is taken once.
    @Test func `killed or unanswered at each step, the amount is taken once`() throws {
        for cut in 0..<9 {
            for lost in 0..<5 {
                var d = Self.paying()
                d.status2("P1")
                var provider = SandboxProvider(paysAfter: 1)
                var step = 0
                var answers = 0
                func isLost(_: Int) -> Bool {
                    answers += 1
                    return answers == lost
                }
                func crash() {
                    if step == cut {
                        d.restart()
                        d.connect("P1", .v21)
                    }
                    step += 1
                }
                /// A crash between the order to the provider and its answer, too.
                func settle(_ seconds: Int) {
                    for _ in 0..<seconds {
                        d.calm(.seconds(1))
                        if step == cut, let call = d.payments.first {
                            _ = provider.carry(call)
                            crash()
                        }
                        Self.serve(&d, &provider, lost: isLost)
                    }
                }
                _ = try #require(Self.begin(&d))
                crash()
                settle(20)
                crash()
                #expect(Self.shown(d)?.state == .authorized, "cut \(cut), lost \(lost)")
                d.answer("P1", "RequestStartTransaction", #"{"status":"Accepted"}"#)
                crash()
                _ = Self.event(&d, "Started", 0, wh: 0, token: "psp-PM-1", remote: Self.shown(d)?.remoteStart)
                crash()
                d.now += .minutes(30)
                _ = Self.event(&d, "Ended", 1, wh: 4000)
                crash()
                settle(30)
                crash()
                settle(10)
                #expect(provider.captures == [272], "cut \(cut), lost \(lost)")
                #expect(provider.cancels == 0)
                #expect(Self.shown(d)?.state == .settled)
                #expect(Self.shown(d)?.captured == 272)
            }
        }
    }

    @Test func `whoever does not pay, or cannot charge, loses nothing`() throws {
        // Refused by the provider.
        var refused = Self.paying()
        refused.status2("P1")
        var no = SandboxProvider(refuses: true)
        _ = Self.begin(&refused)
        Self.serve(&refused, &no)
        #expect(Self.shown(refused)?.state == .refused)
        // Walks away.
        var away = Self.paying()
        away.status2("P1")
        var slow = SandboxProvider(paysAfter: 10_000)
        _ = Self.begin(&away)
        for _ in 0..<620 {
            Self.serve(&away, &slow)
            away.calm(.seconds(1))
        }
        Self.serve(&away, &slow)
        #expect(Self.shown(away)?.state == .cancelled && slow.cancels == 1)
        // The station says no.
        var busy = Self.paying()
        busy.status2("P1")
        var provider = SandboxProvider()
        _ = Self.begin(&busy, reference: "kiosk-7")
        Self.serve(&busy, &provider)
        busy.answer("P1", "RequestStartTransaction", #"{"status":"Rejected"}"#)
        Self.serve(&busy, &provider)
        #expect(Self.shown(busy)?.state == .cancelled && provider.cancels == 1 && provider.captures.isEmpty)
        // Plugs in, and nothing flows (C20).
        var empty = Self.paying()
        empty.status2("P1")
        var idle = SandboxProvider()
        _ = Self.begin(&empty, reference: "kiosk-8")
        Self.serve(&empty, &idle)
        empty.answer("P1", "RequestStartTransaction", #"{"status":"Accepted"}"#)
        _ = Self.event(&empty, "Started", 0, wh: 5, token: "kiosk-8")
        empty.now += .minutes(1)
        _ = Self.event(&empty, "Ended", 1, wh: 5)
        Self.serve(&empty, &idle)
        #expect(Self.shown(empty)?.state == .cancelled && idle.captures.isEmpty)
    }

    @Test func `a provider that never answers is given up, and a person may try again`() throws {
        var d = Self.paying()
        d.status2("P1")
        var provider = SandboxProvider()
        _ = Self.begin(&d, reference: "kiosk-7")
        Self.serve(&d, &provider)
        d.answer("P1", "RequestStartTransaction", #"{"status":"Accepted"}"#)
        _ = Self.event(&d, "Started", 0, wh: 0, token: "kiosk-7")
        d.now += .minutes(30)
        _ = Self.event(&d, "Ended", 1, wh: 4000)
        var asked: Set<String> = []
        for _ in 0..<Payment.mostAttempts {
            let call = try #require(d.payments.first)
            d.payments.removeAll()
            asked.insert(call.key)
            d.give(.paid(call.payment, key: call.key, .missed("not reached")))
            d.now += .minutes(10)
            d.calm(.seconds(1))
        }
        #expect(asked == ["PM-1-capture"])
        #expect(Self.shown(d)?.state == .failed && d.payments.isEmpty)
        #expect(d.core.activeAlarms.contains { $0.code == "payment-stuck" })
        d.order(.money(.steerPayment("PM-1", .retry)))
        Self.serve(&d, &provider)
        #expect(provider.captures == [272] && Self.shown(d)?.state == .settled)
        #expect(!d.core.activeAlarms.contains { $0.code == "payment-stuck" })
    }

    @Test func `what a terminal settled is kept as it told, with a receipt of ours where it has none`() throws {
        var d = Self.paying {
            $0.paysThroughProvider = false; $0.acceptsTerminals = true
        }
        #expect(
            d.say("P1", "Authorize", #"{"idToken":{"idToken":"card-1","type":"DirectPayment"}}"#)?.contains("Accepted")
                == true)
        _ = Self.event(&d, "Started", 0, wh: 0, token: "card-1", more: #","transactionLimit":{"maxCost":50}"#)
        d.now += .minutes(30)
        _ = Self.event(&d, "Ended", 1, wh: 4000)
        #expect(Self.shown(d)?.state == .ended && Self.shown(d)?.cost == 272)
        let told =
            #"{"pspRef":"card-1","status":"Settled","settlementAmount":2.72,"settlementTime":"\#(d.now)","transactionId":"tx"}"#
        for _ in 0..<2 {
            #expect(d.say("P1", "NotifySettlement", told) == #"{"receiptUrl":"https://charge.example/receipts/PM-1"}"#)
            #expect(Self.shown(d)?.state == .settled && Self.shown(d)?.captured == 272)
        }
        let failed =
            #"{"pspRef":"card-2","status":"Failed","settlementAmount":2.72,"settlementTime":"\#(d.now)","receiptId":"R1"}"#
        #expect(d.say("P1", "NotifySettlement", failed) == "{}")
        #expect(d.disk.payments["PM-2"]?.state == .failed)
    }

    @Test(arguments: [
        ("DE123456789", "Accepted"), ("DE12345678", "Rejected"), ("91350100M000100Y43", "Accepted"),
        ("91350100M000100Y44", "Rejected"), ("ZZ1", "Rejected"), ("nl 123456789 b01", "Accepted"),
    ]) func `a VAT number is looked at for its form`(_ number: String, _ status: String) {
        var d = Self.paying()
        let answer = d.say("P1", "VatNumberValidation", #"{"vatNumber":"\#(number)","evseId":2}"#) ?? ""
        #expect(answer.contains("\"status\":\"\(status)\"") && answer.contains("\"evseId\":2"), "\(answer)")
    }
}

extension Dialogue {
    /// Takes the limits that the platform sets by default, so that other calls get through; then some seconds pass.
    mutating func calm(_ duration: Duration = .seconds(3)) {
        let end = now + duration
        while now < end {
            now += .seconds(1)
            give(.tick)
            while answer("P1", "SetChargingProfile", #"{"status":"Accepted"}"#) != nil {}
        }
    }

    /// A connector of 2.x, so that its EVSE is known.
    mutating func status2(_ id: String) {
        say(
            id, "StatusNotification",
            #"{"timestamp":"\#(now)","connectorStatus":"Available","evseId":1,"connectorId":1}"#)
        calm(.seconds(2))
    }
}

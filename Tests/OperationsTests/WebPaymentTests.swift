import Assets
import Charging
import OCPP
import Operations
import Quantities
import Testing

/// Dynamic QR codes (2.1 C25): what stations are told, what they may have, and what codes begin.
@Suite("Dynamic QR codes") struct WebPaymentTests {
    private static let pile = StationID("P1")

    /// Codes that a test can read: the secret and the number of the interval. The real ones are in `CredentialsTests`.
    private static func code(_ secret: String, _ at: Instant, _ validity: Int = 30) -> String {
        "\(secret)~\(at.milliseconds / 1000 / Int64(validity))"
    }
    private static let tool = CodeTool(
        template: "https://charge.example/pay/{chargingstationid}/{evse}/{totp}/{version}",
        secret: { "secret-\($1)" },
        isGood: { given, secret, at, validity, _ in
            [-1, 0, 1].contains { given == code(secret, at + .seconds($0 * validity), validity) }
        })

    private static func showing(_ change: (inout CoreConfiguration) -> Void = { _ in }) -> Dialogue {
        var d = Dialogue {
            $0.commissioning = false
            $0.bootPatience = .zero
            $0.paysThroughProvider = true
            $0.codes = tool
            change(&$0)
        }
        d.now = Instant("2025-02-28T14:00:00Z")!
        d.connect("P1", .v21)
        d.status2("P1")
        return d
    }

    private static let wish = WebPaymentWish(isEnabled: true, validity: 30, length: 10, fen: 5000)

    @discardableResult private static func setUp(
        _ d: inout Dialogue, _ wish: WebPaymentWish = wish, evse: Int = 0, renews: Bool = false, parts: [Int] = [6]
    ) -> ServiceFault? {
        let order = MoneyOrder.setUpWebPayments(pile, evse: evse, wish, renews: renews, parts: parts)
        if case .failure(let fault) = d.order(.money(order)) { return fault }
        return nil
    }

    /// Answers the oldest SetVariables.
    /// - Parameter refused: what is not accepted, by variable.
    private static func answer(_ d: inout Dialogue, _ refused: [String: String] = [:]) {
        let call = d.calls.first { $0.action == "SetVariables" }
        let text = String(decoding: call?.payload ?? [], as: UTF8.self)
        let names = WebPaymentSetup.Variable.allCases.map(\.rawValue).filter { text.contains("\"\($0)\"") }
        let results = names.map {
            #"{"attributeStatus":"\#(refused[$0] ?? "Accepted")","component":{"name":"WebPaymentsCtrlr"},"variable":{"name":"\#($0)"}}"#
        }
        d.answer("P1", "SetVariables", #"{"setVariableResult":[\#(results.joined(separator: ","))]}"#)
    }

    private static func setup(_ d: Dialogue) -> WebPaymentSetup? { d.core.webPayments(of: pile)?.first }
    private static func secrets(_ d: Dialogue) -> [String] { setup(d)?.seeds.map { "secret-\($0)" } ?? [] }

    private static func scan(
        _ d: inout Dialogue, _ code: String, evse: Int = 1, version: String = "v1", cost: Int64? = nil
    ) -> Result<Payment, ServiceFault> {
        let scanned = ScannedCode(
            station: pile, evse: evse, code: code, version: version, energy: .kilowattHours(3), seconds: 60, cost: cost)
        return d.order(.money(.scan(scanned))).map {
            guard case .payment(let payment) = $0 else { fatalError("a scan ends with a payment") }
            return payment
        }
    }
    private static func fault<Value>(_ result: Result<Value, ServiceFault>) -> FaultReason? {
        if case .failure(let fault) = result { fault.reason } else { nil }
    }

    @Test func `test C25 FR 09 FR 59 a code begins one payment with what the driver wished`() throws {
        var d = Self.showing()
        Self.setUp(&d)
        let sent = try #require(d.calls.first { $0.action == "SetVariables" })
        #expect(sent.waitsForDisk)
        let text = String(decoding: sent.payload, as: UTF8.self)
        let secret = try #require(Self.secrets(d).first)
        #expect(text.contains(secret) && text.contains("{totp}") && text.contains("\"v1\""))
        #expect(Self.setup(d)?.state == .sent)
        Self.answer(&d)
        #expect(Self.setup(d)?.state == .on)
        let code = Self.code(secret, d.now)
        let payment = try Self.scan(&d, code, cost: 2000).get()
        #expect(payment.kind == .web && payment.evse == 1 && payment.reserved == 2000)
        #expect(payment.limits.energy == .kilowattHours(3) && payment.limits.seconds == 60)
        #expect(d.calls.contains { $0.action == "NotifyWebPaymentStarted" })
        #expect(Self.fault(Self.scan(&d, code)) == .codeUsed)
        // The other EVSE of the station shows the same code of the moment.
        #expect(Self.fault(Self.scan(&d, code, evse: 9)) == .evseUnknown(number: 9, most: 1))
        d.restart()
        d.connect("P1", .v21)
        #expect(Self.fault(Self.scan(&d, code)) == .codeUsed, "a crash does not make it good again")
        d.now += .seconds(60)
        #expect(Self.fault(Self.scan(&d, code)) == .codeNotGood, "later it is old")
        // More than is reserved for everybody cannot be asked for.
        let next = try Self.scan(&d, Self.code(secret, d.now), cost: 90_000).get()
        #expect(next.reserved == 5000)
        let log = d.disk.messages.map { String(decoding: $0.text, as: UTF8.self) }.joined()
        #expect(log.contains("SharedSecret") && !log.contains(secret), "the secret stands in no log")
        let commands = d.disk.commands.values.map { String(decoding: $0.payload, as: UTF8.self) }.joined()
        #expect(!commands.contains(secret))
    }

    @Test func `test C25 FR 08 what is not good begins nothing, and guessing is slow`() throws {
        var d = Self.showing()
        #expect(Self.fault(Self.scan(&d, "x")) == .codeNotGood, "nobody told it to show codes")
        Self.setUp(&d)
        Self.answer(&d)
        let secret = try #require(Self.secrets(d).first)
        #expect(Self.fault(Self.scan(&d, Self.code(secret, d.now), version: "v2")) == .codeNotGood)
        var looked = 0
        for i in 0..<1000 where Self.fault(Self.scan(&d, "guess\(i)")) == .codeNotGood { looked += 1 }
        #expect(looked == 19)
        #expect(Self.fault(Self.scan(&d, Self.code(secret, d.now))) == .tooManyCodes(seconds: 3))
        d.now += .seconds(3)
        _ = try Self.scan(&d, Self.code(secret, d.now)).get()
        #expect(d.disk.payments.count == 1)
        let audits = d.disk.audit.filter { $0.action == "payment.scan" }
        #expect(audits.count == 1, "strangers do not fill the audit")
    }

    @Test func `test C25 a new secret holds beside the old one until the station has decided`() throws {
        var d = Self.showing()
        Self.setUp(&d)
        Self.answer(&d)
        let old = try #require(Self.secrets(d).first)
        Self.setUp(&d, renews: true)
        #expect(Self.secrets(d).count == 2)
        let new = try #require(Self.secrets(d).last)
        // The platform dies with the message on its way.
        d.restart()
        d.connect("P1", .v21)
        for secret in [old, new] {
            _ = try Self.scan(&d, Self.code(secret, d.now)).get()
            if secret == old { #expect(Self.secrets(d) == [old, new]) }
        }
        #expect(Self.secrets(d) == [new], "its codes show which one it uses")
        // What was left open is sent again by itself, with the same secret.
        var sent: [String] = []
        for _ in 0..<12 {
            d.pass(.seconds(1))
            while let call = d.calls.first {
                if call.action == "SetVariables" {
                    sent.append(String(decoding: call.payload, as: UTF8.self))
                    Self.answer(&d)
                } else {
                    d.answer("P1", call.action, "{}")
                }
            }
        }
        #expect(sent.count == 6 && sent[0].contains(new))
        #expect(Self.setup(d)?.state == .on && Self.secrets(d) == [new])
        #expect(Self.fault(Self.scan(&d, Self.code(old, d.now))) == .codeNotGood)
    }

    @Test func `what a station refuses is said, and what it keeps is what codes follow from`() throws {
        var d = Self.showing()
        Self.setUp(&d)
        Self.answer(&d)
        let secret = try #require(Self.secrets(d).first)
        var other = Self.wish
        other.validity = 60
        // In parts, as a station asks for that takes few variables at a time.
        Self.setUp(&d, other, renews: true, parts: [1, 2, 3])
        Self.answer(&d, ["SharedSecret": "Rejected"])
        Self.answer(&d, ["ValidityTime": "RebootRequired"])
        #expect(Self.secrets(d) == [secret])
        #expect(Self.setup(d)?.validities == [30, 60])
        Self.answer(&d)
        #expect(Self.setup(d)?.state == .sent && Self.setup(d)?.word == "SharedSecret: Rejected")
        for validity in [30, 60] {
            _ = try Self.scan(&d, Self.code(secret, d.now, validity)).get()
            d.answer("P1", "NotifyWebPaymentStarted", "{}")
        }
        // It has nothing of the kind.
        var bare = Self.showing()
        Self.setUp(&bare)
        Self.answer(
            &bare,
            Dictionary(
                uniqueKeysWithValues: WebPaymentSetup.Variable.allCases.map { ($0.rawValue, "UnknownComponent") }))
        #expect(Self.setup(bare)?.state == .refused && Self.secrets(bare).isEmpty)
        // Somebody gives it a secret by hand: ours is over.
        let hand =
            #"{"setVariableData":[{"attributeValue":"somebody's","component":{"name":"WebPaymentsCtrlr"},"variable":{"name":"SharedSecret"}}]}"#
        d.order(.command(Self.pile, action: "SetVariables", payload: Array(hand.utf8), timeout: .seconds(30)))
        Self.answer(&d)
        #expect(Self.secrets(d).isEmpty)
        #expect(Self.fault(Self.scan(&d, Self.code(secret, d.now, 60))) == .codeNotGood)
    }

    @Test func `switched off no code is good, at once`() throws {
        var d = Self.showing()
        Self.setUp(&d)
        Self.answer(&d)
        let secret = try #require(Self.secrets(d).first)
        var off = Self.wish
        off.isEnabled = false
        Self.setUp(&d, off)
        #expect(Self.fault(Self.scan(&d, Self.code(secret, d.now))) == .codeNotGood)
        let sent = d.calls.last { $0.action == "SetVariables" }.map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(sent?.contains("SharedSecret") == false)
        Self.answer(&d)
        #expect(Self.setup(d)?.state == .off)
    }

    @Test func `what cannot be set up is refused with a reason`() {
        var d = Self.showing()
        #expect(Self.setUp(&d, evse: 7)?.code == "evse-unknown")
        d.disconnect("P1")
        #expect(Self.setUp(&d)?.code == "station-offline")
        var hidden = Self.showing { $0.codes = nil }
        #expect(Self.setUp(&hidden)?.code == "public-address-missing")
        var poor = Self.showing { $0.paysThroughProvider = false }
        #expect(Self.setUp(&poor)?.code == "payments-off")
        var many = Self.showing()
        for _ in 0..<WebPaymentSetup.mostPossible { #expect(Self.setUp(&many, renews: true) == nil) }
        #expect(Self.setUp(&many, renews: true)?.code == "keys-undecided")
    }

    /// Whatever a station answers and in whatever order: the secret that it has is among those whose codes are good.
    @Test func `a code of the station is good whatever became of messages and answers`() throws {
        for seed in 0..<300 {
            var random = SeededRandom(seed: UInt64(seed))
            var setup = WebPaymentSetup(
                station: Self.pile, evse: 0, wish: Self.wish, at: Instant(milliseconds: 0))
            var held: (seed: String?, validity: Int?) = (nil, nil)
            var waiting: (seed: String?, validity: Int?) = (nil, nil)
            for step in 0..<40 {
                let now = Instant(seconds: Int64(step))
                var wish = Self.wish
                wish.validity = Int.random(in: 6...12, using: &random)
                let name = "\(step)"
                guard let new = setup.send(wish, seed: name, at: now) else {
                    // All is said again and taken: decided.
                    let last = setup.validities.last ?? 6
                    setup.take(.secret, "", seed: setup.seeds.last, isNew: false, .taken, at: now)
                    setup.take(.validity, "\(last)", seed: nil, isNew: false, .taken, at: now)
                    held = (setup.seeds.last, setup.validities.last)
                    waiting = (nil, nil)
                    continue
                }
                for variable in [WebPaymentSetup.Variable.secret, .validity] {
                    let value = variable == .secret ? name : "\(wish.validity)"
                    let ours = variable == .secret ? name : nil
                    func answered(_ answer: WebPaymentSetup.Answer) {
                        setup.take(variable, value, seed: ours, isNew: new.contains(variable), answer, at: now)
                    }
                    func takes() {
                        if variable == .secret {
                            (held.seed, waiting.seed) = (name, nil)
                        } else {
                            (held.validity, waiting.validity) = (wish.validity, nil)
                        }
                    }
                    switch Int.random(in: 0..<5, using: &random) {
                    case 0:
                        answered(.taken)
                        takes()
                    case 1: answered(.refused("Rejected"))
                    case 2:
                        answered(.later)
                        if variable == .secret { waiting.seed = name } else { waiting.validity = wish.validity }
                    // The message is lost, or its answer.
                    case 3: break
                    default: takes()
                    }
                }
                if Bool.random(using: &random) {
                    // It restarts.
                    held = (waiting.seed ?? held.seed, waiting.validity ?? held.validity)
                    waiting = (nil, nil)
                }
                if let own = held.seed { #expect(setup.seeds.contains(own), "run \(seed), step \(step)") }
                if let own = held.validity { #expect(setup.validities.contains(own), "run \(seed), step \(step)") }
                #expect(setup.seeds.count <= WebPaymentSetup.mostPossible)
            }
        }
    }

    @Test(arguments: [("UTF8, URI,QRCODE", "QRCODE"), ("UTF8,URI", "URI"), ("ASCII,UTF8", "UTF8")])
    func `test C25 FR 41 a station with a display shows where the receipt is`(_ forms: String, _ form: String) throws {
        var d = Self.showing { $0.receiptAddress = { "https://charge.example/receipts/" + $0 } }
        var provider = SandboxProvider()
        let wish = PaymentWish(
            station: Self.pile, evse: 1, fen: 2000, reference: "kiosk-1", limits: TransactionLimits())
        d.order(.money(.beginPayment(wish)))
        func serve() {
            while let call = d.payments.first {
                d.payments.removeFirst()
                d.give(.paid(call.payment, key: call.key, .answered(provider.carry(call))))
            }
        }
        serve()
        d.answer("P1", "RequestStartTransaction", #"{"status":"Accepted"}"#)
        // A cost that a person names: this site has no prices.
        for (number, stage) in ["Started", "Ended"].enumerated() {
            d.say(
                "P1", "TransactionEvent",
                #"{"eventType":"\#(stage)","timestamp":"\#(d.now)","triggerReason":"RemoteStart","seqNo":\#(number),"transactionInfo":{"transactionId":"tx"},"evse":{"id":1,"connectorId":1},"idToken":{"idToken":"kiosk-1","type":"DirectPayment"},"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[{"value":\#(number * 4000),"unitOfMeasure":{"unit":"Wh"}}]}]}"#
            )
        }
        #expect(d.disk.payments["PM-1"]?.state == .open)
        d.order(.money(.steerPayment("PM-1", .capture(300))))
        serve()
        #expect(d.disk.payments["PM-1"]?.state == .settled)
        let abilities =
            #"{"getVariableResult":[{"attributeStatus":"Accepted","attributeValue":"true","component":{"name":"DisplayMessageCtrlr"},"variable":{"name":"Available"}},{"attributeStatus":"Accepted","attributeValue":"\#(forms)","component":{"name":"DisplayMessageCtrlr"},"variable":{"name":"SupportedFormats"}}]}"#
        while let call = d.calls.first, call.action != "SetDisplayMessage" {
            let isOfDisplay = String(decoding: call.payload, as: UTF8.self).contains("DisplayMessageCtrlr")
            d.answer("P1", call.action, isOfDisplay ? abilities : "{}")
        }
        let shown = try #require(d.calls.first { $0.action == "SetDisplayMessage" })
        let text = String(decoding: shown.payload, as: UTF8.self)
        #expect(text.contains("https://charge.example/receipts/PM-1") && text.contains("\"format\":\"\(form)\""))
        #expect(text.contains("endDateTime"))
        d.answer("P1", "SetDisplayMessage", #"{"status":"Accepted"}"#)
        #expect(d.core.display(of: Self.pile)?.messages.first?.content.hasSuffix("PM-1") == true)
    }
}

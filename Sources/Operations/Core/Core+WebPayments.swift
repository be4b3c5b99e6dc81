import Assets
import Charging
import OCPP
import OCPPMessages
import Quantities

/// What the core holds of the dynamic QR codes of one station.
struct WebPaymentKeeper: Sendable {
    /// By EVSE; 0: of the whole station.
    var setups: [Int: WebPaymentSetup] = [:]
    /// Calls of ours about them that are not answered.
    var asked = 0
    /// Of each, what a person changed and no message was lost of: when the station refuses it, it has none of it.
    var new: [Int: Set<WebPaymentSetup.Variable>] = [:]
    /// When what is undecided is sent again.
    var due: Instant?
    /// Wrong codes that may still come, as of ``guessedAt``.
    private var guesses = Self.mostGuesses
    private var guessedAt = Instant(milliseconds: 0)

    /// With six characters and every code that may be good, guessing at this pace takes more than a thousand years on average.
    static let mostGuesses = 20
    private static let guessEvery: Duration = .seconds(3)

    /// Seconds after which a code is looked at again; 0: now.
    mutating func secondsToWait(at now: Instant) -> Int {
        let back = Int((now - guessedAt).wholeMilliseconds / Self.guessEvery.wholeMilliseconds)
        if back > 0 {
            guesses = min(Self.mostGuesses, guesses + back)
            guessedAt = now
        }
        return guesses > 0 ? 0 : Int(Self.guessEvery.wholeMilliseconds / 1000)
    }
    mutating func noteWrong(at now: Instant) {
        if guesses == Self.mostGuesses { guessedAt = now }
        guesses = max(0, guesses - 1)
    }
}

// Dynamic QR codes (2.1 C25): stations are told how to make them, and a code that a driver scanned begins a payment once.
extension Core {
    private mutating func change(web evse: Int, _ s: Int, _ change: (inout WebPaymentSetup) -> Void) {
        guard var setup = stations[s].web?.setups[evse] else { return }
        let before = setup
        change(&setup)
        guard setup != before else { return }
        stations[s].web?.setups[evse] = setup
        persist(.holding(.webPayments(setup)))
        emit(.publish(.station(setup.station)))
    }

    // MARK: - Setting up

    /// - Parameters:
    ///   - renews: another secret, whatever it has.
    ///   - parts: how many variables go with one message, in the order of ``WebPaymentSetup/Variable``.
    mutating func setUp(
        web evse: Int, of id: StationID, _ wish: WebPaymentWish, renews: Bool, parts: [Int], by actor: Actor,
        at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[id] else { return .failure(ServiceFault(.stationUnknown(id))) }
        guard stations[s].version == .v21 else {
            return .failure(ServiceFault(.notInVersion(id, stations[s].version.subprotocol)))
        }
        guard evse == 0 || stations[s].evse(evse) != nil else {
            return .failure(ServiceFault(.evseUnknown(number: evse, most: stations[s].evses.count)))
        }
        guard !wish.isEnabled || settings.paysThroughProvider else { return .failure(ServiceFault(.paymentsOff)) }
        guard let codes = settings.codes else { return .failure(ServiceFault(.publicAddressMissing)) }
        guard stations[s].isOnline else { return .failure(ServiceFault(.stationOffline(id))) }
        var setup =
            stations[s].web?.setups[evse] ?? WebPaymentSetup(station: id, evse: evse, wish: wish, at: now)
        // It is used once, so that a new secret is another one whatever there was before.
        let seed = renews || setup.seeds.isEmpty ? counters.nextMessage().messageID : setup.seeds.last
        guard let new = setup.send(wish, seed: wish.isEnabled ? seed : nil, at: now) else {
            return .failure(ServiceFault(.keysUndecided(id, count: WebPaymentSetup.mostPossible)))
        }
        let messages = messages(for: setup, codes, parts: parts)
        guard stations[s].lane.count + messages.count <= CallLane.capacity else {
            return .failure(ServiceFault(.stationBusy(id, waiting: CallLane.capacity)))
        }
        var keeper = stations[s].web ?? WebPaymentKeeper()
        keeper.setups[evse] = setup
        keeper.new[evse] = new
        stations[s].web = keeper
        persist(.holding(.webPayments(setup)))
        var newest: CommandView?
        for payload in messages { newest = tell(payload, setup, codes, s, by: actor, at: now) ?? newest }
        pump(s, at: now)
        emit(.publish(.station(id)))
        return .success(newest.map { .command($0) } ?? .done)
    }

    private func messages(for setup: WebPaymentSetup, _ codes: CodeTool, parts: [Int]) -> [[UInt8]] {
        var left = OCPP2Adapter.settings(
            setup.wish, evse: setup.evse, secret: setup.seeds.last.map { codes.secret(setup.station, $0) } ?? "",
            template: codes.template)[...]
        var messages: [[UInt8]] = []
        for part in parts where part > 0 && !left.isEmpty {
            messages.append(OCPP2Adapter.set(Array(left.prefix(part))))
            left = left.dropFirst(part)
        }
        if !left.isEmpty { messages.append(OCPP2Adapter.set(Array(left))) }
        return messages
    }

    /// - Parameter actor: who ordered it; `nil`: the platform, again.
    /// - Returns: the command that people are shown.
    private mutating func tell(
        _ payload: [UInt8], _ setup: WebPaymentSetup, _ codes: CodeTool, _ s: Int, by actor: Actor?, at now: Instant
    ) -> CommandView? {
        let action = V2.Action.setVariables.rawValue
        let (token, messageID) = counters.nextMessage()
        let call = CallLane.Call(
            token: token, messageID: messageID, action: action, payload: payload, timeout: settings.callTimeout,
            rank: actor == nil ? .commissioning : .command,
            purpose: .webPayments(
                command: actor == nil ? nil : messageID,
                secret: setup.seeds.last.map { codes.secret(setup.station, $0) } ?? ""))
        guard stations[s].lane.push(call) else { return nil }
        stations[s].web?.asked += 1
        guard let actor else { return nil }
        let view = CommandView(
            id: messageID, station: setup.station, action: action,
            payload: ProtocolAdapter.withoutSecrets(request: payload, of: action, in: stations[s].version),
            status: .pending, createdAt: now, by: actor.name)
        pendingCommands[view.id] = view
        persist(.command(view))
        return view
    }

    /// An answered SetVariables, whoever sent it.
    mutating func learn(webPayments news: [OCPP2Adapter.WebPaymentNews], _ s: Int, at now: Instant) {
        for one in news {
            // A value of somebody else is none of ours: where it was taken, no code of ours is good any more.
            let seed = stations[s].web?.setups[one.evse]?.seeds.first {
                settings.codes?.secret(stations[s].station.id, $0) == one.value
            }
            let isNew = stations[s].web?.new[one.evse]?.contains(one.variable) ?? false
            change(web: one.evse, s) {
                $0.take(one.variable, one.value, seed: seed, isNew: isNew, one.answer, at: now)
            }
        }
    }

    /// How a message of ours ended; what its answer tells was learned before. `nil`: it never left.
    mutating func webPaymentCallEnded(
        _ call: CallLane.Call, _ outcome: StationLink.CallOutcome?, _ s: Int, at now: Instant
    ) {
        if let asked = stations[s].web?.asked { stations[s].web?.asked = max(0, asked - 1) }
        switch outcome {
        // It may have arrived: refused the next time, it may be there all the same.
        case .timeout, .dropped: stations[s].web?.new = [:]
        case .answered, .error, nil: break
        }
        // It has nothing of the kind. Everything else (silence, a lost connection) leaves it open.
        guard case .error(let code, _, _) = outcome, ["NotImplemented", "NotSupported"].contains(code) else { return }
        learn(webPayments: OCPP2Adapter.webPayments(refused: call.payload, with: code), s, at: now)
    }

    // MARK: - What was left open

    /// It connected or booted: what it did not answer, or took for after its restart, is sent again.
    mutating func expectWebPayments(_ s: Int, at now: Instant) {
        guard stations[s].web?.setups.values.contains(where: { !$0.undecided.isEmpty }) == true else { return }
        stations[s].web?.due = now + .seconds(1)
        remind(at: now + .seconds(1))
    }

    mutating func tendWebPayments(_ s: Int, at now: Instant) {
        guard let keeper = stations[s].web, let due = keeper.due else { return }
        guard due <= now else { return remind(at: due) }
        stations[s].web?.due = nil
        guard keeper.asked == 0, stations[s].version == .v21, stations[s].isOnline,
            stations[s].lastBoot == nil || stations[s].lastBoot == .accepted, let codes = settings.codes
        else { return }
        for (_, setup) in keeper.setups.sorted(by: { $0.key < $1.key }) where !setup.undecided.isEmpty {
            // One by one: how many it takes at a time was only known when it was ordered.
            for payload in messages(for: setup, codes, parts: WebPaymentSetup.Variable.allCases.map { _ in 1 }) {
                _ = tell(payload, setup, codes, s, by: nil, at: now)
            }
        }
        pump(s, at: now)
    }

    // MARK: - A code is scanned

    /// Strangers come here: what they get wrong tells them nothing of stations, and is counted.
    mutating func scan(_ scanned: ScannedCode, by actor: Actor, at now: Instant) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[scanned.station], var keeper = stations[s].web, let codes = settings.codes else {
            return .failure(ServiceFault(.codeNotGood))
        }
        let wait = keeper.secondsToWait(at: now)
        stations[s].web = keeper
        guard wait == 0 else { return .failure(ServiceFault(.tooManyCodes(seconds: wait))) }
        guard scanned.version.lowercased() == "v1",
            let (evse, seed) = origin(of: scanned.code, [scanned.evse, 0], s, codes, at: now),
            let setup = keeper.setups[evse]
        else {
            keeper.noteWrong(at: now)
            stations[s].web = keeper
            return .failure(ServiceFault(.codeNotGood))
        }
        guard !setup.isUsed(scanned.code, evse: scanned.evse) else { return .failure(ServiceFault(.codeUsed)) }
        let kept = setup.used.filter { $0.until > now }
        guard kept.count < WebPaymentSetup.mostUsed else {
            return .failure(ServiceFault(.tooManyCodes(seconds: setup.wish.validity)))
        }
        let wish = PaymentWish(
            station: scanned.station, evse: scanned.evse, fen: min(setup.wish.fen, scanned.cost ?? setup.wish.fen),
            reference: nil, limits: TransactionLimits(energy: scanned.energy, seconds: scanned.seconds))
        let result = begin(wish, by: actor, at: now)
        if case .success = result {
            let until = now + .seconds(3 * (setup.validities.max() ?? setup.wish.validity))
            change(web: evse, s) {
                $0.prove(seed: seed)
                $0.used = kept + [.init(code: scanned.code, evse: scanned.evse, until: until)]
            }
        }
        return result
    }

    /// The setup and the seed from which a code follows.
    private func origin(of code: String, _ evses: [Int], _ s: Int, _ codes: CodeTool, at now: Instant)
        -> (evse: Int, seed: String)?
    {
        var found: (evse: Int, seed: String)?
        for evse in evses {
            guard let setup = stations[s].web?.setups[evse], setup.wish.isEnabled else { continue }
            for seed in setup.seeds {
                let secret = codes.secret(setup.station, seed)
                for validity in setup.validities {
                    for length in setup.lengths where codes.isGood(code, secret, now, validity, length) {
                        found = found ?? (evse, seed)
                    }
                }
            }
        }
        return found
    }

    // MARK: - A receipt on the display (C25.FR.41)

    /// What was paid elsewhere has its receipt elsewhere: a station with a display shows where.
    mutating func offerReceipt(of payment: Payment, at now: Instant) {
        guard payment.kind != .terminal, settings.receiptAddress?(payment.id) != nil,
            let s = stationIndex[payment.station], stations[s].version == .v21
        else { return }
        _ = send(V2.Action.getVariables, OCPP2Adapter.readDisplayAbilities, .display(payment.id), s, at: now)
    }

    mutating func showReceipt(of id: String, _ outcome: StationLink.CallOutcome?, _ s: Int, at now: Instant) {
        guard case .answered(let payload) = outcome, let form = OCPP2Adapter.formOfAddress(in: payload),
            let payment = payment(id), let address = settings.receiptAddress?(id)
        else { return }
        // One an EVSE: the next one takes its place.
        let message = DisplayMessage(
            id: Self.receiptMessages + payment.evse, priority: "InFront", format: form.name, content: address,
            endsAt: now + Self.receiptShown)
        let (action, request) = OCPP2Adapter.call(.display(message))
        _ = send(action, request, .receipt, s, at: now)
    }
    /// Numbers of messages that people give are small.
    static let receiptMessages = 900_000_000
    private static let receiptShown: Duration = .minutes(5)

    // MARK: - Looking, loading

    public func webPayments(of id: StationID) -> [WebPaymentSetup]? {
        stationIndex[id].map { (stations[$0].web?.setups.values).map(Array.init) ?? [] }.map {
            $0.sorted { $0.evse < $1.evse }
        }
    }

    mutating func load(_ setup: WebPaymentSetup) {
        guard let s = stationIndex[setup.station] else { return }
        var keeper = stations[s].web ?? WebPaymentKeeper()
        keeper.setups[setup.evse] = setup
        stations[s].web = keeper
    }
}

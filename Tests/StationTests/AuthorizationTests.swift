import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated stations: authorization cache, master pass, refusals") struct StationAuthorizationTests {
    // MARK: The cache itself

    private func standing(_ isAccepted: Bool, until end: Instant? = nil) -> StationHoldings.Listed {
        StationHoldings.Listed(isAccepted: isAccepted, expiresAt: end, group: nil)
    }

    @Test func `a full cache lets go of who was refused, then of who was longest away`() {
        var cache = AuthorizationCache()
        for i in 0..<AuthorizationCache.most {
            cache.take("T\(i)", standing(i != 20), at: t0 + .seconds(i))
        }
        cache.take("new", standing(true), at: t0 + .seconds(100))
        #expect(cache.count == AuthorizationCache.most)
        #expect(cache.standing(of: "T20", at: t0, lifetime: nil) == nil)
        // The first one was used again: the second one goes.
        _ = cache.standing(of: "t0", at: t0 + .seconds(101), lifetime: nil)
        cache.take("newer", standing(true), at: t0 + .seconds(102))
        #expect(cache.standing(of: "T1", at: t0, lifetime: nil) == nil)
        #expect(cache.standing(of: "T0", at: t0, lifetime: nil) != nil)
        #expect(cache.bytes(at: t0, lifetime: nil) <= AuthorizationCache.mostBytes)
    }

    @Test func `an entry ends at its date, or so long after its last use`() {
        var cache = AuthorizationCache()
        cache.take("DATED", standing(true, until: t0 + .seconds(10)), at: t0)
        cache.take("PLAIN", standing(true), at: t0)
        #expect(cache.standing(of: "DATED", at: t0 + .seconds(9), lifetime: .seconds(5)) != nil)
        #expect(cache.standing(of: "DATED", at: t0 + .seconds(10), lifetime: nil) == nil && cache.count == 1)
        #expect(cache.standing(of: "PLAIN", at: t0 + .seconds(4), lifetime: .seconds(5)) != nil)
        #expect(cache.standing(of: "PLAIN", at: t0 + .seconds(8), lifetime: .seconds(5)) != nil)
        #expect(cache.standing(of: "PLAIN", at: t0 + .seconds(13), lifetime: .seconds(5)) == nil)
    }

    // MARK: 1.6

    private func set(_ b: inout Bench, _ key: String, _ value: String) {
        #expect(
            b.call(.changeConfiguration(.init(key: key, value: value)))
                == .changeConfiguration(.init(status: .accepted)))
    }

    @Test func `1_6: who was accepted before need not be asked for, where the key says so`() {
        var b = Bench()
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.feed(.plugOut(connector: 1))
        set(&b, "LocalPreAuthorize", "true")
        _ = b.newStory()
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        #expect(b.station.isCharging(connector: 1) && !b.newStory().contains("Authorize"))
        b.feed(.plugOut(connector: 1))
        #expect(b.call(.clearCache(.init())) == .clearCache(.init(status: .accepted)))
        _ = b.newStory()
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        #expect(b.story.contains("Authorize"))
        set(&b, "AuthorizationCacheEnabled", "false")
        #expect(b.call(.clearCache(.init())) == .clearCache(.init(status: .rejected)))
    }

    @Test func `1_6: without the central system the cache knows who may, also after a reboot`() {
        for (token, charges) in [("GOOD", true), ("BAD", false), ("NOBODY", false)] {
            var b = Bench()
            b.answer = { request, number in
                if case .authorize(let asked) = request {
                    return .authorize(.init(idTagInfo: .init(status: asked.idTag == "GOOD" ? .accepted : .blocked)))
                }
                return Bench.friendly(request, number)
            }
            set(&b, "AllowOfflineTxForUnknownId", "false")
            for known in ["GOOD", "BAD"] {
                b.feed(.plugIn(connector: 1, .wanting(1), idTag: known))
                b.feed(.plugOut(connector: 1))
            }
            _ = b.call(.reset(.init(type: .hard)))
            b.run(for: .minutes(1))
            b.isReachable = false
            b.cut()
            b.feed(.plugIn(connector: 1, .wanting(10), idTag: token))
            b.run(for: .minutes(2))
            #expect(b.station.isCharging(connector: 1) == charges, "\(token)")
        }
    }

    @Test func `1_6: a token that is refused after the start has a last drop, where the keys say so`() {
        var b = Bench()
        b.answer = { request, number in
            if case .startTransaction = request {
                return .startTransaction(.init(idTagInfo: .init(status: .blocked), transactionId: number))
            }
            return Bench.friendly(request, number)
        }
        set(&b, "StopTransactionOnInvalidId", "false")
        set(&b, "MaxEnergyOnInvalidId", "500")
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .minutes(10))
        #expect(b.station.isCharging(connector: 1) && b.status == .suspendedEVSE)
        #expect(b.station.register(connector: 1) == RegisterReading(milliwattHours: 500_000))
        set(&b, "StopTransactionOnInvalidId", "true")
        b.feed(.plugOut(connector: 1))
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        #expect(!b.station.isCharging(connector: 1))
        #expect(b.story.contains { $0.hasSuffix("DeAuthorized") } && b.faults == [])
    }

    @Test func `1_6: a pulled cable ends the transaction, or leaves it to whoever comes back`() {
        var b = Bench()
        set(&b, "StopTransactionOnEVSideDisconnect", "false")
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .minutes(2))
        b.feed(.plugOut(connector: 1))
        #expect(b.status == .suspendedEV && b.station.isCharging(connector: 1) && b.station.power == .zero)
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: nil))
        #expect(b.status == .charging && b.station.counts.transactionsStarted == 1)
        b.feed(.stop(connector: 1))
        #expect(b.story.contains { $0.hasPrefix("stop 101") })
    }

    // MARK: 2.0.1

    private func set(_ b: inout Bench201, _ component: String, _ variable: String, _ value: String) {
        let data = V2.SetVariableData(
            attributeValue: value, component: .init(name: component), variable: .init(name: variable))
        guard case .setVariables(let answer)? = b.call(.setVariables(.init(setVariableData: [data]))) else {
            Issue.record("no answer")
            return
        }
        #expect(answer.setVariableResult.map(\.attributeStatus) == [.accepted])
    }

    @Test func `2_0_1: who was refused is asked for again, unless that is switched off`() {
        var b = Bench201()
        b.answer = { request, _ in
            if case .authorize = request { return .authorize(.init(idTokenInfo: .init(status: .blocked))) }
            return Words201.friendly(request, tag: .accepted)
        }
        set(&b, "AuthCtrlr", "LocalPreAuthorize", "true")
        func asks() -> Bool {
            _ = b.newStory()
            b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
            b.feed(.plugOut(connector: 1))
            return b.newStory().contains("Authorize")
        }
        #expect(asks() && asks())
        set(&b, "AuthCacheCtrlr", "DisablePostAuthorize", "true")
        #expect(!asks() && b.station.counts.refusals == 3)
        #expect(b.call(.clearCache(.init())) == .clearCache(.init(status: .accepted)))
        #expect(asks())
        set(&b, "AuthCacheCtrlr", "Enabled", "false")
        #expect(b.call(.clearCache(.init())) == .clearCache(.init(status: .rejected)))
        let storage = StationConfiguration.Name(component: "AuthCacheCtrlr", variable: "Storage")
        #expect(Dialect201().value(of: storage, in: b.station) == "25")
    }

    @Test func `2_0_1: a master pass stops what others began and begins nothing`() {
        var settings = StationSettings(identity: "CP-1")
        settings.connectors = 2
        var b = Bench201(settings)
        b.answer = { request, _ in
            guard case .authorize(let asked) = request, asked.idToken.idToken == "BOSS" else {
                return Words201.friendly(request, tag: .accepted)
            }
            return .authorize(
                .init(idTokenInfo: .init(status: .accepted, groupIdToken: .init(idToken: "Masters", type: .central))))
        }
        set(&b, "AuthCtrlr", "MasterPassGroupId", "MASTERS")
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.feed(.plugIn(connector: 2, .wanting(60), idTag: "B"))
        _ = b.newStory()
        b.feed(.present(idTag: "BOSS"))
        let ends = b.events.filter { $0.eventType == .ended }
        #expect(ends.count == 2 && ends.allSatisfy { $0.transactionInfo.stoppedReason == .masterPass })
        #expect(ends.first?.idToken?.idToken == "BOSS")
        b.feed(.plugOut(connector: 1))
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "BOSS"))
        #expect(!b.station.isCharging(connector: 1))
        // It is known now: also without the central system it starts nothing.
        b.isReachable = false
        b.cut()
        b.run(for: .minutes(2))
        #expect(!b.station.isCharging(connector: 1) && b.faults == [])
    }

    @Test func `2_0_1: energy of a refused token ends with its reason`() {
        var b = Bench201()
        b.answer = { request, _ in
            if case .transactionEvent = request { return Words201.friendly(request, tag: .blocked) }
            return Words201.friendly(request, tag: .accepted)
        }
        set(&b, "TxCtrlr", "StopTxOnInvalidId", "false")
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .minutes(1))
        #expect(b.station.power == .zero && b.story.contains { $0.contains("Deauthorized SuspendedEVSE") })
        set(&b, "TxCtrlr", "StopTxOnEVSideDisconnect", "false")
        b.feed(.plugOut(connector: 1))
        #expect(b.story.last?.contains("EVCommunicationLost Idle") == true)
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: nil))
        #expect(b.story.contains { $0.contains("CablePluggedIn EVConnected") } && b.faults == [])
    }

    @Test func `a token at the reader ends what it began`() {
        var b = Bench()
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.feed(.present(idTag: "A"))
        #expect(b.status == .finishing && b.story.contains { $0.hasPrefix("stop 101") && $0.hasSuffix("Local") })
    }
}

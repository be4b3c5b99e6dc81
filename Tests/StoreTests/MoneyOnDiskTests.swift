import Assets
import Charging
import Operations
import Quantities
import Testing

@testable import Store

/// Tariffs, costs and payments on the disk mean what they mean in memory (``MemoryJournal``).
@Suite("Money on the disk") struct MoneyOnDiskTests {
    private static let id = StationID("CP 1/é")

    private static var site: Site {
        var site = Site(id: SiteID("S"), name: "Street")
        let day = CivilDay(year: 2026, month: 1, day: 1)!
        site.serviceFees = [
            .init(from: day, price: Rational(3) / Rational(10)), .init(from: day.adding(days: 9), price: .zero),
        ]
        (site.localCost, site.tellsRunningCost, site.settlement) = (.on, true, .net)
        return site
    }

    private static let hubei = "cn/hubei/residential-charging"
    private static var token: IdToken {
        IdToken(value: "T", status: .accepted, prices: DriverPrices(tariff: hubei, serviceFee: .zero))
    }

    private static var tariffs: StationTariffs {
        var picture = StationTariffs(station: id)
        var one = HeldTariff(id: "tw-1", evses: [1, 2], validFrom: t0)
        (one.setAt, one.toldAt) = (t0, t0 + .seconds(1))
        var other = HeldTariff(id: "x", isDrivers: true, evses: [])
        other.missingSince = t0
        picture.put(one)
        picture.put(other)
        (picture.state, picture.wanted, picture.word, picture.elements) = (.held, "tw-1", "TooManyElements", 4)
        (picture.validUntil, picture.changedAt, picture.toldAt) = (t0 + .days(9), t0, t0)
        picture.abilities.tariffs = true
        picture.abilities.mostElements = 12
        picture.abilities.conditions = false
        picture.abilities.settlesHere = true
        picture.abilities.limits = ["maxcost"]
        return picture
    }

    private static var card: PrepaidAccount {
        var account = PrepaidAccount(token: "T", fen: 900, at: t0)
        account.take(1200, for: Session.ID("S-7"), at: t0 + .seconds(9))
        return account
    }

    private static func codes(evse: Int) -> WebPaymentSetup {
        var setup = WebPaymentSetup(
            station: id, evse: evse, wish: WebPaymentWish(isEnabled: true, validity: 30, length: 10, fen: 5000), at: t0)
        _ = setup.send(setup.wish, seed: "r0-1", at: t0)
        _ = setup.send(WebPaymentWish(isEnabled: true, validity: 60, length: 8, fen: 70), seed: "r0-2", at: t0)
        setup.take(.length, "8", seed: nil, isNew: true, .taken, at: t0 + .seconds(1))
        setup.take(.template, "x", seed: nil, isNew: false, .refused("too long"), at: t0 + .seconds(2))
        setup.used = [
            .init(code: "aB3", evse: 1, until: t0 + .minutes(1)), .init(code: "0Zz", evse: 2, until: t0 + .minutes(2)),
        ]
        return setup
    }

    private static var session: Session {
        var session = Session(
            id: Session.ID("S-7"), evse: EVSEID(id, 1), connector: 1, transactionID: "tx", idToken: "T", startedAt: t0)
        var spending = Session.Spending(
            until: t0 + .hours(1), energy: .kilowattHours(2), amount: Rational(3) / Rational(7))
        spending.lines.add(
            CostLine(
                isExport: false, level: "peak", price: Rational(68) / Rational(100), fee: Rational(1) / Rational(3),
                energy: Rational(2), amount: .one, feeAmount: .zero))
        spending.lines.add(
            CostLine(
                isExport: true, level: CostLine.other, price: nil, fee: nil, energy: .one, amount: .one,
                feeAmount: .zero))
        session.spending = spending
        session.exported = .kilowattHours(1)
        session.exportLast = RegisterReading(milliwattHours: 5_000_000)
        session.exportLastAt = t0 + .hours(1)
        var account = SessionAccount()
        account.tariff = "tw-1"
        account.told = StationCost(
            total: Rational(444) / Rational(100), currency: "CNY", energy: .kilowattHours(8), periods: 2,
            hasFailed: false,
            at: t0)
        account.told?.parts = [
            .init(start: t0, tariff: "a;b", energy: .wattHours(7)),
            .init(start: t0 + .hours(1), tariff: nil, energy: nil),
        ]
        account.prices = DriverPrices(tariff: hubei, serviceFee: Rational(1) / Rational(7))
        account.limits = TransactionLimits(cost: .one, energy: .kilowattHours(3), seconds: 60, stateOfCharge: 80)
        account.limitsSetAt = t0
        account.telling = .again
        account.heldLimits = TransactionLimits(cost: Rational(2))
        (account.reached, account.reachedAt, account.stationActs, account.stops) = ("cost", t0, true, 2)
        account.stateOfCharge = 55
        account.exportCredit = Rational(1) / Rational(3)
        account.losses = losses
        session.account = account
        return session
    }

    /// In the middle of a run.
    private static var losses: LossTrack {
        var track = LossTrack()
        for step in 0..<60 as Range<Int64> {
            let (up, down) = (min(step, 30), max(0, step - 30))
            track.take(
                LossTrack.Sample(
                    at: t0 + .minutes(Int(step)), charge: 3000 + 100 * (up - down),
                    imported: .wattHours(9000 + 600 * up),
                    exported: .wattHours(500 * down)))
        }
        return track
    }

    private static func roundTrip(_ number: Int, evse: Int = 1) -> RoundTripRecord {
        RoundTripRecord(
            evse: EVSEID(id, evse), session: Session.ID("S-\(number)"), at: t0 + .hours(number),
            value: RoundTrip(low: 800 + number, middle: 850 + number, high: 900 + number))
    }

    private static func payment(_ number: Int, _ state: Payment.State) -> Payment {
        var payment = Payment(
            id: "PM-\(number)", kind: .web, station: id, evse: 1, by: "wang", createdAt: t0 + .seconds(number),
            state: state)
        (payment.reference, payment.page, payment.reserved) = ("psp", "https://pay/1", 2000)
        payment.limits = TransactionLimits(energy: .kilowattHours(3), seconds: 60, stateOfCharge: 80)
        (payment.remoteStart, payment.session, payment.cost, payment.captured) = (4, Session.ID("S-7"), 444, nil)
        payment.ask(.capture, fen: 444, at: t0)
        payment.miss("too slow", at: t0 + .seconds(2))
        payment.state = state
        payment.endsAt = t0 + .hours(1)
        (payment.receiptID, payment.receiptURL) = ("R1", "https://r/1")
        return payment
    }

    @Test func `everything comes back as it is in memory`() async throws {
        try await withStore { store, scratch in
            let changes: [Change] =
                [
                    .station(Station(id: Self.id, createdAt: t0)), .site(Self.site), .site(Self.site),
                    .idToken(Self.token), .idToken(IdToken(value: "U", status: .blocked)),
                    .holding(.tariffs(StationTariffs(station: Self.id))), .holding(.tariffs(Self.tariffs)),
                    .session(Self.session), .session(Self.session), .payment(Self.payment(1, .settling)),
                    .payment(Self.payment(2, .begun)), .payment(Self.payment(2, .settled)),
                    .prepaid(PrepaidAccount(token: "T", fen: 4, at: t0)), .prepaid(Self.card),
                    .prepaid(PrepaidAccount(token: "gone", fen: 4, at: t0)), .removePrepaid("gone"),
                    .holding(.webPayments(Self.codes(evse: 2))), .holding(.webPayments(Self.codes(evse: 0))),
                    .holding(
                        .webPayments(
                            WebPaymentSetup(
                                station: Self.id, evse: 1,
                                wish: WebPaymentWish(isEnabled: false, validity: 6, length: 6, fen: 0), at: t0))),
                    .roundTrip(Self.roundTrip(1, evse: 2)),
                ] + (1...20).map { .roundTrip(Self.roundTrip($0)) } + [.roundTrip(Self.roundTrip(20))]
            var memory = MemoryJournal()
            memory.write(changes)
            try await store.write(changes)
            store.close()
            let again = try Store(directory: scratch.path)
            defer { again.close() }
            let state = try again.loadCore()
            #expect(state.sites == memory.state.sites && state.idTokens == memory.state.idTokens)
            #expect(state.tariffs == memory.state.tariffs)
            #expect(state.payments == memory.state.payments)
            #expect(state.roundTrips == memory.state.roundTrips && state.roundTrips.count == 17)
            #expect(Self.session.account.losses?.roundTrip != nil)
            #expect(state.prepaid == [Self.card] && memory.state.prepaid == [Self.card])
            #expect(state.webPayments == memory.state.webPayments && state.webPayments.map(\.evse) == [0, 1, 2])
            #expect(state.activeSessions == [Self.session])
            #expect(try await again.session(Session.ID("S-7"))?.session == Self.session)
            #expect(try await again.payment("PM-1") == Self.payment(1, .settling))
            let filter = PaymentFilter(station: Self.id, state: .settled, search: "ps")
            #expect(try await again.payments(filter, limit: 9, before: nil).map(\.id) == ["PM-2"])
            #expect(try await again.payments(PaymentFilter(), limit: 9, before: "PM-2").map(\.id) == ["PM-1"])
            try await again.write(.removeStation(Self.id))
            #expect(try again.loadCore().tariffs.isEmpty && again.loadCore().roundTrips.isEmpty)
            #expect(try again.loadCore().webPayments.isEmpty)
        }
    }
}

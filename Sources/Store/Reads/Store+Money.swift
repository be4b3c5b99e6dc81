import Assets
import Charging
import GRDB
public import Operations
import Quantities

extension Store {
    /// Newest first.
    /// - Parameter before: id of the last one of the page before.
    public func payments(_ filter: PaymentFilter, limit: Int, before: String?) async throws -> [Payment] {
        try await read { db in
            var conditions = ["place < COALESCE((SELECT place FROM payment WHERE id = ?), 9223372036854775807)"]
            var arguments: [(any DatabaseValueConvertible)?] = [before]
            if let station = filter.station {
                conditions.append("station = ?")
                arguments.append(station.value)
            }
            if let state = filter.state {
                conditions.append("state = ?")
                arguments.append(state.rawValue)
            }
            if let search = filter.search {
                conditions.append("(id = ? OR substr(reference, 1, length(?)) = ?)")
                arguments += [search, search, search]
            }
            return try Row.fetchAll(
                db,
                sql:
                    "SELECT * FROM payment WHERE \(conditions.joined(separator: " AND ")) ORDER BY place DESC LIMIT \(page(limit))",
                arguments: StatementArguments(arguments)
            ).map { try $0.payment() }
        }
    }

    public func payment(_ id: String) async throws -> Payment? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM payment WHERE id = ?", arguments: [id]).map { try $0.payment() }
        }
    }
}

enum MoneyLoading {
    /// All payments that are not over, and the newest others: a station may tell of them again.
    static func load(into state: inout CoreState, _ db: Database) throws {
        state.payments = try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM payment WHERE over = 0
                    OR place > (SELECT COALESCE(MAX(place), 0) - 200 FROM payment) ORDER BY place
                """
        ).map { try $0.payment() }
        state.roundTrips = try Row.fetchAll(db, sql: "SELECT * FROM round_trip ORDER BY station, evse, at, session")
            .map { row in
                RoundTripRecord(
                    evse: EVSEID(StationID(row["station"]), row["evse"]), session: Session.ID(row["session"]),
                    at: row.instant("at"),
                    value: RoundTrip(low: row["low"], middle: row["middle"], high: row["high"]))
            }
        var held: [String: [HeldTariff]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT * FROM station_tariff ORDER BY station, id") {
            held[row["station"], default: []].append(row.heldTariff())
        }
        state.tariffs = try Row.fetchAll(db, sql: "SELECT * FROM station_tariffs ORDER BY station").map { row in
            var picture = StationTariffs(station: StationID(row["station"]))
            picture.restore(held[row["station"]] ?? [])
            picture.state = try row.word("state")
            picture.wanted = row["wanted"]
            picture.validUntil = row.optionalInstant("valid_until")
            picture.elements = row["elements"]
            picture.word = row["word"]
            picture.changedAt = row.optionalInstant("changed_at")
            picture.toldAt = row.optionalInstant("told_at")
            picture.abilities.tariffs = row["tariffs"]
            picture.abilities.costs = row["costs"]
            picture.abilities.mostElements = row["most_elements"]
            picture.abilities.conditions = row["conditions"]
            picture.abilities.settlesHere = row["settles_here"]
            picture.abilities.limits = (row["limits"] as String?).map { $0.split(separator: ",").map(String.init) }
            return picture
        }
        state.prepaid = try Row.fetchAll(db, sql: "SELECT * FROM prepaid ORDER BY token").map { row in
            var account = PrepaidAccount(token: row["token"], fen: row["fen"], at: row.instant("changed_at"))
            account.lastSession = (row["last_session"] as String?).map { Session.ID($0) }
            account.lastFen = row["last_fen"]
            return account
        }
        state.webPayments = try Row.fetchAll(db, sql: "SELECT * FROM web_payment ORDER BY station, evse").map {
            $0.webPaymentSetup()
        }
    }

    /// What a site says of costs.
    struct SiteCosts {
        var fees: [Site.ServiceFee] = []
        var local = Site.LocalCost.auto
        var tells = false
        var settlement = GridFile.Settlement.apart
        var paysDemand = false
    }

    static func siteCosts(_ db: Database) throws -> [String: SiteCosts] {
        var costs: [String: SiteCosts] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT * FROM site_costs") {
            costs[row["site"]] = SiteCosts(
                local: try row.word("local_cost"), tells: row["running_cost"], settlement: try row.word("settlement"),
                paysDemand: row["demand_charge"])
        }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM site_service_fee ORDER BY site, position") {
            guard let price = Rational(fraction: row["price"]) else { continue }
            costs[row["site"], default: SiteCosts()].fees.append(
                Site.ServiceFee(from: CivilDay(daysSince1970: row["day"]), price: price))
        }
        return costs
    }
}

extension Row {
    fileprivate func heldTariff() -> HeldTariff {
        let evses: String = self["evses"]
        var one = HeldTariff(
            id: self["id"], isDrivers: self["is_drivers"], evses: evses.split(separator: ",").compactMap { Int($0) },
            validFrom: optionalInstant("valid_from"))
        one.setAt = optionalInstant("set_at")
        one.toldAt = optionalInstant("told_at")
        one.missingSince = optionalInstant("missing_since")
        return one
    }

    fileprivate func webPaymentSetup() -> WebPaymentSetup {
        func words(_ column: String) -> [String] {
            (self[column] as String).split(separator: " ").map(String.init)
        }
        func lines(_ column: String) -> [[String]] {
            (self[column] as String).split(separator: "\n").map {
                $0.split(separator: " ", maxSplits: column == "refusals" ? 1 : 2).map(String.init)
            }
        }
        var one = WebPaymentSetup(
            station: StationID(self["station"]), evse: self["evse"],
            wish: WebPaymentWish(
                isEnabled: self["enabled"], validity: self["validity"], length: self["length"], fen: self["fen"]),
            at: instant("changed_at"))
        one.seeds = words("seeds")
        one.validities = words("validities").compactMap { Int($0) }
        one.lengths = words("lengths").compactMap { Int($0) }
        one.undecided = Set(words("undecided").compactMap(WebPaymentSetup.Variable.init(rawValue:)))
        for line in lines("refusals") {
            guard let variable = WebPaymentSetup.Variable(rawValue: line[0]) else { continue }
            one.refusals[variable] = line.count > 1 ? line[1] : ""
        }
        one.used = lines("used").compactMap { line in
            guard line.count == 3, let evse = Int(line[1]), let until = Int64(line[2]) else { return nil }
            return WebPaymentSetup.UsedCode(code: line[0], evse: evse, until: Instant(milliseconds: until))
        }
        return one
    }

    func fraction(_ column: String) -> Rational? {
        (self[column] as String?).flatMap { Rational(fraction: $0) }
    }

    /// A row of `session_account`.
    func account() -> SessionAccount {
        var account = SessionAccount()
        account.tariff = self["tariff"]
        if let total = fraction("told_total"), let at = optionalInstant("told_at") {
            account.told = StationCost(
                total: total, currency: self["told_currency"] ?? "", energy: optionalEnergy("told_energy"),
                periods: self["told_periods"] ?? 0, hasFailed: self["told_failed"] ?? false, at: at)
            account.told?.parts = [StationCost.Part](text: self["told_parts"] ?? "")
        }
        account.limits = TransactionLimits(
            cost: fraction("max_cost"), energy: optionalEnergy("max_energy"), seconds: self["max_seconds"],
            stateOfCharge: self["max_soc"])
        account.telling = (self["are_told"] as Int?).flatMap(SessionAccount.Telling.init(rawValue:)) ?? .never
        account.heldLimits = TransactionLimits(
            cost: fraction("held_cost"), energy: optionalEnergy("held_energy"), seconds: self["held_seconds"],
            stateOfCharge: self["held_soc"])
        account.reached = self["reached"]
        account.reachedAt = optionalInstant("reached_at")
        account.stationActs = self["station_acts"]
        account.stops = self["stops"]
        account.stateOfCharge = self["soc"]
        account.exportCredit = fraction("export_credit")
        account.limitsSetAt = optionalInstant("limits_set_at")
        account.prices = DriverPrices(tariff: self["own_tariff"], serviceFee: fraction("own_fee"))
        account.losses = (self["losses"] as String?).flatMap { LossTrack(text: $0) }
        return account
    }

    fileprivate func payment() throws(StoreFault) -> Payment {
        var one = Payment(
            id: self["id"], kind: try word("kind"), station: StationID(self["station"]), evse: self["evse"],
            by: self["ordered_by"], createdAt: instant("created_at"), state: try word("state"))
        one.reference = self["reference"]
        one.page = self["page"]
        one.reserved = self["reserved"]
        one.limits = TransactionLimits(
            energy: optionalEnergy("max_energy"), seconds: self["max_seconds"], stateOfCharge: self["max_soc"])
        one.remoteStart = self["remote_start"]
        one.session = (self["session"] as String?).map { Session.ID($0) }
        one.cost = self["cost"]
        one.captured = self["captured"]
        one.refunded = self["refunded"]
        one.step = (self["step"] as String?).flatMap(Payment.Step.init(rawValue:))
        one.stepFen = self["step_fen"]
        one.attempts = self["attempts"]
        one.nextTry = optionalInstant("next_try")
        one.word = self["word"]
        one.endsAt = optionalInstant("ends_at")
        one.changedAt = instant("changed_at")
        one.receiptID = self["receipt_id"]
        one.receiptURL = self["receipt_url"]
        return one
    }
}

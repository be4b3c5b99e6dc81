import Charging
import OCPPMessages
import Quantities
import Rulebook

// Tariffs, costs, limits and payments in the words of OCPP 2.1 (part 2 blocks I and C, E16).

extension V2.Tariff {
    /// Prices with taxes and service fee as the driver pays them: no tax is split off, so none is named. The id is a hash of
    /// the content, so that what differs is called otherwise and what is the same is not (I08.FR.08).
    init(_ tariff: DriverTariff) {
        let prices = tariff.prices.map { price in
            V2.TariffEnergyPrice(
                priceKwh: JSONDecimal(price.perKilowattHour.text(atMost: 6)) ?? JSONDecimal(0),
                conditions: price.isConditional ? V2.TariffConditions(price) : nil)
        }
        let range = tariff.range
        let (least, most) = (range.lowerBound.text(decimals: 4), range.upperBound.text(decimals: 4))
        let span = least == most ? least : "\(least)–\(most)"
        func named(_ id: String) -> V2.Tariff {
            V2.Tariff(
                tariffId: id, currency: "CNY",
                description: [
                    V2.MessageContent(format: .utf8, content: "充电 \(span) 元/kWh（含服务费）", language: "zh"),
                    V2.MessageContent(
                        format: .utf8, content: "Charging \(span) CNY/kWh, service fee included", language: "en"),
                ], energy: V2.TariffEnergy(prices: prices))
        }
        self = named(OCPP2Adapter.ownTariffs + OCPP2Adapter.hash(of: named("").json))
    }

    /// Prices of all kinds, which a station counts against its `MaxElements` (I07.FR.02).
    var elements: Int {
        (energy?.prices.count ?? 0)
            + [chargingTime, idleTime, reservationTime].reduce(0) { $0 + ($1?.prices.count ?? 0) }
            + [fixedFee, reservationFixed].reduce(0) { $0 + ($1?.prices.count ?? 0) }
    }
    var isConditional: Bool {
        energy?.prices.contains { $0.conditions != nil } ?? false
            || [chargingTime, idleTime, reservationTime].contains {
                $0?.prices.contains { $0.conditions != nil } ?? false
            }
            || [fixedFee, reservationFixed].contains { $0?.prices.contains { $0.conditions != nil } ?? false }
    }
}

extension V2.TariffConditions {
    /// Times and dates are local there, too (I07.FR.17).
    fileprivate init(_ price: DriverTariff.Price) {
        func clock(_ minute: Int) -> String {
            func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
            // The day's end is its beginning.
            return two(minute / 60 % 24) + ":" + two(minute % 60)
        }
        let all: [V2.DayOfWeek] = [.monday, .tuesday, .wednesday, .thursday, .friday, .saturday, .sunday]
        self.init(
            startTimeOfDay: price.minutes.map { clock($0.lowerBound) },
            endTimeOfDay: price.minutes.map { clock($0.upperBound) },
            dayOfWeek: price.weekdays.map { days in days.sorted().map { all[$0 - 1] } },
            validFromDate: price.days?.lowerBound.description, validToDate: price.days?.upperBound.description)
    }
}

extension OCPP2Adapter {
    /// How the ids of tariffs that the platform made begin.
    static let ownTariffs = "tw-"

    /// Two FNV-1a hashes beside each other: 32 digits that differ where content does.
    static func hash(of bytes: [UInt8]) -> String {
        func digits(_ seed: UInt64) -> String {
            var hash = seed
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            let text = String(hash, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        return digits(0xcbf2_9ce4_8422_2325) + digits(0x84_22_23_25_cb_f2_9c_e4)
    }

    // MARK: - What we ask

    static func setDefaultTariff(_ tariff: V2.Tariff, evse: Int) -> [UInt8] {
        V2.SetDefaultTariffRequest(evseId: evse, tariff: tariff).json
    }
    static func changeTariff(_ tariff: V2.Tariff, transaction: String) -> [UInt8] {
        V2.ChangeTransactionTariffRequest(tariff: tariff, transactionId: transaction).json
    }

    /// What must be known of a station before it is given prices or limits.
    static var readMoneyAbilities: [UInt8] {
        let asked: [(String, String, String?)] = [
            ("TariffCostCtrlr", "Enabled", "Tariff"), ("TariffCostCtrlr", "Enabled", "Cost"),
            ("TariffCostCtrlr", "MaxElements", "Tariff"), ("TariffCostCtrlr", "ConditionsSupported", "Tariff"),
            ("TxCtrlr", "SupportedLimits", nil),
        ]
        return V2.GetVariablesRequest(
            getVariableData: asked.map {
                V2.GetVariableData(
                    component: V2.Component(name: $0.0), variable: V2.Variable(name: $0.1, instance: $0.2))
            }
        ).json
    }

    static func start(paid reference: String, evse: Int, number: Int) -> [UInt8] {
        V2.RequestStartTransactionRequest(
            idToken: V2.IdToken(idToken: reference, type: .directPayment), remoteStartId: number, evseId: evse
        ).json
    }
    static func paymentStarted(evse: Int, seconds: Int) -> [UInt8] {
        V2.NotifyWebPaymentStartedRequest(evseId: evse, timeout: seconds).json
    }

    // MARK: - How stations take it

    static let tellingOfTariffs: Set<String> = [
        "SetDefaultTariff", "GetTariffs", "ClearTariffs", "ChangeTransactionTariff",
    ]

    static func tariffFact(_ sent: V2.Request, _ answer: V2.Response) -> TariffFact? {
        switch (sent, answer) {
        case (.setDefaultTariff(let sent), .setDefaultTariff(let answer)):
            return .set(
                asked(sent.tariff), evse: sent.evseId, validFrom: sent.tariff.validFrom, word: answer.status.name)
        case (.changeTransactionTariff(let sent), .changeTransactionTariff(let answer)):
            return .changed(asked(sent.tariff), transaction: sent.transactionId, word: answer.status.name)
        case (.getTariffs(let sent), .getTariffs(let answer)):
            guard answer.status == .accepted || answer.status == .noTariff else { return nil }
            return .told(
                evse: sent.evseId,
                (answer.tariffAssignments ?? []).map {
                    TariffAssignment(
                        id: $0.tariffId, isDrivers: $0.tariffKind == .driverTariff, evses: $0.evseIds ?? [],
                        validFrom: $0.validFrom)
                })
        case (.clearTariffs(let sent), .clearTariffs(let answer)):
            let evse = sent.evseId ?? 0
            // Without parameters all of them were meant, whichever it names (I10.FR.01).
            if sent.tariffIds == nil, evse == 0, answer.clearTariffsResult.allSatisfy({ $0.status != .rejected }) {
                return .cleared(nil, evse: 0)
            }
            let named = answer.clearTariffsResult.filter { $0.status == .accepted }.compactMap(\.tariffId)
            let isNone = answer.clearTariffsResult.contains { $0.status == .noTariff && $0.tariffId == nil }
            return .cleared(isNone ? (sent.tariffIds ?? named) : named, evse: evse)
        default: return nil
        }
    }

    private static func asked(_ tariff: V2.Tariff) -> AskedTariff {
        AskedTariff(id: tariff.tariffId, elements: tariff.elements, isConditional: tariff.isConditional)
    }

    // MARK: - What stations say

    /// In fen and milliwatt-hours where it counts otherwise; what it could not reckon is said to have failed.
    static func cost(_ told: V2.CostDetails?, at instant: Instant) -> StationCost? {
        guard let told else { return nil }
        let total = told.totalCost.total
        guard let yuan = (total.inclTax ?? total.exclTax).flatMap({ Rational(decimal: $0.description) }) else {
            return StationCost(
                total: .zero, currency: told.totalCost.currency, energy: nil, periods: 0, hasFailed: true, at: instant)
        }
        var cost = StationCost(
            total: yuan, currency: told.totalCost.currency,
            energy: told.totalUsage.energy.scaled(by: 6).map { Energy(milliwattHours: $0) },
            periods: told.chargingPeriods?.count ?? 0, hasFailed: told.failureToCalculate ?? false, at: instant)
        cost.parts = (told.chargingPeriods ?? []).prefix(StationCost.mostParts).map { period in
            let energy = (period.dimensions ?? []).first { $0.type == .energy }?.volume.scaled(by: 6)
            return StationCost.Part(
                start: period.startPeriod, tariff: period.tariffId.map { String($0.prefix(60)) },
                energy: energy.map { Energy(milliwattHours: $0) })
        }
        return cost
    }

    static func costUpdated(_ yuan: Rational, transaction: String) -> [UInt8] {
        V2.CostUpdatedRequest(totalCost: amount(yuan) ?? JSONDecimal(0), transactionId: transaction).json
    }

    static func limits(_ told: V2.TransactionLimit?) -> TransactionLimits? {
        guard let told else { return nil }
        return TransactionLimits(
            cost: told.maxCost.flatMap { Rational(decimal: $0.description) },
            energy: told.maxEnergy.flatMap { $0.scaled(by: 3) }.map { Energy(milliwattHours: $0) },
            seconds: told.maxTime, stateOfCharge: told.maxSoC)
    }

    /// Down to what the wire carries: a limit is rather too low than too high.
    static func limits(_ limits: TransactionLimits) -> V2.TransactionLimit {
        V2.TransactionLimit(
            maxCost: limits.cost.flatMap { JSONDecimal($0.text(decimals: 2, .down)) },
            maxEnergy: limits.energy.map { JSONDecimal(Int($0.milliwattHours / 1000)) }, maxTime: limits.seconds,
            maxSoC: limits.stateOfCharge)
    }

    static func news(_ notice: V2.NotifySettlementRequest) -> SettlementNotice {
        SettlementNotice(
            reference: notice.pspRef, transaction: notice.transactionId, word: notice.status.name,
            fen: notice.settlementAmount.scaled(by: 2) ?? 0, at: notice.settlementTime, receiptID: notice.receiptId,
            receiptURL: notice.receiptUrl)
    }

    static func payload(_ verdict: VATNumber.Verdict, to asked: V2.VatNumberValidationRequest) -> [UInt8] {
        let reason: V2.StatusInfo? =
            switch verdict {
            // Its form alone was looked at, and so it is said.
            case .wellFormed:
                V2.StatusInfo(reasonCode: "NoError", additionalInfo: "the form was checked, not the register")
            case .malformed: V2.StatusInfo(reasonCode: "InvalidValue")
            case .unknownCountry: V2.StatusInfo(reasonCode: "UnsupportedParam", additionalInfo: "country not known")
            }
        return V2.VatNumberValidationResponse(
            vatNumber: asked.vatNumber, status: verdict == .wellFormed ? .accepted : .rejected, statusInfo: reason,
            evseId: asked.evseId
        ).json
    }
}

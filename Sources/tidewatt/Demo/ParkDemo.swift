import Documents
import Operations
import Quantities
import Rulebook
import Simulation

/// `tidewatt demo --scenario v2g-park`: the park's month, planned day by day and judged by the platform's own report.
enum ParkDemo {
    static func run(seed: UInt64, days: Int, output: OutputOptions) throws {
        let scenario = try ParkScenario(seed: seed, days: days)
        let month: ParkMonth
        do throws(TariffGap) { month = try ParkMonth(scenario) } catch {
            throw Problems(Problem(file: scenario.buying.id, line: 0, message: error.message))
        }
        output.answer(json: month.json, text: month.text(in: output.lang))
        if month.slotsAboveLimit > 0 || month.undelivered > 0.5 { throw ExitStatus.answerIsNo.asError }
    }
}

extension ParkMonth {
    var json: JSONValue {
        func share(_ share: Rational?) -> JSONValue { share.map { .decimal($0, places: 6) } ?? .null }
        func yuan(_ amount: Rational?) -> JSONValue { amount.map { .string($0.text(decimals: 2)) } ?? .null }
        func kwh(_ energy: Energy) -> JSONValue { .number(energy.kilowattHoursText) }
        func kw(_ power: Power?) -> JSONValue {
            power.map { .number(decimalText(Int128($0.watts), scale: 3)) } ?? .null
        }
        return [
            "scenario": "v2g-park", "seed": .string(String(scenario.seed)), "days": .int(scenario.days),
            "from": .string(scenario.firstDay.description), "stays": .int(scenario.stays.count),
            "charged_kwh": kwh(report.charged), "discharged_kwh": kwh(report.discharged),
            "cycled_kwh": kwh(report.cycled), "throughput_kwh": kwh(report.throughput),
            "valley_share_gross": share(report.valleyShareGross), "valley_share_net": share(report.valleyShareNet),
            "import_cost_yuan": yuan(report.importCost), "earned_yuan": yuan(report.earned),
            "wear_yuan": yuan(report.wear), "income_yuan": yuan(report.income),
            "uncontrolled_cost_yuan": yuan(uncontrolledCost),
            "virtual_km": report.virtualDistance.map { .number(decimalText(Int128($0), scale: 3)) } ?? .null,
            "undelivered_kwh": .double(undelivered),
            "peak_kw": kw(peak), "uncontrolled_peak_kw": kw(uncontrolledPeak), "limit_kw": kw(scenario.limit),
            "slots_above_limit": .int(slotsAboveLimit),
            "pv_kwh": kwh(generated), "self_consumption": selfConsumption.map { .double($0) } ?? .null,
            "discharge_power_kw": kw(report.power.rated), "measured_discharge_peak_kw": kw(report.power.measuredPeak),
            // So many days of a year like these.
            "annual_discharge_kwh": kwh(yearOfSuchDays),
        ]
    }

    /// What a year of days like these would give back: a forecast, no evidence.
    var yearOfSuchDays: Energy {
        Energy(milliwattHours: report.discharged.milliwattHours * 365 / Int64(max(1, scenario.days)))
    }

    func text(in say: Language) -> String {
        func kwh(_ energy: Energy) -> String { Rational(energy).text(decimals: 1) }
        func kw(_ power: Power?) -> String { power.map { Rational(.init($0.watts), 1000).text(decimals: 1) } ?? "—" }
        func yuan(_ amount: Rational?) -> String { amount?.text(decimals: 2) ?? say("unknown", "未知") }
        func share(_ share: Rational?) -> String {
            share.map { ($0 * Rational(100)).text(decimals: 1) + " %" } ?? say("undefined", "未定义")
        }
        var table = TextTable(
            [say("V2G park, \(scenario.days) days", "车网互动园区，\(scenario.days) 天"), "", ""], rightAligned: [1])
        for row in [
            [say("charged", "充电量"), kwh(report.charged), "kWh"],
            [say("given back", "放电量"), kwh(report.discharged), "kWh"],
            [say("of the charged: cycled", "其中循环电量"), kwh(report.cycled), "kWh"],
            [say("valley share, gross", "低谷占比（毛）"), share(report.valleyShareGross), ""],
            [say("valley share, net of cycling", "低谷占比（扣除循环）"), share(report.valleyShareNet), ""],
            [say("earned by giving back", "放电收入"), yuan(report.earned), say("yuan", "元")],
            [say("cost of all charging", "充电费用"), yuan(report.importCost), say("yuan", "元")],
            [say("wear of batteries", "电池损耗"), yuan(report.wear), say("yuan", "元")],
            [say("left for the owner", "业主净收入"), yuan(report.income), say("yuan", "元")],
            [say("cost of uncontrolled charging", "无序充电费用"), yuan(uncontrolledCost), say("yuan", "元")],
            [say("virtual distance", "虚拟里程"), report.virtualDistance.map { String($0 / 1000) } ?? "—", "km"],
            [say("highest load of the transformer", "变压器最高负荷"), kw(peak), "kW (≤ \(kw(scenario.limit)))"],
            [
                say("self-consumption of PV", "光伏自用率"),
                selfConsumption.map { Rational(.init(Int64(($0 * 1000).rounded())), 10).text(decimals: 1) + " %" }
                    ?? "—", "",
            ],
            [say("rated discharge power", "额定放电功率"), kw(report.power.rated), "kW (718: ≥ 500)"],
            [
                say("a year of such days gives back", "按此推算全年放电量"), kwh(yearOfSuchDays), "kWh (718: ≥ 100000)",
            ],
        ] { table.add(row) }
        return table.text
            + say(
                "Planned and followed in memory, without piles: building, weather and tours are invented (seed \(scenario.seed)), the flat import price of 0.62 yuan/kWh is assumed.",
                "在内存中排程并执行，不含真实桩：建筑负荷、天气与行程由种子 \(scenario.seed) 生成，平段用电价 0.62 元/千瓦时为假定值。")
    }
}

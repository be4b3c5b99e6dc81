import Documents
import Operations
import Quantities
import Rulebook
import Simulation

/// `tidewatt demo --scenario v2g-park --in-memory`: the park's month, planned day by day and followed to the letter.
enum ParkDemo {
    static func run(seed: UInt64, days: Int, output: OutputOptions) throws {
        let scenario = try ParkScenario(seed: seed, days: days)
        let month: ParkMonth
        do throws(TariffGap) { month = try ParkMonth(scenario) } catch {
            throw Problems(Problem(file: scenario.buying.id, line: 0, message: error.message))
        }
        let summary = month.summary
        output.answer(json: summary.json(day: "all"), text: summary.text(day: "all", in: output.lang))
        if !summary.isKept || summary.missed > .wattHours(500) { throw ExitStatus.answerIsNo.asError }
    }
}

extension ParkSummary {
    /// Every number with its unit in its name; money as decimal strings, shares from 0 to 1 or null.
    /// - Parameter day: a civil day, or `all`.
    func json(day: String) -> JSONValue {
        func share(_ share: Rational?) -> JSONValue { share.map { .decimal($0, places: 6) } ?? .null }
        func yuan(_ amount: Rational?) -> JSONValue { amount.map { .string($0.text(decimals: 2)) } ?? .null }
        func kwh(_ energy: Energy) -> JSONValue { .number(energy.kilowattHoursText) }
        func kw(_ power: Power?) -> JSONValue {
            power.map { .number(decimalText(Int128($0.watts), scale: 3)) } ?? .null
        }
        return [
            "scenario": "v2g-park", "form": observed == nil ? "in-memory" : "connections", "day": .string(day),
            "seed": .string(String(scenario.seed)), "days": .int(days),
            "from": .string(scenario.zone.civilDay(at: interval.start).description),
            "stays": .int(scenario.stays.count), "sessions": .int(report.lines.count),
            "charged_kwh": kwh(report.charged), "discharged_kwh": kwh(report.discharged),
            "cycled_kwh": kwh(report.cycled), "throughput_kwh": kwh(report.throughput),
            "valley_share_gross": share(report.valleyShareGross), "valley_share_net": share(report.valleyShareNet),
            "import_cost_yuan": yuan(report.importCost), "earned_yuan": yuan(report.earned),
            "wear_yuan": yuan(report.wear), "income_yuan": yuan(report.income),
            "uncontrolled_cost_yuan": yuan(uncontrolledCost),
            "virtual_km": report.virtualDistance.map { .number(decimalText(Int128($0), scale: 3)) } ?? .null,
            "undelivered_kwh": kwh(missed),
            "peak_kw": kw(peak), "uncontrolled_peak_kw": kw(uncontrolledPeak), "limit_kw": kw(scenario.limit),
            "export_peak_kw": kw(exportPeak), "export_limit_kw": kw(scenario.exportLimit),
            "slots_above_limit": .int(slotsAboveLimit),
            "pv_kwh": kwh(generated), "self_consumption": selfConsumption.map { .double($0) } ?? .null,
            "discharge_power_kw": kw(report.power.rated), "measured_discharge_peak_kw": kw(report.power.measuredPeak),
            // What was given back since the year began; and so many days of a year like these.
            "annual_discharge_kwh": kwh(report.year.discharged), "year_of_such_days_kwh": kwh(yearOfSuchDays),
            "evidence": [
                "evses": .int(report.power.evses), "stations_unstated": .int(report.power.unstated),
                "year": .int(report.year.year), "year_sessions": .int(report.year.sessions),
            ],
            "observed": observed?.json ?? .null,
        ]
    }

    /// - Parameter day: a civil day, or `all`.
    func text(day: String, in say: Language) -> String {
        func kwh(_ energy: Energy) -> String { Rational(energy).text(decimals: 1) }
        func kw(_ power: Power?) -> String { power.map { Rational(.init($0.watts), 1000).text(decimals: 1) } ?? "—" }
        func yuan(_ amount: Rational?) -> String { amount?.text(decimals: 2) ?? say("unknown", "未知") }
        func share(_ share: Rational?) -> String {
            share.map { ($0 * Rational(100)).text(decimals: 1) + " %" } ?? say("undefined", "未定义")
        }
        let title =
            day == "all"
            ? say("V2G park, \(days) days", "车网互动园区，\(days) 天") : say("V2G park, \(day)", "车网互动园区，\(day)")
        var table = TextTable([title, "", ""], rightAligned: [1])
        var rows = [
            [say("charged", "充电量"), kwh(report.charged), "kWh"],
            [say("given back", "放电量"), kwh(report.discharged), "kWh"],
            [say("of the charged: cycled", "其中循环电量"), kwh(report.cycled), "kWh"],
            [say("through the batteries, both ways", "电池吞吐电量"), kwh(report.throughput), "kWh"],
            [say("valley share, gross", "低谷占比（毛）"), share(report.valleyShareGross), ""],
            [say("valley share, net of cycling", "低谷占比（扣除循环）"), share(report.valleyShareNet), ""],
            [say("earned by giving back", "放电收入"), yuan(report.earned), say("yuan", "元")],
            [say("cost of all charging", "充电费用"), yuan(report.importCost), say("yuan", "元")],
            [say("wear of batteries", "电池损耗"), yuan(report.wear), say("yuan", "元")],
            [say("left for the owner", "业主净收入"), yuan(report.income), say("yuan", "元")],
            [say("cost of uncontrolled charging", "无序充电费用"), yuan(uncontrolledCost), say("yuan", "元")],
            [say("virtual distance", "虚拟里程"), report.virtualDistance.map { String($0 / 1000) } ?? "—", "km"],
            [say("missed at departure", "离场时缺电量"), kwh(missed), "kWh"],
            [
                say("highest load, quarter hours above a limit", "最高负荷，越限刻钟数"), kw(peak),
                "kW (≤ \(kw(scenario.limit))), \(slotsAboveLimit)",
            ],
            [
                say("the same, uncontrolled", "同上，无序"), kw(uncontrolledPeak), "kW, \(uncontrolledSlotsAboveLimit)",
            ],
            [say("most sent back", "最大返送功率"), kw(exportPeak), "kW (≤ \(kw(scenario.exportLimit)))"],
            [
                say("self-consumption of PV", "光伏自用率"),
                selfConsumption.map { Rational(.init(Int64(($0 * 1000).rounded())), 10).text(decimals: 1) + " %" }
                    ?? "—", "",
            ],
        ]
        if let observed { rows += observed.rows(say) }
        rows += [
            [
                say("rated discharge power", "额定放电功率"), kw(report.power.rated),
                say("kW (718: ≥ 500), \(report.power.evses) EVSEs", "kW（718：≥ 500），\(report.power.evses) 个充电接口"),
            ],
            [
                say("given back in \(report.year.year)", "\(report.year.year) 年放电量"), kwh(report.year.discharged),
                say(
                    "kWh (718: ≥ 100000), \(report.year.sessions) sessions",
                    "kWh（718：≥ 100000），\(report.year.sessions) 次会话"),
            ],
            [say("a year of such days gives back", "按此推算全年放电量"), kwh(yearOfSuchDays), "kWh"],
        ]
        for row in rows { table.add(row) }
        return day == "all" ? table.text + note(say) : table.text
    }

    private func note(_ say: Language) -> String {
        let invented = say(
            "building, weather and tours are invented (seed \(scenario.seed)), the flat import price of 0.62 yuan/kWh is assumed.",
            "建筑负荷、天气与行程由种子 \(scenario.seed) 生成，平段用电价 0.62 元/千瓦时为假定值。")
        if observed == nil {
            return say("Planned and followed in memory, without piles: ", "在内存中排程并执行，不含真实桩：") + invented
        }
        return say(
            "Simulated piles of OCPP 2.1 over real connections; the building's battery is run by the building itself: ",
            "OCPP 2.1 模拟桩，真实连接；楼宇储能由楼宇自行管理：") + invented
    }
}

extension ParkLedger.Observed {
    fileprivate var json: JSONValue {
        [
            "imported_kwh": .number(imported.kilowattHoursText), "exported_kwh": .number(exported.kilowattHoursText),
            "floors_broken": .int(floorsBroken),
            "least_above_floor_kwh": leastAboveFloor.map { .number($0.kilowattHoursText) } ?? .null,
            "departures": .int(departures), "missed_targets": .int(missedTargets),
            "setpoints": [
                "changes": .int(following.changes), "followed_within_5_s": .int(following.followed),
                "share": following.share.map { .decimal($0, places: 6) } ?? .null,
                "superseded": .int(following.superseded), "gaps": .int(following.gaps),
                "gaps_limited_by_battery": .int(following.limitedByBattery), "gaps_reported": .int(following.reported),
                "looked_every_s": lookEvery.map {
                    .number(decimalText(Int128($0.wholeMilliseconds), scale: 3))
                } ?? .null,
            ],
        ]
    }

    fileprivate func rows(_ say: Language) -> [[String]] {
        let followed =
            following.share.map { ($0 * Rational(100)).text(decimals: 1) + " %" } ?? say("undefined", "未定义")
        return [
            [
                say("vans below their minimum", "低于最低电量的车辆"), String(floorsBroken),
                leastAboveFloor.map {
                    say(
                        "lowest: \(Rational($0).text(decimals: 1)) kWh above",
                        "最近距离：\(Rational($0).text(decimals: 1)) kWh")
                } ?? "",
            ],
            [say("departures with less than wanted", "未达目标的离场"), String(missedTargets), "/ \(departures)"],
            [
                say("setpoints followed within 5 s", "5 秒内跟随设定值"), followed,
                say(
                    "of \(following.followed + following.gaps); gaps \(following.gaps), reported \(following.reported)",
                    "共 \(following.followed + following.gaps)；缺口 \(following.gaps)，已报告 \(following.reported)"),
            ],
        ]
    }
}

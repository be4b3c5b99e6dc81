import ArgumentParser
import Documents
import Metering
import Quantities
import Rulebook
import Settlement

struct TariffBill: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bill",
        abstract: words("What metered energy costs under a tariff.", "按电价计算计量电量的费用。"),
        discussion: words(
            """
            Exact until the one rounding of the total (2 decimals, half up). An interval that crosses a boundary is split in \
            proportion to time and listed. Exits 1 when a part of the price is unknown.
            Example: tidewatt tariff bill cn/guizhou/commercial-10kv-two-part --meter m.csv --demand-kw 630 --month 2026-09
            """,
            """
            全程精确计算，只在合计处四舍五入到分。跨时段的区间按时间比例拆分并列出。价格构成未知时退出状态为 1。
            示例：tidewatt tariff bill cn/guizhou/commercial-10kv-two-part --meter m.csv --demand-kw 630 --month 2026-09
            """))
    @OptionGroup var argument: TariffArgument
    @Option(help: help("Meter CSV.", "电表 CSV 文件。"))
    var meter: String
    @Option(help: help("Tariff for energy given to the grid, id or file.", "上网（放电）电量的电价，id 或文件。"))
    var exportTariff: String?
    @Option(help: help("Highest demand of the month, kW.", "当月最大需量，千瓦。"), transform: Arguments.amount)
    var demandKw: Rational?
    @Option(help: help("Transformer capacity, kVA.", "变压器容量，千伏安。"), transform: Arguments.amount)
    var capacityKva: Rational?
    @Option(
        help: help("Month of the demand or capacity charge, YYYY-MM.", "需量或容量电费的月份，YYYY-MM。"),
        transform: Arguments.month)
    var month: CivilDay?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if (demandKw != nil || capacityKva != nil) && month == nil {
            throw ValidationError(.monthForCharges)
        }
        if month != nil && demandKw == nil && capacityKva == nil {
            throw ValidationError(.chargesForMonth)
        }
    }

    func run() throws {
        let tariff = try argument.load()
        let export = try exportTariff.map(RuleFiles.tariff)
        try check(tariff, is: .import)
        if let export { try check(export, is: .export) }
        let file = try MeterFile(FileAccess.read(meter), file: meter)
        let bill: Bill
        do {
            bill = try Bill(file.intervals, tariff: tariff, exportTariff: export, charges: charges(tariff))
        } catch let problem as MeterIntervalProblem {
            throw Problem(file: meter, line: problem.interval.line, message: problem.reason)
        }
        for line in file.repeated {
            Output.complain(Problem(file: meter, line: line, message: .repeatsEarlierLine), in: output.lang)
        }
        output.answer(json: bill.json, text: text(of: bill, output.lang))
        PriceNotes(notes: bill.notes).complain(about: tariff.file, in: output.lang)
        if !bill.unknowns.isEmpty {
            let unknown = Message.totalUnknown(bill.unknowns.joined(separator: ", "))
            Output.complain(Problem(file: tariff.file, line: 0, message: unknown), in: output.lang)
            throw ExitStatus.answerIsNo.asError
        }
    }

    /// What is paid for discharging is no price of charging.
    private func check(_ tariff: Tariff, is direction: Tariff.Direction) throws {
        guard tariff.direction != direction else { return }
        let place = direction == .import ? Message.theArgument : .theExportTariff
        throw Problem(
            file: tariff.file, line: 0,
            message: .wrongDirection(tariff.direction.rawValue, place: place, wanted: direction.rawValue))
    }

    private func charges(_ tariff: Tariff) throws -> [Bill.Charge] {
        guard let month else { return [] }
        let asked: [(Bill.Charge.Kind, Rational?)] = [(.demand, demandKw), (.capacity, capacityKva)]
        return try asked.compactMap { kind, quantity in
            guard let quantity else { return nil }
            let charge = try tariff.answering { tariff throws(TariffGap) in
                try Bill.Charge(kind, quantity: quantity, tariff: tariff, on: month)
            }
            if let charge { return charge }
            throw Problem(file: tariff.file, line: 0, message: .noDemandCharges("--\(kind.rawValue)-…"))
        }
    }

    private func text(of bill: Bill, _ say: Language) -> String {
        var table = TextTable(
            say == .zh
                ? ["方向", "时段", "数量", "单位", "单价（元）", "金额（元）"]
                : ["direction", "level", "quantity", "unit", "price", "yuan"],
            rightAligned: [2, 4, 5])
        let unknown = say("unknown", "未知")
        for line in bill.lines {
            table.add([
                line.direction == .import ? say("import", "用电") : say("export", "放电"), line.level.name(in: say),
                line.energy.kilowattHours.text(atMost: 6), say("kWh", "千瓦时"), line.price?.text(atMost: 6) ?? unknown,
                line.amount.map { (line.direction == .export ? -$0 : $0).text(decimals: 4) } ?? unknown,
            ])
        }
        for charge in bill.charges {
            table.add([
                say("import", "用电"), charge.kind == .demand ? say("demand", "需量") : say("capacity", "容量"),
                charge.quantity.text(), charge.kind == .demand ? say("kW", "千瓦") : say("kVA", "千伏安"),
                charge.price?.text(atMost: 6) ?? unknown, charge.amount?.text(decimals: 4) ?? unknown,
            ])
        }
        var text = table.text + "\n" + say("total", "合计") + "  \(bill.total?.text(decimals: 2) ?? unknown) "
        text += say("yuan", "元") + "\n"
        if bill.splitCount > 0 {
            text += say(
                "intervals across a boundary, split in proportion to time: \(bill.splitCount)",
                "\(bill.splitCount) 个区间跨越时段边界，已按时间比例拆分")
            text += "\n"
        }
        if bill.estimated > 0 {
            text += say("estimated intervals: \(bill.estimated)", "\(bill.estimated) 个区间为估算值") + "\n"
        }
        if bill.missing > 0 {
            text += say("intervals without a value: \(bill.missing)", "\(bill.missing) 个区间没有数据") + "\n"
        }
        if !bill.unpricedExport.isZero {
            let energy = bill.unpricedExport.kilowattHours.text(atMost: 6)
            text += say(
                "\(energy) kWh were given to the grid without a price; name --export-tariff",
                "\(energy) 千瓦时上网电量没有价格；请给出 --export-tariff")
            text += "\n"
        }
        if let notes = PriceNotes(notes: bill.notes).text(in: say) { text += "\n" + notes }
        return text
    }
}

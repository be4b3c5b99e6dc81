import ArgumentParser
import Quantities

/// The slots of a planning file.
struct HorizonOptions: ParsableArguments {
    @Option(
        help: help("First instant (default: the first arrival's step).", "起始时刻（默认：首次到达所在步长）。"),
        transform: Arguments.instant)
    var from: Instant?
    @Option(
        help: help("End, not included (default: the last departure's step).", "结束时刻，不含（默认：最后离开所在步长）。"),
        transform: Arguments.instant)
    var to: Instant?
    @Option(help: help("Length of a slot in minutes (15).", "时隙长度，分钟（默认 15）。"), transform: Arguments.positiveMinutes)
    var stepMinutes: Int = 15

    var step: Duration { .minutes(stepMinutes) }

    func validate() throws {
        if let from, let to, to <= from { throw ValidationError(.toNotAfterFrom) }
    }
}

/// What energy costs and earns.
struct PriceOptions: ParsableArguments {
    @Option(help: help("Tariff of charging, id or file.", "充电电价，id 或文件。"))
    var tariff: String
    @Option(help: help("Tariff of discharging, id or file (none: it earns nothing).", "放电电价，id 或文件（缺省：放电无收益）。"))
    var exportTariff: String?
    @Option(
        help: help("Wear of the battery for each kWh discharged, yuan (0).", "每放电 1 千瓦时的电池损耗，元（默认 0）。"),
        transform: Arguments.amount)
    var degradationYuanPerKwh: Rational = .zero
}

import ArgumentParser

/// `tidewatt tariff …`: prices by the hour, and bills.
struct TariffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tariff",
        abstract: words("Tariffs: levels, prices and bills.", "电价：时段、价格与账单。"))
}

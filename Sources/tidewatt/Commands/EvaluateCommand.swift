import ArgumentParser

/// `tidewatt evaluate …`: the indicators of a call from metered evidence.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: words("Indicators of a pilot call from meter data.", "由计量数据计算试点通知的指标。"))
}

import ArgumentParser
import Documents
import Foundation

/// The options that every command takes: `@OptionGroup var output: OutputOptions`.
struct OutputOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(help: help("Text for people or one JSON document.", "面向人的文本，或一个 JSON 文档。"))
    var format = Format.text
    @Option(help: help("Language of texts for people: en or zh (default: LANG).", "文本语言：en 或 zh（默认取 LANG）。"))
    var lang: Language = Language.ofEnvironment

    /// Writes the answer on stdout in the format asked for.
    func answer(json: @autoclosure () -> JSONValue, text: @autoclosure () -> String) {
        switch format {
        case .json: Output.write(json().text(pretty: true) + "\n")
        case .text:
            let text = text()
            Output.write(text.hasSuffix("\n") ? text : text + "\n")
        }
    }
}

/// Standard output and standard error.
enum Output {
    /// Answers go to stdout. A reader that has gone is no fault; a full disk is.
    static func write(_ text: String) {
        if FileAccess.writeAll(Array(text.utf8), STDOUT_FILENO) { return }
        if errno == EPIPE { exit(ExitStatus.done.rawValue) }
        complain(.answerNotWritten(.system(errno)))
        exit(ExitStatus.ourFault.rawValue)
    }

    /// Logs, progress and complaints go to stderr.
    static func complain(_ text: String) { _ = FileAccess.writeAll(Array((text + "\n").utf8), STDERR_FILENO) }

    static func complain(_ problem: Problem, in say: Language) { complain(problem.text { say($0) }) }
    static func complain(_ message: Message) { complain(Language.ofCall(message)) }

    /// Progress bars are for terminals only.
    static var progressIsWelcome: Bool { isatty(STDERR_FILENO) == 1 }
}

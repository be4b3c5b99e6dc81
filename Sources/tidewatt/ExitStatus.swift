import ArgumentParser
import Documents

/// What the caller's shell sees (README, "Exit status").
enum ExitStatus: Int32 {
    case done = 0
    /// Done, and the answer is "no": infeasible, a rule broken, a check failed.
    case answerIsNo = 1
    /// The input or the call is wrong.
    case wrongInput = 2
    /// Our own fault.
    case ourFault = 3
}

/// The caller asked for something that cannot be; the text tells the way out.
struct Refusal: Error, CustomStringConvertible {
    let message: Message
    init(_ message: Message) { self.message = message }
    /// In the caller's language.
    var description: String { Language.ofCall(message) }
}

extension ExitStatus {
    /// Ends a command whose answer is already printed: `throw ExitStatus.answerIsNo.asError`.
    var asError: any Error { ExitCode(rawValue) }

    /// The status for `error`, and what to print on stderr (or on stdout for help and version).
    static func judge(_ error: any Error) -> (code: Int32, message: String, isAnswer: Bool) {
        let say = Language.ofCall
        switch error {
        case let problems as Problems: return (wrongInput.rawValue, problems.text { say($0) }, false)
        case let problem as Problem: return (wrongInput.rawValue, problem.text { say($0) }, false)
        case let refusal as Refusal: return (wrongInput.rawValue, refusal.description, false)
        case let code as ExitCode: return (code.rawValue, "", false)
        default: break
        }
        let code = Tidewatt.exitCode(for: error)
        let message = Tidewatt.fullMessage(for: error)
        if code == .success { return (done.rawValue, message, true) }
        if code == .validationFailure { return (wrongInput.rawValue, told(message, in: say), false) }
        return (ourFault.rawValue, say(.ourFault("\(error)")), false)
    }

    /// The argument parser knows English only.
    private static func told(_ text: String, in say: Language) -> String {
        guard say == .zh else { return text }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.map { SentenceTable.call.chinese(String($0)) }.joined(separator: "\n")
    }
}

import ArgumentParser
import Documents
import Foundation

/// The two languages in which the program speaks to people.
enum Language: String, ExpressibleByArgument, CaseIterable {
    case en
    case zh

    /// From `LC_ALL`, `LC_MESSAGES`, `LANG`, the first that is set; English unless it names Chinese.
    static let ofEnvironment: Language = {
        let environment = ProcessInfo.processInfo.environment
        let value = ["LC_ALL", "LC_MESSAGES", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        return value?.lowercased().hasPrefix("zh") == true ? .zh : .en
    }()

    /// What `--lang` says, else the environment: for whatever must be said before the call is understood.
    static let ofCall: Language = {
        let words = CommandLine.arguments.dropFirst()
        for (word, next) in zip(words, words.dropFirst().map(Optional.some) + [nil]) {
            if word == "--lang", let language = next.flatMap(Language.init(rawValue:)) { return language }
            if word.hasPrefix("--lang="), let language = Language(rawValue: String(word.dropFirst(7))) {
                return language
            }
        }
        return ofEnvironment
    }()

    func callAsFunction(_ en: String, _ zh: String) -> String { self == .zh ? zh : en }
    func callAsFunction(_ message: Message) -> String { self == .zh ? message.zh : message.en }
}

/// Help texts in the language of the environment: they are made before `--lang` is read.
func words(_ en: String, _ zh: String) -> String { Language.ofEnvironment(en, zh) }
func help(_ en: String, _ zh: String) -> ArgumentHelp { ArgumentHelp(words(en, zh)) }

extension ValidationError {
    /// What is wrong in the call, in the caller's language.
    init(_ message: Message) { self.init(Language.ofCall(message)) }
}

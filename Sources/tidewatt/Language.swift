import ArgumentParser
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

    func callAsFunction(_ en: String, _ zh: String) -> String { self == .zh ? zh : en }
}

/// Help texts in the language of the environment: they are made before `--lang` is read.
func words(_ en: String, _ zh: String) -> String { Language.ofEnvironment(en, zh) }
func help(_ en: String, _ zh: String) -> ArgumentHelp { ArgumentHelp(words(en, zh)) }

import Documents
import Foundation
import Rulebook

/// Everywhere a rule is asked for, the id of a built-in pack and the name of a file are both accepted.
enum RuleFiles {
    static func tariff(_ idOrFile: String) throws -> Tariff {
        if let tariff = RulePacks.builtIn.tariff(idOrFile) { return tariff }
        if !FileManager.default.fileExists(atPath: idOrFile), !idOrFile.hasSuffix(".yaml"), !idOrFile.hasSuffix(".yml")
        {
            let ids = RulePacks.builtIn.tariffs.map(\.id).joined(separator: ", ")
            throw Refusal(.tariffUnknown(idOrFile, ids: ids))
        }
        return try Tariff.read(FileAccess.read(idOrFile), file: idOrFile)
    }

    static func programme(_ id: String) throws -> Programme {
        if let programme = RulePacks.builtIn.programme(id) { return programme }
        let ids = RulePacks.builtIn.programmes.map(\.id).joined(separator: ", ")
        throw Refusal(.callUnknown(id, ids: ids))
    }
}

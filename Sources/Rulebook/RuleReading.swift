import Documents
import Quantities

/// The words that all rule files share.
extension YAMLNode {
    func required(_ key: String, _ what: Message, into problems: inout ProblemList) -> YAMLNode? {
        if let node = self[key] { return node }
        problems.add(problem(.missing(key, what)))
        return nil
    }

    /// A decimal that stays exact. A number that YAML would read as binary is the same text here, so quotes are not needed.
    func requireDecimal(_ what: Message, into problems: inout ProblemList) -> Rational? {
        if let decimal { return decimal }
        problems.add(problem(.notADecimal(what, shown)))
        return nil
    }

    /// A decimal, or `unknown` as `.some(nil)`; `nil` when it is neither.
    func decimalOrUnknown(_ what: String, into problems: inout ProblemList) -> Rational?? {
        if text == "unknown" { return .some(nil) }
        if let decimal { return .some(decimal) }
        problems.add(problem(.notADecimalOrUnknown(what, shown)))
        return nil
    }

    func requireDay(_ what: String, into problems: inout ProblemList) -> CivilDay? {
        if let civilDay { return civilDay }
        problems.add(problem(.notACivilDay(what, shown)))
        return nil
    }

    func requireText(_ what: String, into problems: inout ProblemList) -> String? {
        if let text, !text.isEmpty { return text }
        problems.add(problem(.textNeeded(what)))
        return nil
    }

    /// One of an enumeration's words.
    func requireWord<Word: RawRepresentable & CaseIterable>(
        _ what: String, _: Word.Type = Word.self, into problems: inout ProblemList
    ) -> Word? where Word.RawValue == String {
        if let word = text.flatMap(Word.init(rawValue:)) { return word }
        let allowed = Word.allCases.map(\.rawValue).joined(separator: ", ")
        problems.add(problem(.wordUnknown(what, shown, allowed: allowed)))
        return nil
    }

    func requireItems(_ what: String, into problems: inout ProblemList) -> [YAMLNode]? {
        if let sequence { return sequence }
        problems.add(problem(.listNeeded(what)))
        return nil
    }

    /// `{zh: …, en: …}`.
    func requireName(into problems: inout ProblemList) -> LocalizedText? {
        checkKeys(allowed: ["zh", "en"], into: &problems)
        guard let zh = self["zh"]?.text, let en = self["en"]?.text else {
            if mapping != nil { problems.add(problem(.nameIncomplete)) }
            return nil
        }
        return LocalizedText(zh: zh, en: en)
    }

    /// `{document: …, clause: …, mark: …, note: …}`.
    func requireSource(into problems: inout ProblemList) -> Source? {
        checkKeys(allowed: ["document", "clause", "mark", "note"], into: &problems)
        guard mapping != nil,
            let markNode = required("mark", .words("how far the source can be trusted", "来源的可信度"), into: &problems),
            let mark = markNode.requireWord("mark", RuleMark.self, into: &problems)
        else { return nil }
        return Source(
            document: self["document"]?.text, clause: self["clause"]?.text, mark: mark, note: self["note"]?.text)
    }

    /// The node as it is quoted in a complaint.
    var shown: String {
        switch kind {
        case .scalar(let text, _): return text.count > 40 ? String(text.prefix(40)) + "…" : text
        case .sequence: return "(a list)"
        case .mapping: return "(a mapping)"
        }
    }
}

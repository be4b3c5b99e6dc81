public import Documents

/// How far a number of a rule can be trusted.
public enum RuleMark: String, Hashable, Sendable, CaseIterable {
    /// Read in the text of the document.
    case sure
    /// Reported by somebody who says to have read it.
    case secondary
    /// Concluded from other facts.
    case inferred
    case unknown
}

/// Where a rule comes from.
public struct Source: Hashable, Sendable {
    /// Document number with its full prefix, as `黔发改价格〔2023〕481号`: the bare number is not unique.
    public let document: String?
    public let clause: String?
    public let mark: RuleMark
    /// What a reader must know before relying on it.
    public let note: String?

    public init(document: String?, clause: String? = nil, mark: RuleMark, note: String? = nil) {
        self.document = document
        self.clause = clause
        self.mark = mark
        self.note = note
    }

    public var json: JSONValue {
        [
            "document": .string(orNull: document), "clause": .string(orNull: clause),
            "mark": .string(mark.rawValue), "note": .string(orNull: note),
        ]
    }
}

/// A name in the two languages of the product.
public struct LocalizedText: Hashable, Sendable {
    public let zh: String
    public let en: String
    public init(zh: String, en: String) {
        self.zh = zh
        self.en = en
    }

    public var json: JSONValue { ["zh": .string(zh), "en": .string(en)] }
}

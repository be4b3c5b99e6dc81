/// A closed list of words in the standard, an open one in the field: unknown words are kept as they came.
public protocol WireEnumeration: Equatable, Sendable, CaseIterable where AllCases == [Self] {
    /// The standard's words, in the order of `allCases`.
    static var words: [StaticString] { get }
    /// How many of them, from the first on, 2.0.1 has; the rest came with 2.1.
    static var wordsOf201: Int { get }
    /// The standard's word, or the unknown one.
    var name: String { get }
    static func unrecognized(_ name: String) -> Self
}

extension WireEnumeration {
    public static var wordsOf201: Int { .max }

    public init(_ name: String) {
        let i = Self.words.firstIndex { word in word.withUTF8Buffer { name.utf8.elementsEqual($0) } }
        self = i.map { Self.allCases[$0] } ?? .unrecognized(name)
    }
}

public import Quantities
internal import Yams

/// One value of a YAML file with its place.
public struct YAMLNode: Sendable {
    public enum Kind: Sendable {
        /// As written, without quotes; `plain` when there were none.
        case scalar(String, plain: Bool)
        case sequence([YAMLNode])
        /// In the file's order; keys are scalars.
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }
    public let file: String
    /// 1-based.
    public let line: Int
    /// 1-based, in characters.
    public let column: Int
    public let kind: Kind

    public init(file: String, line: Int, column: Int, kind: Kind) {
        self.file = file
        self.line = line
        self.column = column
        self.kind = kind
    }

    /// The value of `key`; `nil` when this is no mapping, has no such key, or the value is null.
    public subscript(_ key: String) -> YAMLNode? {
        guard case .mapping(let pairs) = kind, let pair = pairs.first(where: { $0.key.text == key }) else { return nil }
        return pair.value.isNull ? nil : pair.value
    }

    /// The scalar as written; `nil` for collections.
    public var text: String? {
        if case .scalar(let text, _) = kind { return text }
        return nil
    }
    public var sequence: [YAMLNode]? {
        if case .sequence(let items) = kind { return items }
        return nil
    }
    public var mapping: [(key: YAMLNode, value: YAMLNode)]? {
        if case .mapping(let pairs) = kind { return pairs }
        return nil
    }
    /// The keys of a mapping, else nothing.
    public var keys: [YAMLNode] { mapping?.map(\.key) ?? [] }

    /// `null`, `~` or nothing, unquoted.
    public var isNull: Bool {
        if case .scalar(let text, plain: true) = kind { return ["", "~", "null", "Null", "NULL"].contains(text) }
        return false
    }

    /// A plain decimal, quoted or not; exact.
    public var decimal: Rational? { text.flatMap(Rational.init(decimal:)) }
    public var integer: Int? { text.flatMap { Int($0) } }
    /// `true` or `false`, unquoted.
    public var boolean: Bool? {
        if case .scalar(let text, plain: true) = kind { return ["true": true, "false": false][text] }
        return nil
    }
    public var civilDay: CivilDay? { text.flatMap { CivilDay($0) } }

    public func problem(_ message: Message) -> Problem {
        Problem(file: file, line: line, column: column, message: message)
    }

    /// Reports this node when it is no mapping, and every key of it that is not in `allowed`.
    public func checkKeys(allowed: [String], into problems: inout ProblemList) {
        guard let mapping else {
            problems.add(problem(.mappingExpected(keys: allowed.joined(separator: ", "))))
            return
        }
        for (key, _) in mapping where !allowed.contains(key.text ?? "") {
            problems.add(
                key.problem(.unknownKey(key.text ?? "(not text)", allowed: allowed.joined(separator: ", "))))
        }
    }
}

extension YAMLNode {
    /// `nil` when the budget of nodes is spent.
    init?(_ node: Node, file: String, budget: inout Int) {
        budget -= 1
        guard budget >= 0 else { return nil }
        let mark = node.mark
        let kind: Kind
        switch node {
        case .scalar(let scalar):
            let plain = scalar.style == .plain || scalar.style == .any
            kind = .scalar(scalar.string, plain: plain)
        case .sequence(let sequence):
            var items: [YAMLNode] = []
            items.reserveCapacity(sequence.count)
            for item in sequence {
                guard let item = YAMLNode(item, file: file, budget: &budget) else { return nil }
                items.append(item)
            }
            kind = .sequence(items)
        case .mapping(let mapping):
            var pairs: [(key: YAMLNode, value: YAMLNode)] = []
            pairs.reserveCapacity(mapping.count)
            for (key, value) in mapping {
                guard let key = YAMLNode(key, file: file, budget: &budget),
                    let value = YAMLNode(value, file: file, budget: &budget)
                else { return nil }
                pairs.append((key, value))
            }
            kind = .mapping(pairs)
        case .alias:
            // The composer resolves aliases; one that is left has no value.
            kind = .scalar("", plain: true)
        }
        self.init(file: file, line: mark?.line ?? 0, column: mark?.column ?? 0, kind: kind)
    }
}

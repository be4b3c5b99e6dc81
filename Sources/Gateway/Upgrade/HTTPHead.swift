/// The head of an HTTP/1.1 message: start line and fields, names in lower case, in their order (RFC 9112).
package struct HTTPHead: Hashable, Sendable {
    package let startLine: String
    package let fields: [(name: String, value: String)]

    package static func == (a: HTTPHead, b: HTTPHead) -> Bool {
        a.startLine == b.startLine && a.fields.elementsEqual(b.fields, by: ==)
    }
    package func hash(into hasher: inout Hasher) { hasher.combine(startLine) }

    package enum Reading: Hashable, Sendable {
        case needsMore
        case head(HTTPHead, consumed: Int)
        case broken(String)
    }

    /// - Parameter limit: a head that does not end within this many bytes is broken.
    package static func read(_ bytes: RawSpan, limit: Int) -> Reading {
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        for offset in 0..<min(bytes.byteCount, limit) {
            let byte = bytes[at: offset]
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            guard line.popLast() == UInt8(ascii: "\r") else { return .broken("a line does not end with CR LF") }
            if line.isEmpty { return head(of: lines, consumed: offset + 1) }
            lines.append(line)
            line = []
        }
        return bytes.byteCount < limit ? .needsMore : .broken("a head longer than \(limit) bytes")
    }

    private static func head(of lines: [[UInt8]], consumed: Int) -> Reading {
        guard let first = lines.first else { return .broken("no start line") }
        var fields: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else {
                return .broken("a header line without name")
            }
            let name = line[..<colon]
            guard name.allSatisfy(isTokenCharacter) else { return .broken("a header name with a forbidden character") }
            var value = line[(colon + 1)...]
            while let byte = value.first, isBlank(byte) { value.removeFirst() }
            while let byte = value.last, isBlank(byte) { value.removeLast() }
            guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                return .broken("a control character in a header")
            }
            fields.append((String(decoding: name, as: UTF8.self).lowercased(), String(decoding: value, as: UTF8.self)))
        }
        return .head(HTTPHead(startLine: String(decoding: first, as: UTF8.self), fields: fields), consumed: consumed)
    }

    /// The value of a field that may stand only once; `nil` when it is missing or repeated.
    package func single(_ name: String) -> String? {
        let values = fields.lazy.filter { $0.name == name }
        return values.count == 1 ? values.first?.value : nil
    }

    /// The elements of a list field, over all of its lines, in order (RFC 9110 §5.6.1).
    package func list(_ name: String) -> [String] {
        fields.lazy.filter { $0.name == name }.flatMap { field in
            field.value.split(separator: ",").map { $0.trimmed }.filter { !$0.isEmpty }
        }
    }
    package func contains(_ token: String, in name: String) -> Bool {
        list(name).contains { $0.lowercased() == token }
    }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

/// RFC 9110 §5.6.2.
private func isTokenCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}

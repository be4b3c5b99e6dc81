/// The first file of a form that comes as `multipart/form-data` (RFC 7578): some stations send a log like a browser does.
/// Takes pieces, gives the file's bytes; holds no more than a delimiter and the head of a part.
struct FormBoundary: Sendable {
    private enum Place { case preamble, head, body, after }
    private let delimiter: [UInt8]
    private var place = Place.preamble
    private var held: [UInt8] = []
    /// The end of the part was seen: what was cut off is no file.
    var isWhole: Bool { place == .after }
    private static let longestHead = 16_384

    /// - Returns: `nil` when `type` is none of a form.
    init?(_ type: String) {
        let parts = type.split(separator: ";")
        guard parts.first?.lowercased().filter({ $0 != " " }) == "multipart/form-data" else { return nil }
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].filter({ $0 != " " }).lowercased() == "boundary" else { continue }
            let boundary = pair[1].filter { $0 != "\"" && $0 != " " }
            guard (1...70).contains(boundary.utf8.count) else { return nil }
            delimiter = Array("\r\n--\(boundary)".utf8)
            // The first delimiter may stand at the very beginning.
            held = Array("\r\n".utf8)
            return
        }
        return nil
    }

    mutating func take(_ piece: [UInt8]) -> [UInt8] {
        held += piece
        var file: [UInt8] = []
        while true {
            switch place {
            case .preamble:
                guard let at = find(delimiter) else {
                    keepLast(delimiter.count)
                    return file
                }
                held.removeFirst(at + delimiter.count)
                place = .head
            case .head:
                guard let at = find(Array("\r\n\r\n".utf8)) else {
                    if held.count > Self.longestHead { held.removeAll() }
                    return file
                }
                let head = String(decoding: held[..<at], as: UTF8.self).lowercased()
                held.removeFirst(at + 4)
                // A field beside the file is passed over.
                place = head.contains("filename") ? .body : .preamble
            case .body:
                if let at = find(delimiter) {
                    file += held[..<at]
                    place = .after
                } else {
                    let safe = max(0, held.count - delimiter.count)
                    file += held[..<safe]
                    held.removeFirst(safe)
                    return file
                }
            case .after:
                held.removeAll()
                return file
            }
        }
    }

    private mutating func keepLast(_ count: Int) {
        if held.count > count { held.removeFirst(held.count - count) }
    }

    private func find(_ wanted: [UInt8]) -> Int? {
        guard held.count >= wanted.count else { return nil }
        let first = wanted[0]
        var i = 0
        while i <= held.count - wanted.count {
            if held[i] == first, held[i..<(i + wanted.count)].elementsEqual(wanted) { return i }
            i += 1
        }
        return nil
    }
}

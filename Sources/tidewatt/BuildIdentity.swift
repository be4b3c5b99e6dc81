import Foundation

/// What a bug report names: the version of the changelog and the build itself.
enum BuildIdentity {
    /// The newest heading of CHANGELOG.md; `Tests/python/test_commands.py` compares them.
    static let version = "Unreleased"

    static var text: String {
        "tidewatt \(version) (build \(buildID(of: "/proc/self/exe")?.prefix(12) ?? "without an id"))"
    }

    /// The linker's `NT_GNU_BUILD_ID`, hexadecimal: the same for the same inputs of the build. `nil` where there is none.
    static func buildID(of path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        // A 64-bit little-endian ELF file: its program headers lie right behind the file header.
        guard let head = bytes(file, at: 0, count: 64), head.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else {
            return nil
        }
        let (table, size, count) = (number(head, 32, 8), number(head, 54, 2), number(head, 56, 2))
        guard size >= 56 else { return nil }
        for index in 0..<count {
            guard let entry = bytes(file, at: table + index * size, count: 56) else { return nil }
            let noteSegment = 4
            guard number(entry, 0, 4) == noteSegment else { continue }
            let length = min(number(entry, 32, 8), 65_536)
            guard let notes = bytes(file, at: number(entry, 8, 8), count: length) else { continue }
            if let id = buildID(in: notes) { return id }
        }
        return nil
    }

    /// Notes follow each other: sizes of name and content, kind, name, content, both padded to four bytes.
    private static func buildID(in notes: [UInt8]) -> String? {
        let buildIDKind = 3
        var at = 0
        while at + 12 <= notes.count {
            let (name, content, kind) = (number(notes, at, 4), number(notes, at + 4, 4), number(notes, at + 8, 4))
            let nameStart = at + 12
            let contentStart = nameStart + (name + 3) / 4 * 4
            guard contentStart + content <= notes.count else { return nil }
            if kind == buildIDKind, notes[nameStart..<nameStart + name].starts(with: Array("GNU".utf8)) {
                return notes[contentStart..<contentStart + content].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                    .joined()
            }
            at = contentStart + (content + 3) / 4 * 4
        }
        return nil
    }

    private static func bytes(_ file: FileHandle, at offset: Int, count: Int) -> [UInt8]? {
        guard offset >= 0, (try? file.seek(toOffset: UInt64(offset))) != nil,
            let data = try? file.read(upToCount: count), data.count == count
        else { return nil }
        return Array(data)
    }

    /// Little-endian; what does not fit an `Int` is far beyond any file and reads as the largest.
    private static func number(_ bytes: [UInt8], _ at: Int, _ count: Int) -> Int {
        Int(clamping: bytes[at..<at + count].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}

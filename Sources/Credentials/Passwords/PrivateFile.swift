import Foundation

/// Files that only their owner may read.
public enum PrivateFile {
    /// - Returns: `nil` when there is no such file.
    /// - Throws: ``CredentialFault`` when it cannot be read, or when others may read it.
    public static func read(_ path: String) throws(CredentialFault) -> [UInt8]? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw CredentialFault("\(path) cannot be read: \(systemText(errno))")
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else {
            throw CredentialFault("\(path) cannot be read: \(systemText(errno))")
        }
        guard facts.st_mode & 0o077 == 0 else {
            throw CredentialFault("\(path) may be read by others. Say: chmod 600 \(path)")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw CredentialFault("\(path) cannot be read: \(systemText(errno))") }
            if count == 0 { return bytes }
            bytes += chunk.prefix(count)
        }
    }

    /// Writes a new file that is whole or not there: beside its place first, then moved there, both on the disk.
    /// - Throws: ``CredentialFault``, also when `path` exists already.
    public static func create(_ path: String, _ bytes: [UInt8]) throws(CredentialFault) {
        let draft = "\(path).\(Hexadecimal.encode(RandomBytes.make(6)))"
        try write(draft, bytes)
        defer { unlink(draft) }
        // A link, unlike a rename, does not replace what another process has put there meanwhile.
        guard link(draft, path) == 0 else { throw CredentialFault("\(path) cannot be made: \(systemText(errno))") }
        try syncFolder(of: path)
    }

    /// Replaces `path` in one step.
    public static func replace(_ path: String, _ bytes: [UInt8]) throws(CredentialFault) {
        let draft = "\(path).\(Hexadecimal.encode(RandomBytes.make(6)))"
        try write(draft, bytes)
        guard rename(draft, path) == 0 else {
            let fault = CredentialFault("\(path) cannot be written: \(systemText(errno))")
            unlink(draft)
            throw fault
        }
        try syncFolder(of: path)
    }

    private static func write(_ path: String, _ bytes: [UInt8]) throws(CredentialFault) {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CredentialFault("\(path) cannot be made: \(systemText(errno))") }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw CredentialFault("\(path) cannot be written: \(systemText(errno))") }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw CredentialFault("\(path) cannot be written: \(systemText(errno))") }
    }

    private static func syncFolder(of path: String) throws(CredentialFault) {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let descriptor = Glibc.open(folder.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CredentialFault("\(folder) cannot be read: \(systemText(errno))") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw CredentialFault("\(folder): \(systemText(errno))") }
    }

    private static func systemText(_ number: Int32) -> String { String(cString: strerror(number)) }
}

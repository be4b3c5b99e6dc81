public import Credentials
import Foundation

/// Certificates of stations with their keys, one file a station (`IDENTITY.pem`, mode 0600): what was issued to a station is
/// there when it is switched on again.
public struct StationFolder: Sendable {
    /// A certificate with what leads to a root, and its key.
    public struct Entry: Sendable {
        public let chain: [StationCertificate]
        public let key: StationKey
    }

    private let path: String

    /// - Throws: ``CredentialFault`` when the folder is not there and cannot be made.
    public init(_ path: String) throws(CredentialFault) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CredentialFault("\(path) cannot be made: \(error.localizedDescription)")
        }
    }

    /// Characters that mean something to a file system are percent-encoded.
    public func file(of identity: String) -> String {
        path + "/" + StationEndpoint(host: "", port: 0, path: "").target(of: identity).dropFirst() + ".pem"
    }

    /// - Returns: `nil` when the station has none.
    /// - Throws: ``CredentialFault`` when its file cannot be read, may be read by others, or is of another key.
    public func entry(of identity: String) throws(CredentialFault) -> Entry? {
        let file = file(of: identity)
        guard let bytes = try PrivateFile.read(file) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let chain: [StationCertificate]
        let key: StationKey
        do throws(CredentialFault) {
            chain = try StationCertificate.chain(pem: text)
            key = try StationKey(pem: text)
        } catch {
            throw CredentialFault("\(file): \(error)")
        }
        guard key.fits(chain[0]) else { throw CredentialFault("\(file): the key is not that of \(chain[0].subject)") }
        return Entry(chain: chain, key: key)
    }

    func keep(_ chain: [StationCertificate], _ key: StationKey, of identity: String) throws(CredentialFault) {
        try PrivateFile.replace(
            file(of: identity), Array((chain.map(\.pem).joined() + (try key.pem())).utf8))
    }
}

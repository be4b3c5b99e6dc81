/// Names a token in the audit without telling it: the same card has the same mark in one installation, and who does not know
/// the installation's key cannot try all card numbers (there are few) against it.
public struct TokenMarker: Sendable {
    private let digest: @Sendable ([UInt8]) -> [UInt8]

    /// - Parameter digest: keyed, the same at every start of one installation. Its first five bytes are shown.
    public init(digest: @escaping @Sendable ([UInt8]) -> [UInt8]) { self.digest = digest }

    /// `#` and two hexadecimal digits a byte; the case of ASCII letters does not count, as in ``Core/key(_:)``.
    public func mark(of token: String) -> String {
        digest(Array(Core.key(token).utf8)).prefix(5).reduce(into: "#") { text, byte in
            text += (byte < 0x10 ? "0" : "") + String(byte, radix: 16)
        }
    }
}

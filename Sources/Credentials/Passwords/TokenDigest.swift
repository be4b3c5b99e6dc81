import CCrypto

extension DigestSecret {
    /// The keyed function behind the marks by which the audit names tokens (`#` and ten digits): SipHash-2-4 (Aumasson and
    /// Bernstein, 2012) of system libcrypto under a key that follows from this secret and from which the secret does not.
    /// - Returns: a function to 8 bytes, most significant first: marks in audits are its first five.
    /// - Throws: ``CredentialFault`` when this machine's libcrypto leaves SipHash out, as FIPS builds do.
    public func tokenDigest() throws(CredentialFault) -> @Sendable ([UInt8]) -> [UInt8] {
        // The key is two numbers, most significant byte first; the function takes its least significant first.
        let bytes = digest(of: Array("audit-token-mark".utf8))
        let key = Array(bytes[0..<8].reversed() + bytes[8..<16].reversed())
        guard SipHash.digest([], under: key) != nil else {
            throw CredentialFault("libcrypto has no SipHash, which names tokens in the audit; use its default provider")
        }
        return { text in
            guard let digest = SipHash.digest(text, under: key) else { preconditionFailure("libcrypto lost SipHash") }
            return digest.reversed()
        }
    }
}

enum SipHash {
    /// SipHash-2-4 of `bytes` as its authors' reference implementation writes it, least significant byte first; `nil` when
    /// libcrypto cannot.
    static func digest(_ bytes: [UInt8], under key: [UInt8]) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: 8)
        var size = digest.count
        let done = withUnsafeMutablePointer(to: &size) { size in
            sizeName.withUTF8Buffer { name in
                name.withMemoryRebound(to: CChar.self) { name in
                    // The parameter keeps both pointers, so that they must live until the digest is made.
                    let parameters = [
                        OSSL_PARAM_construct_size_t(name.baseAddress, size), OSSL_PARAM_construct_end(),
                    ]
                    return EVP_Q_mac(
                        nil, "SIPHASH", nil, nil, parameters, key, key.count, bytes, bytes.count, &digest,
                        digest.count, nil)
                }
            }
        }
        return done == nil ? nil : digest
    }

    /// `OSSL_MAC_PARAM_SIZE`, as text that stays where it is.
    private static let sizeName: StaticString = "size"
}

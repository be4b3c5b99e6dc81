import CCrypto

/// Which certificate a status is asked of, as OCSP names it (RFC 6960 §4.1.1): digests of its issuer's name and key, and its
/// number.
public struct OCSPCertificateID: Hashable, Sendable {
    /// `CertID` in DER.
    let der: [UInt8]

    /// From the words of OCPP (2.0.1 `OCSPRequestDataType`).
    /// - Parameters:
    ///   - algorithm: `SHA256`, `SHA384` or `SHA512`.
    ///   - issuerNameHash: hexadecimal, as ``issuerKeyHash``.
    ///   - serialNumber: hexadecimal, with or without leading zeros.
    /// - Returns: `nil` when one of them is none.
    public init?(algorithm: String, issuerNameHash: String, issuerKeyHash: String, serialNumber: String) {
        guard let (arc, length) = Self.digests[algorithm.uppercased()],
            let name = Hexadecimal.decode(issuerNameHash.utf8),
            let key = Hexadecimal.decode(issuerKeyHash.utf8), name.count == length, key.count == length,
            let number = Self.integer(serialNumber)
        else { return nil }
        let kind = Self.element(0x30, Self.element(0x06, Self.digestArc + [arc]) + [0x05, 0x00])
        der = Self.element(
            0x30, kind + Self.element(0x04, name) + Self.element(0x04, key) + Self.element(0x02, number))
    }

    /// Of one certificate and its issuer.
    public init(of certificate: StationCertificate, issuer: StationCertificate) throws(CredentialFault) {
        let hash = try CertificateHash(of: certificate, issuer: issuer)
        guard
            let id = OCSPCertificateID(
                algorithm: hash.hashAlgorithm, issuerNameHash: hash.issuerNameHash,
                issuerKeyHash: hash.issuerKeyHash, serialNumber: hash.serialNumber)
        else { throw CredentialFault("\(certificate.subject) has a number that no certificate may have") }
        self = id
    }

    /// A request in DER that may be answered from a cache: without a nonce (RFC 5019).
    public func request() throws(CredentialFault) -> [UInt8] {
        guard let request = OCSP_REQUEST_new() else { throw CredentialFault("libcrypto makes no OCSP request") }
        defer { OCSP_REQUEST_free(request) }
        let id = try parsed()
        // From here on it belongs to the request.
        guard OCSP_request_add0_id(request, id) != nil else {
            OCSP_CERTID_free(id)
            throw CredentialFault("libcrypto does not take this certificate into an OCSP request")
        }
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_OCSP_REQUEST(request, &bytes)
        guard count > 0, let bytes else { throw CredentialFault("libcrypto writes no OCSP request") }
        defer { CRYPTO_free(bytes, nil, 0) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }

    /// For libcrypto; the caller frees it.
    func parsed() throws(CredentialFault) -> OpaquePointer {
        let id = der.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return d2i_OCSP_CERTID(nil, &start, buffer.count)
        }
        guard let id else { throw CredentialFault("libcrypto does not read this name of a certificate") }
        return id
    }

    // MARK: - DER

    /// 2.16.840.1.101.3.4.2, the digests of NIST.
    private static let digestArc: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02]
    private static let digests: [String: (arc: UInt8, length: Int)] = [
        "SHA256": (1, 32), "SHA384": (2, 48), "SHA512": (3, 64),
    ]

    /// Contents here are shorter than 64 kB.
    private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        if count < 0x80 { return [tag, UInt8(count)] + content }
        if count < 0x100 { return [tag, 0x81, UInt8(count)] + content }
        return [tag, 0x82, UInt8(count >> 8), UInt8(count & 0xFF)] + content
    }

    /// Positive, with as few bytes as it needs.
    private static func integer(_ hexadecimal: String) -> [UInt8]? {
        let digits = hexadecimal.drop { $0 == "0" }
        guard digits.utf8.count <= 40 else { return nil }
        let even = (digits.utf8.count % 2 == 0 ? "" : "0") + digits
        guard var bytes = Hexadecimal.decode(even.utf8) else { return nil }
        if bytes.isEmpty { bytes = [0] }
        return bytes[0] >= 0x80 ? [0] + bytes : bytes
    }
}

import CCrypto
public import Quantities

/// What a responder says of one certificate, checked: its signature leads to one of our roots, it is about this certificate,
/// and it is neither too old nor of the future (RFC 6960 §3.2).
public struct OCSPAnswer: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable {
        case good = "Good"
        case revoked = "Revoked"
        case unknown = "Unknown"
    }
    public let status: Status
    /// Until when it may be relied on; the responder gave none: its own instant, so that it is asked each time.
    public let nextUpdate: Instant
    /// The response in DER, as it came.
    public let der: [UInt8]

    /// - Parameters:
    ///   - roots: to which the responder's certificate must lead; an intermediate authority among them is trusted as it is.
    ///   - others: what may lead there, such as the rest of a chain.
    /// - Throws: ``CredentialFault`` that says what is wrong.
    public init(
        _ der: [UInt8], of id: OCSPCertificateID, roots: [StationCertificate], others: [StationCertificate] = [],
        at now: Instant
    ) throws(CredentialFault) {
        let response = der.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return d2i_OCSP_RESPONSE(nil, &start, buffer.count)
        }
        guard let response else { throw CredentialFault("this is no OCSP response") }
        defer { OCSP_RESPONSE_free(response) }
        let code = OCSP_response_status(response)
        guard code == OCSP_RESPONSE_STATUS_SUCCESSFUL else {
            throw CredentialFault("the OCSP responder refuses: status \(code)")
        }
        guard let basic = OCSP_response_get1_basic(response) else {
            throw CredentialFault("the OCSP response is of an unknown kind")
        }
        defer { OCSP_BASICRESP_free(basic) }
        try Self.verify(basic, roots, others, at: now)

        let wanted = try id.parsed()
        defer { OCSP_CERTID_free(wanted) }
        var (status, reason): (Int32, Int32) = (0, 0)
        var revoked: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        var this: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        var next: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        guard OCSP_resp_find_status(basic, wanted, &status, &reason, &revoked, &this, &next) == 1 else {
            throw CredentialFault("the OCSP response says nothing of this certificate")
        }
        guard let this = Self.instant(this), this <= now + Self.clockAllowance else {
            throw CredentialFault("the OCSP response is of the future; mind the clocks")
        }
        let end = Self.instant(next)
        guard (end ?? this + .days(1)) >= now - Self.clockAllowance else {
            throw CredentialFault("the OCSP response is too old")
        }
        self.status =
            switch status {
            case V_OCSP_CERTSTATUS_GOOD: .good
            case V_OCSP_CERTSTATUS_REVOKED: .revoked
            default: .unknown
            }
        nextUpdate = end ?? this
        self.der = der
    }

    private static func verify(
        _ basic: OpaquePointer, _ roots: [StationCertificate], _ others: [StationCertificate], at now: Instant
    ) throws(CredentialFault) {
        guard let store = X509_STORE_new() else { throw CredentialFault("libcrypto makes no certificate store") }
        defer { X509_STORE_free(store) }
        for root in roots {
            guard let parsed = x509(root) else { continue }
            X509_STORE_add_cert(store, parsed)
            X509_free(parsed)
        }
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), Int(now.milliseconds / 1000))
        let stack = OPENSSL_sk_new_null()
        var held: [OpaquePointer] = []
        for other in others {
            guard let parsed = x509(other) else { continue }
            held.append(parsed)
            OPENSSL_sk_push(stack, UnsafeRawPointer(parsed))
        }
        defer {
            OPENSSL_sk_free(stack)
            for one in held { X509_free(one) }
        }
        guard OCSP_basic_verify(basic, stack, store, 0) == 1 else {
            ERR_clear_error()
            throw CredentialFault("the OCSP response is not signed by anybody whom we trust with it")
        }
    }

    private static func x509(_ certificate: StationCertificate) -> OpaquePointer? {
        certificate.der.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return d2i_X509(nil, &start, buffer.count)
        }
    }

    /// `YYYYMMDDhhmmssZ` (RFC 6960 §2.4: seconds, no fractions, UTC).
    private static func instant(_ time: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?) -> Instant? {
        guard let time, time.pointee.length == 15, let data = time.pointee.data else { return nil }
        let text = String(decoding: UnsafeBufferPointer(start: data, count: 15), as: UTF8.self)
        guard text.hasSuffix("Z") else { return nil }
        let digits = Array(text)
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return Instant(
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(8..<10)):\(part(10..<12)):\(part(12..<14))Z")
    }

    /// Responders' clocks and ours.
    private static let clockAllowance: Duration = .minutes(5)
}

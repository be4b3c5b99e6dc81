import Credentials
import Gateway
import Operations

/// May a station come in on this way? Judged before the WebSocket exists, by what is known of it and how it proves itself.
struct StationAdmission: Sendable {
    let passwords: PasswordChecker
    /// The operator's name, which a station's certificate carries as O (2.0.1 A00.FR.404). `nil`: any.
    let organization: String?
    /// Stations whose certificate may be over, so that they can ask for a new one (A00.FR.429).
    let mayBeExpired: Set<String>

    /// - Parameter reply: called once, now or later, on any thread.
    func judge(
        _ request: UpgradeRequest, _ known: Core.Admission, profile: Int,
        reply: @escaping @Sendable (UpgradeDecision) -> Void
    ) {
        if case .unknown = known { return reply(.notFound) }
        if let certificate = request.certificate, let refusal = fault(of: certificate, request.identity) {
            return reply(.forbidden(refusal))
        }
        guard request.securityProfile >= profile else {
            // Without credentials the usual answer makes a station send them.
            if request.securityProfile == 0, profile == 1 || (profile == 2 && request.isEncrypted) {
                return reply(.unauthorized)
            }
            return reply(
                .forbidden(
                    "\(request.identity) is set to security profile \(profile) and may not come with "
                        + "\(request.securityProfile); change the station's configuration, or its security_profile here"
                ))
        }
        // The certificate has proved who it is.
        if request.certificate != nil { return reply(.accept) }
        guard case .password(let digest) = known else {
            // A profile with a password is not fulfilled by a station that has none.
            return reply(profile == 0 ? .accept : .unauthorized)
        }
        guard let basic = request.basic, basic.user == request.identity else { return reply(.unauthorized) }
        passwords.check(identity: request.identity, presented: basic.password, stored: digest) { verdict in
            switch verdict {
            case .right: reply(.accept)
            case .wrong: reply(.unauthorized)
            case .busy: reply(.unavailable(retryAfterSeconds: 10))
            case .unusable(let fault): reply(.forbidden(fault.description))
            }
        }
    }

    /// 2.0.1 A00.FR.403–405: a certificate of another station of the same authority is none of this one's.
    private func fault(of certificate: PeerCertificate, _ identity: String) -> String? {
        guard certificate.commonName == identity else {
            return "the certificate's common name is \(certificate.commonName ?? "missing"), but the station says "
                + "\(identity)"
        }
        if let organization, certificate.organization != organization {
            return "the certificate's organization is \(certificate.organization ?? "missing"), not \(organization)"
        }
        if certificate.isExpired, !mayBeExpired.contains(identity) {
            return "the certificate ended at \(certificate.notAfter); give the station a new one, or name it in "
                + "tls.accept_expired until it has renewed"
        }
        return nil
    }
}

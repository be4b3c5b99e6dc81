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

    struct Judgement: Sendable {
        let decision: UpgradeDecision
        /// Kept form of the password that the station proved while it is being given another.
        var cameWith: String?
        /// Worth telling people, with the circumstances.
        var event: (SecurityEvent.Seen, String)?
    }

    /// - Parameter reply: called once, now or later, on any thread.
    func judge(
        _ request: UpgradeRequest, _ known: Core.Admission, profile: Int,
        reply: @escaping @Sendable (Judgement) -> Void
    ) {
        if let judgement = judgeWay(request, known, profile: profile) { return reply(judgement) }
        checkPassword(request, known, profile: profile, reply: reply)
    }

    /// Everything but the password; `nil` when that decides.
    private func judgeWay(_ request: UpgradeRequest, _ known: Core.Admission, profile: Int) -> Judgement? {
        if case .unknown = known { return Judgement(decision: .notFound) }
        if let certificate = request.certificate, let fault = fault(of: certificate, request.identity) {
            return Judgement(
                decision: .forbidden(fault.text),
                event: (.foreignCertificate, "\(fault.fact), from=\(request.remoteAddress)"))
        }
        guard request.securityProfile >= profile else {
            // Without credentials the usual answer makes a station send them.
            if request.securityProfile == 0, profile == 1 || (profile == 2 && request.isEncrypted) {
                return Judgement(decision: .unauthorized, event: Self.failed(request))
            }
            return Judgement(
                decision: .forbidden(
                    "\(request.identity) is set to security profile \(profile) and may not come with "
                        + "\(request.securityProfile); change the station's configuration, or its security_profile here"
                ),
                event: (
                    .weakerProfile,
                    "profile=\(request.securityProfile), required=\(profile), from=\(request.remoteAddress)"
                ))
        }
        // The certificate has proved who it is.
        return request.certificate == nil ? nil : Judgement(decision: .accept)
    }

    private func checkPassword(
        _ request: UpgradeRequest, _ known: Core.Admission, profile: Int,
        reply: @escaping @Sendable (Judgement) -> Void
    ) {
        let forms: [String]
        // A profile with a password is not fulfilled by a station that has none.
        var otherwise = UpgradeDecision.unauthorized
        let isChanging: Bool
        switch known {
        case .unknown, .open:
            return reply(
                profile == 0
                    ? Judgement(decision: .accept)
                    : Judgement(decision: .unauthorized, event: Self.failed(request)))
        case .password(let digest): (forms, isChanging) = ([digest], false)
        case .changing(let current, let undecided):
            (forms, isChanging) = (undecided + [current].compactMap { $0 }, true)
            if current == nil, profile == 0 { otherwise = .accept }
        }
        guard let basic = request.basic, basic.user == request.identity else {
            return reply(Self.judgement(otherwise, request))
        }
        check(request.identity, basic.password, forms[...]) { [otherwise] verdict, form in
            switch verdict {
            case .right: reply(Judgement(decision: .accept, cameWith: isChanging ? form : nil))
            case .wrong: reply(Self.judgement(otherwise, request))
            case .busy: reply(Judgement(decision: .unavailable(retryAfterSeconds: 10)))
            case .unusable(let fault): reply(Judgement(decision: .forbidden(fault.description)))
            }
        }
    }

    private static func judgement(_ decision: UpgradeDecision, _ request: UpgradeRequest) -> Judgement {
        Judgement(decision: decision, event: decision == .unauthorized ? failed(request) : nil)
    }

    /// Never what was presented: a typing error is nearly the password.
    private static func failed(_ request: UpgradeRequest) -> (SecurityEvent.Seen, String) {
        let reason =
            switch request.basic {
            case nil: "no-password"
            case let basic? where basic.user != request.identity: "other-name"
            case _?: "wrong-password"
            }
        return (.loginFailed, "reason=\(reason), from=\(request.remoteAddress)")
    }

    /// The first of `forms` that fits, else how the last one did not.
    private func check(
        _ identity: String, _ presented: [UInt8], _ forms: ArraySlice<String>,
        reply: @escaping @Sendable (PasswordChecker.Verdict, String) -> Void
    ) {
        guard let form = forms.first else { return reply(.wrong, "") }
        passwords.check(identity: identity, presented: presented, stored: form) { verdict in
            switch verdict {
            case .wrong where forms.count > 1, .unusable where forms.count > 1:
                check(identity, presented, forms.dropFirst(), reply: reply)
            default: reply(verdict, form)
            }
        }
    }

    /// 2.0.1 A00.FR.403–405: a certificate of another station of the same authority is none of this one's.
    /// - Returns: a sentence for the station's side, and the fact for the event.
    private func fault(of certificate: PeerCertificate, _ identity: String) -> (text: String, fact: String)? {
        guard certificate.commonName == identity else {
            let name = certificate.commonName
            return (
                "the certificate's common name is \(name ?? "missing"), but the station says \(identity)",
                "common_name=\(name ?? "null")"
            )
        }
        if let organization, certificate.organization != organization {
            let name = certificate.organization
            return (
                "the certificate's organization is \(name ?? "missing"), not \(organization)",
                "organization=\(name ?? "null")"
            )
        }
        if certificate.isExpired, !mayBeExpired.contains(identity) {
            return (
                "the certificate ended at \(certificate.notAfter); give the station a new one, or name it in "
                    + "tls.accept_expired until it has renewed", "not_after=\(certificate.notAfter)"
            )
        }
        return nil
    }
}

import Credentials
import OCPP
import Quantities

// Passwords, certificates and security events (1.6 security whitepaper; 2.0.1 blocks A and M03 to M05). Keys are made, and
// signatures judged, by whoever drives the station.
extension SimulatedChargePoint {
    // MARK: Password

    /// It is the new one from the next connection on, which it makes at once (A01).
    mutating func take(password: [UInt8]) {
        security.password = password
        note(.reconfigured, "password")
        guard security.profile != 3 else { return }
        deferred.removeAll { $0.what == .reconnect }
        schedule(.reconnect, after: .seconds(1))
    }

    /// The central system has said what time it is; a clock that was wrong is set.
    mutating func learnTime() {
        guard !security.hasTime else { return }
        security.hasTime = true
        let moved = settings.faults.wrongTime
        guard abs(moved.wholeMilliseconds / 1000) > max(5, configuration.number(.clockThreshold)) else { return }
        note(.timeSet, "by \(-moved.wholeMilliseconds / 1000) s")
    }

    // MARK: A certificate of its own

    /// Asks for one, with a new key.
    mutating func ask(for use: CertificateAuthority.StationUse, attempt: Int = 0) {
        let number = security.nextKey
        security.nextKey += 1
        security.signings.removeAll { $0.use == use }
        security.signings.append(.init(number: number, use: use, attempt: attempt))
        // Whatever becomes of it, it begins anew by itself no sooner than tomorrow.
        security.renewsFrom[use] = now + .days(1)
        actions.append(
            .makeRequest(
                number, commonName: settings.identity, organization: configuration.text(.organization)))
    }

    mutating func requestMade(_ number: Int, _ request: String?) {
        guard let i = security.signings.firstIndex(where: { $0.number == number }) else { return }
        guard let request else {
            security.signings.remove(at: i)
            return
        }
        guard link != nil, isAccepted else {
            security.signings[i].stage = .waiting(until: now)
            return
        }
        security.signings[i].stage = .asked
        security.signings[i].isSent = true
        call(.signCertificate(request, security.signings[i].use), .signing(number))
    }

    /// The central system has said whether it will sign.
    mutating func asked(_ number: Int, _ answer: [UInt8]?) {
        guard let i = security.signings.firstIndex(where: { $0.number == number }),
            security.signings[i].stage == .asked
        else { return }
        if let answer, !dialect.isSigning(answer) {
            // It would not sign the next one either.
            security.signings.remove(at: i)
            return
        }
        security.signings[i].stage = .waiting(
            until: now + signingWait * (1 << min(security.signings[i].attempt, 10)))
    }

    /// Doubled with each attempt (2.0.1 A02.FR.17). 1.6 has no setting for it.
    var signingWait: Duration {
        let seconds = configuration.number(.signingWait)
        return seconds > 0 ? .seconds(seconds) : .hours(1)
    }

    /// A signed certificate has come. The answer goes out when it has been judged.
    mutating func take(
        certificate pem: String, for use: CertificateAuthority.StationUse?, answering messageID: String
    ) {
        func refuse(_ why: String) {
            dialect.answer(certificate: messageID, isTaken: false, by: &self)
            note(.invalidOwnCertificate, why)
        }
        let isAwaited = { (signing: StationSecurity.Signing) in
            switch signing.stage {
            case .asked, .waiting: return true
            case .making, .judging: return false
            }
        }
        let awaited = security.signings.indices.filter { isAwaited(security.signings[$0]) }
        // Whose request says nothing of its use may be answered with any.
        let place =
            awaited.first { security.signings[$0].use == use }
            ?? awaited.first { use == nil || security.signings[$0].use == .both }
        guard pem.utf8.count <= StationSecurity.mostChain else { return refuse("it is too long") }
        guard let chain = try? StationCertificate.chain(pem: pem) else { return refuse("it cannot be read") }
        guard let place else { return refuse("nobody asked for it") }
        let signing = security.signings[place]
        security.signings[place].stage = .judging(messageID: messageID, chain: chain)
        let isForVehicles = signing.use == .vehicles
        let roots = security.certificates.held.filter { held in
            held.use == .centralSystem || (isForVehicles && held.use == .vehicleToGrid)
        }
        actions.append(
            .judge(
                CertificateJudgement(
                    key: signing.number, chain: chain, use: signing.use, roots: roots.map(\.certificate),
                    alsoSystem: settings.security.trustsSystem, commonName: settings.identity,
                    organization: configuration.text(.organization), at: clock)))
    }

    /// - Parameter fault: why it is not taken; `nil`: it is.
    mutating func judged(_ number: Int, fault: String?) {
        guard let i = security.signings.firstIndex(where: { $0.number == number }),
            case .judging(let messageID, let chain) = security.signings[i].stage
        else { return }
        let use = security.signings[i].use
        if let fault {
            // The right one may still come.
            security.signings[i].stage = .waiting(until: now + signingWait)
            note(.invalidOwnCertificate, fault)
        } else {
            security.signings.remove(at: i)
            security.certificates.own[use] = .init(chain: chain, key: number)
            actions.append(.keep(key: number, chain: chain, use))
        }
        if let messageID { dialect.answer(certificate: messageID, isTaken: fault == nil, by: &self) }
        if fault == nil { show(use) }
    }

    /// It shows a new certificate from its first moment on (A02.FR.08).
    private mutating func show(_ use: CertificateAuthority.StationUse) {
        guard use != .vehicles, let own = security.certificates.shown?.certificate else { return }
        if security.wanted == 3, isReady(for: 3) {
            security.wanted = nil
            take(profile: 3)
        }
        guard route().securityProfile == 3 else { return }
        deferred.removeAll { $0.what == .reconnect }
        schedule(.reconnect, after: max(.seconds(1), own.notBefore - clock))
    }

    /// Numbers of keys that it may still want.
    var keysInUse: Set<Int> {
        Set(security.certificates.own.values.map(\.key) + security.signings.map(\.number))
    }

    // MARK: Roots

    /// The last root stays where nothing else tells whom to believe.
    mutating func deleteCertificate(_ wanted: StationHash) -> StationCertificates.Verdict {
        security.certificates.delete(wanted, isNeeded: security.profile >= 2 && !settings.security.trustsSystem)
    }

    // MARK: What comes by itself

    /// When it next asks, or asks again, for a certificate; only while the central system listens.
    var nextSecurity: Instant? {
        guard link != nil, isAccepted, security.hasPlans else { return nil }
        var due = security.signings.compactMap { signing in
            if case .waiting(let until) = signing.stage { until } else { nil as Instant? }
        }
        for use in wantedUses { if let at = renewal(of: use) { due.append(at) } }
        if !security.events.isEmpty, let at = security.eventAt { due.append(at) }
        return due.min()
    }

    private var wantedUses: [CertificateAuthority.StationUse] {
        let own = Array(security.certificates.own.keys)
        return security.wanted == 3 && own.isEmpty ? [.platform] : own
    }

    private func renewal(of use: CertificateAuthority.StationUse) -> Instant? {
        guard !security.signings.contains(where: { $0.use == use && $0.stage != .waiting(until: nil) }) else {
            return nil
        }
        let end = security.certificates.own[use]?.certificate.notAfter
        let due = end.map { $0 - StationSecurity.renewsBefore - (clock - now) } ?? now
        return max(due, security.renewsFrom[use] ?? due)
    }

    /// Does what is due at `now`.
    mutating func fireSecurity() {
        guard link != nil, isAccepted, security.hasPlans else { return }
        for signing in security.signings {
            guard case .waiting(let until?) = signing.stage, until <= now else { continue }
            // What was never sent is no attempt.
            let attempt = signing.isSent ? signing.attempt + 1 : signing.attempt
            if attempt <= configuration.number(.signingRepeats) {
                ask(for: signing.use, attempt: attempt)
            } else if let i = security.signings.firstIndex(of: signing) {
                // The certificate may come yet; it asks again when it is told to.
                security.signings[i].stage = .waiting(until: nil)
            }
        }
        for use in wantedUses { if let due = renewal(of: use), due <= now { ask(for: use) } }
        if let due = security.eventAt, due <= now { security.eventAt = nil }
    }

    // MARK: Events

    /// Kept until the central system has it (A04.FR.02). Of too many the oldest go.
    mutating func note(_ kind: StationSecurityEvent.Kind, _ info: String? = nil) {
        guard settings.security.tellsEvents else { return }
        // A station that tries again and again says so once.
        if kind == .invalidServerCertificate || kind == .notAdmitted, security.events.last?.kind == kind { return }
        if security.events.count >= StationSecurity.mostEvents {
            // The first may be under way.
            security.events.remove(at: 1)
        }
        security.events.append(.init(kind: kind, at: clock, info: info.map { String($0.prefix(255)) }))
    }

    /// One at a time, in order.
    mutating func pumpEvents() {
        guard link != nil, isAccepted, security.eventAt == nil, let event = security.events.first,
            !isUnderWay(.securityEvent)
        else { return }
        call(.securityEvent(event), .securityEvent)
    }

    mutating func toldEvent(_ outcome: StationLink.CallOutcome) {
        switch outcome {
        // Whoever does not know the message will not know it later.
        case .answered, .error: endEvent()
        case .timeout:
            security.eventAttempts += 1
            if security.eventAttempts >= 3 { endEvent() } else { security.eventAt = now + .seconds(60) }
        case .dropped: break
        }
    }

    private mutating func endEvent() {
        if !security.events.isEmpty { security.events.removeFirst() }
        security.eventAttempts = 0
    }
}

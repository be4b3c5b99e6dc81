import Quantities

// Which way a station takes to its central system, and what it does when that leads nowhere (1.6 security whitepaper A05;
// 2.0.1 A05, B09, B10).
extension SimulatedChargePoint {
    /// As the next connection goes.
    func route() -> StationRoute {
        let network = namesNetworks ? security.networks[security.slot] : nil
        let profile = network?.profile ?? security.profile
        let built = profile >= 2 ? settings.security.secureURL ?? settings.security.url : settings.security.url
        let own = profile == 3 ? security.certificates.shown : nil
        return StationRoute(
            url: network?.url ?? built, securityProfile: profile, password: profile == 3 ? nil : security.password,
            roots: profile >= 2 ? security.certificates.roots(.centralSystem) : [],
            trustsSystem: settings.security.trustsSystem, chain: own?.chain ?? [],
            key: own?.key ?? StationSecurity.firstKey)
    }

    mutating func connect() {
        let route = route()
        security.tried = route.securityProfile
        actions.append(.connect(route))
    }

    var namesNetworks: Bool { settings.version != .v16 }

    /// What must be there before it goes to a higher profile (1.6 A05.FR.02 to FR.04, 2.0.1 A05.FR.02, FR.03).
    func isReady(for profile: Int) -> Bool {
        guard profile > security.profile else { return true }
        if profile == 1 || profile == 2, !namesNetworks, (security.password?.count ?? 0) < 16 { return false }
        if profile >= 2, !settings.security.trustsSystem,
            !security.certificates.held.contains(where: { $0.use == .centralSystem && clock <= $0.certificate.notAfter }
            )
        {
            return false
        }
        if profile == 3 {
            guard let own = security.certificates.shown?.certificate, clock <= own.notAfter else { return false }
        }
        return true
    }

    /// Of 1.6: upwards only, and only where it knows the way; then it connects anew (A05.FR.01, FR.06).
    mutating func raiseProfile(to profile: Int) -> Bool {
        guard (security.profile + 1...3).contains(profile), isReady(for: profile) else { return false }
        let address = profile >= 2 ? settings.security.secureURL ?? settings.security.url : settings.security.url
        // Plain addresses serve no TLS.
        guard profile < 2 || address.map({ $0.lowercased().hasPrefix("wss:") }) ?? true else { return false }
        take(profile: profile)
        schedule(.reconnect, after: .seconds(1))
        return true
    }

    /// The next connection is to be of this profile.
    mutating func take(profile: Int) {
        security.failures = 0
        if namesNetworks {
            security.networks[security.slot] = .init(
                url: security.networks[security.slot]?.url, profile: profile)
        } else {
            security.previousProfile = security.profile
            security.profile = profile
            tellProfile()
        }
    }

    private mutating func tellProfile() {
        configuration.put(Dialect201.securityProfile, "\(security.profile)")
        configuration.put(.init(variable: "SecurityProfile"), "\(security.profile)")
    }

    // MARK: Slots

    /// Those of the network profiles that are to be tried, in their order.
    var priority: [Int] {
        guard let i = configuration.index(of: Dialect201.priority) else { return [] }
        return configuration.entries[i].value.split(separator: ",").compactMap { Int($0) }
    }

    /// After a reboot it begins with the first of them (2.0.1 B10.FR.04).
    mutating func adoptNetwork() {
        guard namesNetworks, let first = priority.first, security.networks[first] != nil else { return }
        security.slot = first
        security.failures = 0
    }

    // MARK: How it went

    /// It is in. What is weaker is over (2.0.1 A05.FR.06).
    mutating func provedRoute() {
        let used = security.tried
        security.failures = 0
        security.goodSlot = security.slot
        // It came as before, while another profile was being set.
        if !namesNetworks, used < security.profile { return }
        let isNew = used != security.profile || security.previousProfile != nil
        security.previousProfile = nil
        guard isNew else { return }
        security.profile = used
        tellProfile()
        if namesNetworks {
            security.networks = security.networks.filter { $0.value.profile >= used }
            let left = priority.filter { security.networks[$0] != nil }
            configuration.put(Dialect201.priority, left.map(String.init).joined(separator: ","))
        }
        note(.reconfigured, "security profile \(used)")
    }

    /// It did not get in. Another way is tried when this one had its attempts (2.0.1 B10.FR.03, FR.07).
    mutating func failedRoute() {
        security.failures += 1
        guard namesNetworks else {
            if let previous = security.previousProfile, security.failures >= StationSecurity.attemptsWithNewProfile {
                security.profile = previous
                security.previousProfile = nil
                security.failures = 0
                failedConnections = 0
                tellProfile()
            }
            return
        }
        guard security.failures >= max(1, configuration.number(.networkAttempts)) else { return }
        let slots = priority.filter { security.networks[$0] != nil }
        let next = slots.firstIndex(of: security.slot).map { $0 + 1 } ?? 0
        // When all of them had their turn it goes back to the one that was good last.
        let chosen = next < slots.count ? slots[next] : security.goodSlot
        guard security.networks[chosen] != nil, chosen != security.slot || slots.count > 1 else { return }
        security.slot = chosen
        security.failures = 0
        failedConnections = 0
    }

    /// The driver says why.
    mutating func unreachable(_ refusal: StationRefusal) {
        switch refusal {
        case .untrustedServer(let why): note(.invalidServerCertificate, why)
        case .notAdmitted: note(.notAdmitted)
        }
        disconnected()
    }
}

import Assets
import Charging
import Credentials
import Dispatch
import Operations
import Quantities
import Synchronization

/// Signs what stations ask for with our own authority, on a queue of its own: a check and a signature take a millisecond,
/// and strangers' bytes are read here first.
final class CertificateDesk: Sendable {
    /// Of one station in an hour: each costs a signature, and a key pair at the station.
    static let mostAnHour = 6
    /// The last of them waits some two seconds.
    private static let mostWaiting = 1000
    private static let mostIdentities = 20_000

    private let organization: String
    private let authority: Mutex<CertificateAuthority?>
    /// Signs certificates with which stations show themselves to vehicles; `nil`: none are signed here.
    private let vehicleSide: CertificateAuthority?
    /// The listener lets in whom ``vehicleSide`` vouches for.
    private let vehicleSideIsTrusted: Bool
    private let clock: @Sendable () -> Instant
    private let queue = DispatchQueue(label: "certificates")
    private let waiting = Atomic<Int>(0)
    private let recent = Mutex<[String: [Instant]]>([:])

    /// - Parameter clock: the time by which certificates hold; real time, not the domain's.
    init(
        organization: String, authority: CertificateAuthority?, vehicleSide: CertificateAuthority? = nil,
        vehicleSideIsTrusted: Bool = false, clock: @escaping @Sendable () -> Instant
    ) {
        self.vehicleSide = vehicleSide
        self.vehicleSideIsTrusted = vehicleSideIsTrusted
        self.organization = organization
        self.authority = Mutex(authority)
        self.clock = clock
    }

    func replaceAuthority(_ fresh: CertificateAuthority?) { authority.withLock { $0 = fresh } }

    /// Where our authority's chain ends; `nil` when there is none.
    var root: StationCertificate? { authority.withLock { $0 }?.chain.last }

    /// What stations must know of our authority; `nil` when there is none.
    var view: AuthorityView? {
        guard let root, let hash = root.hashData.first else { return nil }
        var view = AuthorityView(subject: root.subject, notAfter: root.notAfter, root: root.pem, hash: hash)
        view.otherHashes = Array(root.hashData.dropFirst())
        return view
    }

    /// - Parameters:
    ///   - number: the request's own, which its certificate carries back (2.1).
    ///   - reply: called once, now or on the desk's queue.
    func sign(
        _ request: String, use: String?, number: Int?, for identity: String,
        reply: @escaping @Sendable (CertificateVerdict) -> Void
    ) {
        // Without a use it is for both connections of the station; where we have nothing to do with vehicles, for ours.
        let use = use ?? (vehicleSide == nil ? CertificateRecord.stationUse : CertificateRecord.combinedUse)
        guard
            [CertificateRecord.stationUse, CertificateRecord.vehicleUse, CertificateRecord.combinedUse].contains(use)
        else {
            return reply(.refused(.unsupportedUse, detail: "no certificates for \(use.prefix(40)) are issued here"))
        }
        guard let authority = signer(of: use) else {
            return reply(.refused(.noAuthority, detail: "there is no authority here that signs station certificates"))
        }
        let now = clock()
        guard waiting.add(1, ordering: .relaxed).newValue <= Self.mostWaiting else {
            waiting.subtract(1, ordering: .relaxed)
            return reply(.refused(.tooMany, detail: "too many certificates are asked for at a time; ask again later"))
        }
        guard mayAsk(identity, at: now) else {
            waiting.subtract(1, ordering: .relaxed)
            return reply(
                .refused(.tooMany, detail: "more than \(Self.mostAnHour) certificates were asked for within an hour"))
        }
        queue.async { [self] in
            defer { waiting.subtract(1, ordering: .relaxed) }
            reply(verdict(request, use, number, identity, authority, now))
        }
    }

    /// Who signs certificates for this use. A combined one must first of all let the station in here; vehicles believe it where
    /// their authority signs it, which it does where the listener believes that one too.
    private func signer(of use: String) -> CertificateAuthority? {
        let own = authority.withLock { $0 }
        return switch use {
        case CertificateRecord.vehicleUse: vehicleSide
        case CertificateRecord.combinedUse: vehicleSideIsTrusted ? vehicleSide : own ?? vehicleSide
        default: own
        }
    }

    private func verdict(
        _ text: String, _ use: String, _ number: Int?, _ identity: String, _ authority: CertificateAuthority,
        _ now: Instant
    ) -> CertificateVerdict {
        let request: SigningRequest
        do throws(SigningRequest.Refusal) {
            request = try SigningRequest(pem: text)
            try request.check(identity: identity, organization: organization)
        } catch {
            return .refused(.invalidRequest, detail: error.description)
        }
        do throws(CredentialFault) {
            let shown: CertificateAuthority.StationUse =
                switch use {
                case CertificateRecord.vehicleUse: .vehicles
                case CertificateRecord.combinedUse: .both
                default: .platform
                }
            let signed = try authority.issueStation(
                request, for: shown, identity: identity, organization: organization, at: now)
            // The station has the root already, or must not take it from here.
            let above = authority.chain.filter { $0.subject != $0.issuer }
            let chain = ([signed] + above).map(\.pem).joined()
            guard chain.utf8.count <= Self.longestChain else {
                return .refused(.noAuthority, detail: "the authority's chain is longer than OCPP can carry")
            }
            return .signed(
                CertificateRecord(
                    station: StationID(identity), fingerprint: signed.fingerprint, serialNumber: signed.serialNumber,
                    subject: signed.subject, issuer: signed.issuer, notBefore: signed.notBefore,
                    notAfter: signed.notAfter, use: use, requestID: number, chain: chain, state: .signed, at: now))
        } catch {
            return .refused(.noAuthority, detail: error.description)
        }
    }
    /// `certificateChain` in 1.6, 2.0.1 and 2.1.
    private static let longestChain = 10_000

    private func mayAsk(_ identity: String, at now: Instant) -> Bool {
        recent.withLock { recent in
            if recent.count >= Self.mostIdentities {
                recent = recent.filter { $0.value.contains { now - $0 < .hours(1) && $0 <= now } }
                // Still so many: the fleet renews at once, and nobody is held back for it.
                if recent.count >= Self.mostIdentities { recent.removeAll() }
            }
            let own = (recent[identity] ?? []).filter { now - $0 < .hours(1) && $0 <= now }
            guard own.count < Self.mostAnHour else { return false }
            recent[identity] = own + [now]
            return true
        }
    }
}

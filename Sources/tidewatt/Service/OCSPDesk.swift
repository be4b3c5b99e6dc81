import Credentials
import Foundation
import Operations
import Quantities
import Synchronization

/// Asks OCSP responders, and remembers what they said for as long as they said that it holds.
///
/// Whom to ask is told by stations and vehicles: only hosts that the operator named are asked, so that nobody makes the
/// platform call into its own network.
final class OCSPDesk: Sendable {
    private let http: HTTPDesk
    private let hosts: Set<String>
    private let roots: [StationCertificate]
    private let clock: @Sendable () -> Instant
    private let known = Mutex<[OCSPCertificateID: OCSPAnswer]>([:])
    private static let mostKnown = 20_000
    private static let patience: Duration = .seconds(5)
    private static let longestKept: Duration = .days(7)

    /// - Parameters:
    ///   - hosts: `HOST` or `HOST:PORT`, lower case.
    ///   - roots: to which responders' certificates must lead.
    ///   - clock: the time by which certificates hold; real time.
    init(http: HTTPDesk, hosts: [String], roots: [StationCertificate], clock: @escaping @Sendable () -> Instant) {
        self.http = http
        self.hosts = Set(hosts.map { $0.lowercased() })
        self.roots = roots
        self.clock = clock
    }

    /// - Parameters:
    ///   - addresses: responders, asked in this order until one answers.
    ///   - others: certificates that may lead from a responder to a root.
    /// - Returns: `nil` when none of them gave an answer that holds.
    func status(
        of id: OCSPCertificateID, at addresses: [String], others: [StationCertificate] = []
    ) async -> OCSPAnswer? {
        let now = clock()
        if let answer = known.withLock({ $0[id] }), answer.nextUpdate > now { return answer }
        guard let request = try? id.request() else { return nil }
        for address in addresses.prefix(Self.mostAddresses) where isAllowed(address) {
            guard
                let bytes = try? await http.post(
                    request, type: "application/ocsp-request", accept: "application/ocsp-response", to: address,
                    within: Self.patience),
                let answer = try? OCSPAnswer(bytes, of: id, roots: roots, others: others, at: clock())
            else { continue }
            keep(answer, of: id, at: now)
            return answer
        }
        return nil
    }
    private static let mostAddresses = 2

    private func keep(_ answer: OCSPAnswer, of id: OCSPCertificateID, at now: Instant) {
        // What is revoked stays so, but what says it must be fresh when it is passed on.
        guard answer.nextUpdate > now, answer.nextUpdate - now <= Self.longestKept || answer.status != .good else {
            return
        }
        known.withLock { known in
            if known.count >= Self.mostKnown { known = known.filter { $0.value.nextUpdate > now } }
            if known.count >= Self.mostKnown { known.removeAll() }
            known[id] = answer
        }
    }

    private func isAllowed(_ address: String) -> Bool {
        guard let parts = URLComponents(string: address), ["http", "https"].contains(parts.scheme?.lowercased()),
            parts.user == nil, let host = parts.host?.lowercased(), !host.isEmpty
        else { return false }
        return hosts.contains(host) || parts.port.map { hosts.contains("\(host):\($0)") } ?? false
    }
}

import Assets
import Charging
import Credentials
import Foundation
import Gateway
import GridDispatch
import NIOCore
import NIOPosix
import OCPP
import Operations
import Quantities
import Rulebook
import Store
import Synchronization

/// The running platform: the only place that knows core, store, gateway and planner. Feeds the core, gives its changes to
/// the store in one append a batch, and lets answers go when that append is on the disk.
final class Platform: @unchecked Sendable {  // parts are set in `init` and `start`; everything mutable is behind a lock
    let clock: DomainClock
    let configuration: ServeConfiguration
    /// The tariffs and calendars that it reckons with.
    let packs: RulePacks
    let store: Store
    let log: StructuredLog
    let hub = EventHub()
    private(set) var loop: CoreLoop!
    private(set) var gateway: OCPPGateway!
    private(set) var bridge: GatewayBridge!
    private var solver: SolverWorker!
    private let group: MultiThreadedEventLoopGroup
    private let disk: DiskWatch
    private let directory: String
    let tokenMarker: TokenMarker
    let passwords: PasswordChecker
    let stationSecret: DigestSecret
    /// `nil` without a TLS listener.
    private let tls: TLSServer?
    /// Of the listener for files: stations come with a ticket, and are asked for no certificate. `nil`: in the clear.
    let filesTLS: TLSServer?
    let certificateDesk: CertificateDesk
    /// To which contract certificates of vehicles lead.
    let contractRoots: [StationCertificate]
    /// To services of the operator's choice.
    private let http = HTTPDesk()
    let fileDesk: FileDesk
    /// `nil`: no provider is configured.
    private let paymentDesk: PaymentDesk?
    let receipts: ReceiptTickets
    private let tlsFaults: TLSFaultLog
    private let upkeep = UpkeepTimer()
    private let driftWatch: DriftWatch
    private let waiting = Mutex(Waiting())
    /// Somebody wants the end: what the disk does not take is not acknowledged, and is no reason for another one.
    private let isEnding = Atomic<Bool>(false)
    private let hasLostStep = Atomic<Bool>(false)
    private let began = DomainClock.monotonicNanoseconds()

    private struct Waiting {
        var next: UInt64 = 0
        var callers: [UInt64: CheckedContinuation<Result<OrderResult, ServiceFault>, Never>] = [:]
    }
    /// Orders that may wait for the disk at a time.
    private static let mostWaiting = 10_000

    /// - Throws: ``StoreFault`` when the data directory cannot be opened (held by another process, damaged …),
    ///   ``CredentialFault`` when secrets or certificates cannot be used.
    init(
        configuration: ServeConfiguration, directory: String, clock: DomainClock, log: StructuredLog,
        packs: RulePacks = .builtIn
    ) throws {
        self.configuration = configuration
        self.packs = packs
        self.clock = clock
        self.log = log
        self.disk = DiskWatch(log: log)
        var options = Store.Options()
        options.retention.messages.days = configuration.messageDays
        options.retention.readings.days = configuration.readingDays
        options.onCondition = { [disk] in disk.changed(to: $0) }
        options.onRefusal = { [disk] in disk.heard($0) }
        self.store = try Store(directory: directory, options: options)
        self.directory = directory
        self.tlsFaults = TLSFaultLog(log: log)
        self.driftWatch = DriftWatch(store: store, log: log)
        do {
            let secret = try DigestSecret.open(in: directory)
            stationSecret = secret
            passwords = PasswordChecker(secret: secret)
            tokenMarker = TokenMarker(digest: try secret.tokenDigest())
            // Certificates hold by the real clock, whatever the domain's says.
            let authority: CertificateAuthority?
            let vehicleSide = try TLSMaterial.vehicleSide(configuration.plugAndCharge)
            var vehicleSideIsTrusted = false
            if configuration.ocpps == nil {
                (tls, filesTLS) = (nil, nil)
                authority = try TLSMaterial.existingAuthority(directory: directory)
            } else {
                let material = try TLSMaterial.load(
                    configuration.tls, directory: directory, at: DomainClock.real.now)
                tls = try TLSServer(material.settings, clock: { DomainClock.real.now })
                filesTLS =
                    configuration.filesOverTLS
                    ? try TLSServer(material.settings.withoutStations, clock: { DomainClock.real.now }) : nil
                authority = material.authority
                vehicleSideIsTrusted = vehicleSide?.leads(to: material.settings.stationRoots) ?? false
            }
            certificateDesk = CertificateDesk(
                organization: configuration.tls.organization, authority: authority, vehicleSide: vehicleSide,
                vehicleSideIsTrusted: vehicleSideIsTrusted, clock: { DomainClock.real.now })
            contractRoots = try TLSMaterial.roots(configuration.plugAndCharge)
            receipts = ReceiptTickets(secret: secret, base: configuration.payment.publicURL)
            paymentDesk = try PaymentDesk(configuration.payment, http: http)
            var limits = FileVault.Limits()
            limits.firmware = Int64(configuration.firmwareMegabytes) << 20
            limits.log = Int64(configuration.logMegabytes) << 20
            limits.total = Int64(configuration.filesTotalMegabytes) << 20
            fileDesk = FileDesk(
                vault: try FileVault(directory: directory, known: try store.storedFiles(), limits: limits),
                store: store, secret: secret, signer: try FirmwareSigner.configured(configuration), clock: clock,
                log: log)
        } catch {
            store.close()
            throw error
        }
        self.group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.shards)
        var settings = CoreConfiguration(configuration, tokenMarker: tokenMarker)
        settings.offersTLS = configuration.ocpps != nil
        settings.certificateReader = .x509
        settings.receiptAddress = { [receipts] in receipts.address(of: $0) }
        settings.codes = receipts.codeTool
        settings.uploadTicket = { [fileDesk] in fileDesk.uploadTicket(for: $0, name: $1, until: $2) }
        settings.fit(clockSpeed: clock.speed)
        let core = Core(
            configuration: settings, state: try store.loadCore(), packs: packs,
            instance: Self.instanceMark())
        self.loop = CoreLoop(core: core, clock: clock, clockEvents: { [unowned self] in noteClock($0) }) {
            [unowned self] in carryOut($0, ends: $1)
        }
        disk.report(to: loop)
        let clockOfCertificates: @Sendable () -> Instant = { DomainClock.real.now }
        let plugAndCharge = PlugAndChargeDesk(
            http: http,
            ocsp: OCSPDesk(
                http: http, hosts: configuration.plugAndCharge.hosts, roots: contractRoots,
                clock: clockOfCertificates), roots: contractRoots,
            provider: configuration.plugAndCharge.contractProvider, clock: clockOfCertificates)
        fileDesk.platform = self
        let admission = StationAdmission(
            passwords: passwords, organization: configuration.tls.organization,
            mayBeExpired: configuration.tls.mayBeExpired)
        self.bridge = GatewayBridge(
            loop: loop, admission: admission, certificates: certificateDesk,
            plugAndCharge: plugAndCharge, vendors: VendorDesk(http: http), payments: paymentDesk,
            tlsFaults: { [tlsFaults] in tlsFaults.note(address: $0, reason: $1) }, clock: { [clock] in clock.now }
        ) { [store] in store.condition == .accepting }
        var limits = OCPPGateway.Configuration()
        limits.maxMessageBytes = configuration.maxMessageBytes
        limits.maxConnections = configuration.maxConnections
        self.gateway = OCPPGateway(configuration: limits, delegate: bridge, group: group)
        self.solver = SolverWorker { [unowned self] answer in loop.post(answer) }
    }

    /// Opens the OCPP listeners and starts every thread; returns the ports taken.
    func start() async throws -> (ocpp: Int, ocpps: Int?) {
        loop.start()
        solver.start()
        // What was off before may be so still, or may not.
        driftWatch.look(at: .init(everyone: true), loop)
        upkeep.start(every: 5) { [self] in
            do { _ = try store.maintain(now: clock.now) } catch {
                log(.error, "upkeep-failed", [.init("fault", .string("\(error)"))])
            }
            Task { [self] in await fileDesk.removeOldLogs(olderThan: configuration.logDays) }
        }
        let address = try await gateway.start(host: configuration.ocpp.host, port: configuration.ocpp.port)
        guard let tls, let endpoint = configuration.ocpps else { return (address.port ?? 0, nil) }
        watchCertificates()
        let secure = try await gateway.start(host: endpoint.host, port: endpoint.port, tls: tls)
        return (address.port ?? 0, secure.port ?? 0)
    }

    /// Reads the certificates again; sockets that exist stay. What cannot be used changes nothing.
    func reloadCertificates() {
        guard let tls else { return }
        do {
            let material = try TLSMaterial.load(configuration.tls, directory: directory, at: DomainClock.real.now)
            try tls.reload(material.settings)
            try filesTLS?.reload(material.settings.withoutStations)
            certificateDesk.replaceAuthority(material.authority)
            log(.info, "certificates-reloaded")
        } catch {
            log(.error, "certificates-refused", [.init("fault", .string("\(error)"))])
        }
        watchCertificates()
    }

    /// An alarm for each of the listener's certificates that ends within a month.
    private func watchCertificates() {
        guard let tls else { return }
        for certificate in tls.certificates {
            let due = ExpiryWatch.due(
                [.init(label: certificate.subject, notAfter: certificate.notAfter)], at: DomainClock.real.now)
            let urgent = due.contains { $0.1 > .soon }
            for (code, holds) in [("certificate-ends", !due.isEmpty && !urgent), ("certificate-ends-soon", urgent)] {
                let alarm = ShellCondition(
                    code: code, object: certificate.subject, priority: urgent ? .critical : .high)
                loop.post(.condition(alarm, holds: holds))
            }
        }
    }

    /// Stops taking, lets what was taken reach the disk, then lets go of the directory.
    func stop() async {
        isEnding.store(true, ordering: .relaxed)
        await gateway.shutdown()
        loop.stop()
        solver.stop()
        upkeep.stop()
        hub.finish()
        await http.stop()
        store.close()
        try? await group.shutdownGracefully()
    }

    /// Plans, limits and bills go by the clock: that it was set is worth an alarm for an hour.
    private func noteClock(_ event: ClockWatch.Event) {
        func post(_ seconds: Int64, holds: Bool) {
            let alarm = ShellCondition(
                code: "clock-moved", object: "platform", priority: .high, values: ["seconds": String(seconds)])
            loop.post(.condition(alarm, holds: holds))
        }
        switch event {
        case .moved(let by):
            let seconds = by.wholeMilliseconds / 1000
            log(.warning, "clock-moved", [.init("seconds", .int(Int(seconds)))])
            post(seconds, holds: false)
            post(seconds, holds: true)
        case .settled: post(0, holds: false)
        }
    }

    /// Four characters that make message ids of this run differ from every run before.
    private static func instanceMark() -> String {
        String(UInt32(truncatingIfNeeded: UInt64(Date().timeIntervalSince1970 * 1000)), radix: 36)
    }

    // MARK: - Effects (core thread)

    /// What one input asked for is one group: its answers go when its changes, and none of them refused, are on the disk.
    private func carryOut(_ effects: [Effect], ends: [Int]) {
        var groups: [[Change]] = []
        var releases: [Release] = []
        var touched = DriftWatch.Touched()
        var start = 0
        for end in ends {
            var changes: [Change] = []
            var release = Release()
            for effect in effects[start..<end] {
                switch effect {
                case .persist(let some): if changes.isEmpty { changes = some } else { changes += some }
                case .reply(_, let connection, let messageID, let payload):
                    release.replies.append((ConnectionID(rawValue: connection), messageID, payload))
                case .replyError(_, let connection, let messageID, let code, let description):
                    release.errors.append((ConnectionID(rawValue: connection), messageID, code, description))
                case .answer(let request, let result): release.answers.append((request, result))
                case .call(let call) where call.waitsForDisk: release.calls.append(call)
                case .call(let call): send(call)
                case .disconnect(let station, _, let code, let reason):
                    gateway.disconnect(identity: station.value, code: code, reason: reason)
                case .solve(let request): solver.solve(request)
                case .measure(let problem): solver.measure(problem)
                case .pay(let call): release.payments.append(call)
                case .publish(let event): hub.publish(event)
                case .wake: break
                }
            }
            start = end
            guard !changes.isEmpty || !release.isEmpty else { continue }
            for change in changes { touched.add(change) }
            groups.append(changes)
            releases.append(release)
        }
        guard !groups.isEmpty else { return }
        store.append(groups: groups) { [self, releases, touched] result in
            switch result {
            case .success(let refused):
                if !touched.isEmpty { driftWatch.look(at: touched, loop) }
                var whole = Release()
                for (group, release) in releases.enumerated() {
                    whole.add(refused[group] == nil ? release : release.refused)
                }
                carryOut(whole)
            case .failure(.closed): break
            case .failure(let fault):
                // Memory is ahead of the disk. Nothing of it was acknowledged: begin anew from what lasted.
                if !hasLostStep.exchange(true, ordering: .relaxed) {
                    log(.error, "store-lost-step", [.init("fault", .string(fault.description))])
                }
                if !isEnding.load(ordering: .relaxed) { exit(ExitStatus.ourFault.rawValue) }
            }
        }
    }

    private struct Release: Sendable {
        var replies: [(connection: ConnectionID, messageID: String, payload: [UInt8])] = []
        var errors: [(connection: ConnectionID, messageID: String, code: String, description: String)] = []
        var answers: [(request: UInt64, result: Result<OrderResult, ServiceFault>)] = []
        /// Calls that must not go before their changes are on the disk.
        var calls: [StationCall] = []
        /// Steps for the payment provider.
        var payments: [PaymentCall] = []
        /// Calls that may not go at all.
        var withdrawn: [StationCall] = []
        var unpaid: [PaymentCall] = []
        var isEmpty: Bool {
            replies.isEmpty && errors.isEmpty && answers.isEmpty && calls.isEmpty && payments.isEmpty
        }

        mutating func add(_ other: Release) {
            replies += other.replies
            errors += other.errors
            answers += other.answers
            calls += other.calls
            payments += other.payments
            withdrawn += other.withdrawn
            unpaid += other.unpaid
        }

        /// What is said instead when the database refuses a change of the input: nothing is accepted. All versions of
        /// OCPP have `InternalError`, and a station repeats a transaction message after it.
        var refused: Release {
            var other = Release()
            other.errors =
                errors
                + replies.map {
                    (
                        $0.connection, $0.messageID, RPCErrorCode.internalError.spelling(in: .v16),
                        "the platform could not keep this message"
                    )
                }
            other.answers = answers.map { ($0.request, .failure(ServiceFault(.changeRefused))) }
            other.withdrawn = calls
            other.unpaid = payments
            return other
        }
    }

    /// On the journal's thread, after the disk has it.
    private func carryOut(_ release: Release) {
        if !release.replies.isEmpty { gateway.respond(release.replies) }
        for error in release.errors {
            gateway.respondError(
                connection: error.connection, messageID: error.messageID, code: error.code,
                description: error.description)
        }
        for call in release.calls { send(call) }
        for call in release.withdrawn { loop.post(.completed(call.station, token: call.token, .dropped, late: false)) }
        for call in release.payments { carry(call) }
        for call in release.unpaid {
            loop.post(.paid(call.payment, key: call.key, .missed("the platform could not keep it")))
        }
        for (request, result) in release.answers {
            waiting.withLock { $0.callers.removeValue(forKey: request) }?.resume(returning: result)
        }
    }

    /// The provider may be slow: nobody waits here. An answer that finds the core's mailbox full is lost; the core takes it for
    /// none after a while, and asks again under the same key.
    private func carry(_ call: PaymentCall) {
        guard let paymentDesk else { return }
        Task { [loop] in
            let outcome = await paymentDesk.carry(call)
            loop?.post(.paid(call.payment, key: call.key, outcome))
        }
    }

    private func send(_ call: StationCall) {
        let outgoing = StationLink.OutgoingCall(
            token: call.token, messageID: call.messageID, action: call.action, payload: call.payload,
            timeoutMilliseconds: call.timeout.wholeMilliseconds)
        if !gateway.call(identity: call.station.value, outgoing) {
            loop.post(.completed(call.station, token: call.token, .dropped, late: false))
        }
    }

    // MARK: - Orders

    /// Posts what `input` makes of a request number and waits until the core's answer is on the disk.
    func ask(_ input: (UInt64) -> Input) async throws(ServiceFault) -> OrderResult {
        if case .refusing = store.condition {
            throw ServiceFault(.diskRefuses)
        }
        let result: Result<OrderResult, ServiceFault> = await withCheckedContinuation { continuation in
            let request: UInt64? = waiting.withLock { state in
                guard state.callers.count < Self.mostWaiting else { return nil }
                state.next += 1
                state.callers[state.next] = continuation
                return state.next
            }
            guard let request else { return continuation.resume(returning: .failure(ServiceFault(.busy))) }
            if !loop.post(input(request)) {
                waiting.withLock { $0.callers.removeValue(forKey: request) }?.resume(
                    returning: .failure(ServiceFault(.busy)))
            }
        }
        return try result.get()
    }

    /// Who waits for a disk that refuses would keep the service from its end.
    func releaseWaiting() {
        guard case .refusing = store.condition else { return }
        let callers = waiting.withLock { state in
            defer { state.callers = [:] }
            return state.callers.values
        }
        for caller in callers { caller.resume(returning: .failure(ServiceFault(.stopping))) }
    }

    var uptimeSeconds: Double { Double(DomainClock.monotonicNanoseconds() - began) / 1e9 }
}

/// Tells the log and the core when the disk stops taking changes and when it takes them again, and of changes that the
/// database refuses.
private final class DiskWatch: Sendable {
    private let log: StructuredLog
    private let loop = Mutex<CoreLoop?>(nil)
    private let pace = LogPace()

    init(log: StructuredLog) { self.log = log }
    func report(to loop: CoreLoop) { self.loop.withLock { $0 = loop } }

    func changed(to condition: Store.Condition) {
        let holds: Bool
        switch condition {
        case .accepting:
            log(.info, "disk-accepts")
            holds = false
        case .congested: return log(.warning, "disk-behind")
        case .refusing(let fault):
            log(.error, "disk-refuses", [.init("fault", .string(fault.description))])
            holds = true
        }
        let alarm = ShellCondition(code: "disk-full", object: "store", priority: .critical)
        loop.withLock { $0 }?.post(.condition(alarm, holds: holds))
    }

    func heard(_ news: RefusalNews) {
        switch news {
        case .refused(let refusal):
            note("store-refused", refusal)
            let alarm = ShellCondition(
                code: "store-refused", object: refusal.object, priority: .high,
                values: ["change": refusal.kind, "words": refusal.words])
            loop.withLock { $0 }?.post(.condition(alarm, holds: true))
        case .settled(let object):
            log(.info, "store-settled", [.init("object", .string(object))])
            let alarm = ShellCondition(code: "store-refused", object: object, priority: .high)
            loop.withLock { $0 }?.post(.condition(alarm, holds: false))
        case .givenUp(let refusal): note("store-gave-up", refusal)
        }
    }

    /// At most ten a second: a station that sends the same thing again and again must not fill the log.
    private func note(_ event: String, _ refusal: RefusedChange) {
        guard pace.admits() else { return }
        log(
            .error, event,
            [
                .init("change", .string(refusal.kind)), .init("object", .string(refusal.object)),
                .init("words", .string(refusal.words)),
            ])
    }
}

/// Ten lines a second.
private final class LogPace: Sendable {
    private let window = Mutex((second: UInt64(0), count: 0))

    func admits() -> Bool {
        let second = DomainClock.monotonicNanoseconds() / 1_000_000_000
        return window.withLock { window in
            if window.second != second { window = (second, 0) }
            window.count += 1
            return window.count <= 10
        }
    }
}

/// Writes down sockets whose TLS did not come about, at most ten a second: strangers must not fill the log.
private final class TLSFaultLog: Sendable {
    private let log: StructuredLog
    private let pace = LogPace()

    init(log: StructuredLog) { self.log = log }

    func note(address: String, reason: String) {
        if pace.admits() {
            log(.warning, "tls-refused", [.init("from", .string(address)), .init("reason", .string(reason))])
        }
    }
}

/// Calls a job on a thread of its own, again and again.
private final class UpkeepTimer: @unchecked Sendable {  // `isStopping` is guarded by the condition
    private let condition = NSCondition()
    private var isStopping = false

    func start(every seconds: Double, _ job: @escaping @Sendable () -> Void) {
        let thread = Thread { [self] in
            while true {
                condition.lock()
                if !isStopping { _ = condition.wait(until: Date(timeIntervalSinceNow: seconds)) }
                let stop = isStopping
                condition.unlock()
                if stop { return }
                job()
            }
        }
        thread.name = "upkeep"
        thread.start()
    }

    func stop() {
        condition.lock()
        isStopping = true
        condition.broadcast()
        condition.unlock()
    }
}

extension PaymentDesk {
    /// `nil`: there is no provider.
    fileprivate convenience init?(
        _ settings: ServeConfiguration.PaymentSettings, http: HTTPDesk
    ) throws(CredentialFault) {
        guard !settings.provider.isEmpty else { return nil }
        var key: String?
        if !settings.keyFile.isEmpty {
            guard let bytes = try PrivateFile.read(settings.keyFile) else {
                throw CredentialFault("payment.key_file: \(settings.keyFile) does not exist")
            }
            let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw CredentialFault(
                    "payment.key_file: \(settings.keyFile) holds no token: printable ASCII is expected")
            }
            key = text
        }
        let base = settings.provider.hasSuffix("/") ? String(settings.provider.dropLast()) : settings.provider
        self.init(http: http, provider: base, key: key)
    }
}

extension FirmwareSigner {
    /// `nil`: signatures come with the images.
    fileprivate static func configured(_ settings: ServeConfiguration) throws(CredentialFault) -> FirmwareSigner? {
        guard !settings.signingKey.isEmpty || !settings.signingCertificate.isEmpty else { return nil }
        guard let key = try PrivateFile.read(settings.signingKey) else {
            throw CredentialFault("files.signing_key: \(settings.signingKey) does not exist")
        }
        let certificate: [UInt8]
        do { certificate = try FileAccess.read(settings.signingCertificate) } catch {
            throw CredentialFault("files.signing_certificate: \(error)")
        }
        return try FirmwareSigner(
            certificatePEM: String(decoding: certificate, as: UTF8.self), keyPEM: String(decoding: key, as: UTF8.self))
    }
}

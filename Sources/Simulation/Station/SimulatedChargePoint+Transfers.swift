import OCPP
import OCPPMessages
import Quantities

/// New firmware that a station fetches and installs, or a log that it brings. One of each kind at a time.
struct StationTransfer: Hashable, Sendable {
    enum Kind: Hashable, Sendable { case firmware, log }
    enum Stage: Hashable, Sendable {
        /// Waits for its time, or for another try.
        case waiting
        case moving
        /// The image is there.
        case fetched
        /// The power goes down into the new firmware.
        case rebooting
    }
    /// Of the station's own count.
    let number: Int
    let kind: Kind
    /// The central system's.
    let request: Int?
    let url: String
    let isSigned: Bool
    let retrieveAt: Instant?
    let installAt: Instant?
    /// Tries that are left after this one.
    var retries: Int
    let retryInterval: Duration
    var stage = Stage.waiting
}

// Firmware and logs (1.6 FirmwareManagement and the security whitepaper; 2.0.1 L01, L02, N01). The machine wishes to fetch
// and bring; whoever drives it has a network, or says that all went well.
extension SimulatedChargePoint {
    /// - Returns: whether another one was given up for it.
    @discardableResult
    mutating func begin(
        _ kind: StationTransfer.Kind, url: String, request: Int?, isSigned: Bool = false, retrieveAt: Instant? = nil,
        installAt: Instant? = nil, retries: Int?, retryInterval: Int?
    ) -> Bool {
        let hadOne = transfers.contains { $0.kind == kind }
        for old in transfers where old.kind == kind { end(old.number) }
        nextTransfer += 1
        let transfer = StationTransfer(
            number: nextTransfer, kind: kind, request: request, url: url, isSigned: isSigned, retrieveAt: retrieveAt,
            installAt: installAt, retries: max(0, min(retries ?? 0, 100)),
            retryInterval: .seconds(max(1, min(retryInterval ?? 10, 86_400))))
        transfers.append(transfer)
        let start = max(now + .seconds(1), (retrieveAt ?? now) - settings.faults.clockSkew)
        if kind == .firmware, start > now + .seconds(2) { tell(.downloadScheduled, of: transfer) }
        deferred.append((start, .transfer(transfer.number)))
        return hadOne
    }

    private mutating func end(_ number: Int) {
        transfers.removeAll { $0.number == number }
        deferred.removeAll { item in
            switch item.what {
            case .transfer(number), .install(number, _): true
            default: false
            }
        }
    }

    /// Its time has come.
    mutating func move(_ number: Int) {
        guard let i = transfers.firstIndex(where: { $0.number == number }) else { return }
        transfers[i].stage = .moving
        let transfer = transfers[i]
        switch transfer.kind {
        case .firmware:
            tell(.downloading, of: transfer)
            if settings.faults.transfer == .rebootsWhileDownloading, !hasRebootedWhileDownloading {
                hasRebootedWhileDownloading = true
                schedule(.reboot(.hardReset, .powerUp), after: .seconds(1))
            } else {
                actions.append(.fetch(number, url: transfer.url))
            }
        case .log:
            call(.upload(.uploading, request: transfer.request), .other)
            actions.append(.bring(number, url: transfer.url, log()))
        }
    }

    mutating func fetched(_ number: Int, isWhole: Bool) {
        guard let i = transfers.firstIndex(where: { $0.number == number && $0.stage == .moving }) else { return }
        let transfer = transfers[i]
        guard isWhole, settings.faults.transfer != .downloadFails else { return failed(i, .downloadFailed) }
        transfers[i].stage = .fetched
        tell(.downloaded, of: transfer)
        if transfer.isSigned {
            guard settings.faults.transfer != .badSignature else {
                tell(.invalidSignature, of: transfer)
                note(.invalidFirmwareSignature)
                return end(number)
            }
            tell(.signatureVerified, of: transfer)
        }
        let start = max(now + .seconds(5), (transfer.installAt ?? now) - settings.faults.clockSkew)
        if start > now + .seconds(6) { tell(.installScheduled, of: transfer) }
        deferred.append((start, .install(number, .begin)))
    }

    mutating func install(_ number: Int, _ step: InstallStep) {
        guard let i = transfers.firstIndex(where: { $0.number == number && $0.stage == .fetched }) else { return }
        let transfer = transfers[i]
        switch step {
        case .begin:
            // Nobody's charging is ended for it (L01.FR.06).
            guard connectors.allSatisfy({ $0.transaction == nil }) else {
                return schedule(.install(number, .begin), after: .seconds(60))
            }
            tell(.installing, of: transfer)
            if settings.faults.transfer != .installHangs { schedule(.install(number, .finish), after: .seconds(35)) }
        case .finish:
            guard settings.faults.transfer != .installFails else {
                tell(.installationFailed, of: transfer)
                return end(number)
            }
            tell(.installRebooting, of: transfer)
            transfers[i].stage = .rebooting
            settings.firmware = Self.version(in: transfer.url)
            schedule(.reboot(.softReset, .firmware), after: .seconds(1))
        }
    }

    mutating func brought(_ number: Int, isTaken: Bool) {
        guard let i = transfers.firstIndex(where: { $0.number == number && $0.stage == .moving }) else { return }
        guard isTaken, settings.faults.transfer != .uploadFails else { return failed(i, nil) }
        call(.upload(.uploaded, request: transfers[i].request), .other)
        end(number)
    }

    private mutating func failed(_ i: Int, _ step: FirmwareStep?) {
        let transfer = transfers[i]
        guard transfer.retries > 0 else {
            if let step { tell(step, of: transfer) } else { call(.upload(.failed, request: transfer.request), .other) }
            return end(transfer.number)
        }
        transfers[i].retries -= 1
        transfers[i].stage = .waiting
        schedule(.transfer(transfer.number), after: transfer.retryInterval)
    }

    /// After a boot that was accepted: what the power took is begun anew, what it was for is told.
    mutating func resumeTransfers() {
        for transfer in transfers {
            switch transfer.stage {
            case .rebooting:
                tell(.installed, of: transfer)
                note(.firmwareUpdated, settings.firmware)
                end(transfer.number)
            // It goes on by itself.
            case .moving, .fetched: break
            case .waiting:
                let isPlanned = deferred.contains { item in
                    switch item.what {
                    case .transfer(transfer.number): true
                    default: false
                    }
                }
                if !isPlanned { schedule(.transfer(transfer.number), after: .seconds(2)) }
            }
        }
    }

    private mutating func tell(_ step: FirmwareStep, of transfer: StationTransfer) {
        guard dialect.tells(step, request: transfer.request) else { return }
        call(.firmware(step, request: transfer.request), .other)
    }

    /// The file's name without its ending.
    private static func version(in url: String) -> String {
        let name = url.split(separator: "/").last ?? ""
        let stem = name.lastIndex(of: ".").map { name[..<$0] } ?? name
        return stem.isEmpty ? "unnamed" : String(stem.prefix(50))
    }

    /// What it would write down: no more than its counts.
    private func log() -> [UInt8] {
        var text = "\(settings.identity) \(settings.vendor) \(settings.model) \(settings.firmware)\n"
        for i in 0..<max(1, min(settings.logLines, 1_000_000)) {
            text += "\(clock) line \(i) calls \(counts.callsSent) received \(counts.callsReceived)\n"
        }
        return Array(text.utf8)
    }
}

enum InstallStep: Hashable, Sendable { case begin, finish }

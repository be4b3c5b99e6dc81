import Assets
import Charging
import OCPP
import Quantities

// Certificates of stations: signed on request, brought to the station, watched to their end (2.0.1 and 1.6 A02, A03).
extension Core {
    // MARK: - Requests

    /// - Parameter verdict: what the authority made of it; `nil` when nobody asked one.
    mutating func certificate(
        _ asked: StationEvent.CertificateRequest, _ verdict: CertificateVerdict?, _ s: Int, at now: Instant
    ) -> StationAnswer {
        switch verdict ?? .refused(.noAuthority, detail: "no certificates are issued here") {
        case .signed(var record):
            record.at = now
            // An older one that the station does not have is for a key that it has thrown away.
            for old in stations[s].certificates where old.isUndelivered && old.use == record.use {
                settle(certificate: old.fingerprint, .rejected, word: "replaced", s, at: now)
            }
            add(record, s)
            deliverCertificates(s, at: now)
            return .certificate(accepted: true, reason: nil, info: nil)
        case .refused(let reason, let detail):
            if reason == .invalidRequest { note(.invalidCsr, s, info: detail, at: now) }
            return .certificate(accepted: false, reason: reason.word, info: detail)
        }
    }

    /// Sends what the station does not have yet, after Accepted and again on a later connection.
    mutating func deliverCertificates(_ s: Int, at now: Instant) {
        guard stations[s].isOnline, stations[s].lane.hasRoom,
            let record = stations[s].certificates.last(where: \.isUndelivered), record.state != .sent
        else { return }
        let (action, payload) = ProtocolAdapter.call(certificate: record, in: stations[s].version)
        let (token, messageID) = counters.nextMessage()
        update(certificate: record.fingerprint, s) {
            $0.state = .sent
            $0.at = now
        }
        _ = stations[s].lane.push(
            CallLane.Call(
                token: token, messageID: messageID, action: action, payload: payload, timeout: settings.callTimeout,
                rank: .command, purpose: .certificate(record.fingerprint)))
        pump(s, at: now)
    }

    mutating func certificateSent(
        _ fingerprint: String, _ outcome: StationLink.CallOutcome, _ s: Int, at now: Instant
    ) {
        switch outcome {
        case .answered(let payload):
            let (state, word) = ProtocolAdapter.certificateAnswer(
                payload, use: certificateUse(fingerprint, s), in: stations[s].version)
            settle(certificate: fingerprint, state, word: word, s, at: now)
        case .error(let code, _, _): settle(certificate: fingerprint, .rejected, word: code, s, at: now)
        case .timeout, .dropped: settle(certificate: fingerprint, .unanswered, word: nil, s, at: now)
        }
    }

    private func certificateUse(_ fingerprint: String, _ s: Int) -> String {
        stations[s].certificates.last { $0.fingerprint == fingerprint }?.use ?? CertificateRecord.stationUse
    }

    /// The call never left: as if it had not been made.
    mutating func certificateNotSent(_ fingerprint: String, _ s: Int, at now: Instant) {
        update(certificate: fingerprint, s) {
            $0.state = $0.attempts > 0 ? .unanswered : .signed
            $0.at = now
        }
    }

    private mutating func settle(
        certificate fingerprint: String, _ state: CertificateRecord.State, word: String?, _ s: Int, at now: Instant
    ) {
        update(certificate: fingerprint, s) {
            // It came with it: that says more than any answer.
            if $0.isInUse { return }
            $0.state = state
            $0.at = now
            $0.word = word
            if state == .unanswered { $0.attempts += 1 } else { $0.chain = "" }
        }
        watchCertificates(s, at: now)
    }

    // MARK: - Use

    mutating func came(_ id: StationID, with shown: CertificateRecord, at now: Instant) {
        if stationIndex[id] == nil, settings.acceptUnknownStations { register(Station(id: id, createdAt: now)) }
        guard let s = stationIndex[id] else { return }
        if stations[s].certificates.contains(where: { $0.fingerprint == shown.fingerprint && $0.isInUse }) { return }
        for other in stations[s].certificates where other.isInUse {
            update(certificate: other.fingerprint, s) { $0.isInUse = false }
        }
        if stations[s].certificates.contains(where: { $0.fingerprint == shown.fingerprint }) {
            update(certificate: shown.fingerprint, s) {
                if $0.state != .shown { $0.state = .accepted }
                $0.at = now
                $0.chain = ""
                $0.isInUse = true
            }
        } else {
            var shown = shown
            shown.isInUse = true
            add(shown, s)
        }
        watchCertificates(s, at: now)
    }

    private mutating func add(_ record: CertificateRecord, _ s: Int) {
        stations[s].certificates.append(record)
        // The oldest that nothing hangs on goes from memory; the disk has more.
        if stations[s].certificates.count > StationSlot.mostCertificates,
            let i = stations[s].certificates.firstIndex(where: { !$0.isInUse && !$0.isUndelivered })
        {
            stations[s].certificates.remove(at: i)
        }
        persist(.certificate(record))
        emit(.publish(.station(record.station)))
    }

    private mutating func update(certificate fingerprint: String, _ s: Int, _ change: (inout CertificateRecord) -> Void)
    {
        guard let i = stations[s].certificates.lastIndex(where: { $0.fingerprint == fingerprint }) else { return }
        let before = stations[s].certificates[i]
        change(&stations[s].certificates[i])
        guard stations[s].certificates[i] != before else { return }
        persist(.certificate(stations[s].certificates[i]))
        emit(.publish(.station(before.station)))
    }

    /// What was on its way when the platform ended may have arrived.
    mutating func closeLostCertificates(at now: Instant) {
        for s in stations.indices {
            for record in stations[s].certificates where record.state == .sent {
                settle(certificate: record.fingerprint, .unanswered, word: nil, s, at: now)
            }
        }
    }

    // MARK: - Their end

    /// Once an hour.
    mutating func watchCertificates(at now: Instant) {
        if let last = certificatesWatchedAt, now - last < .hours(1), now >= last { return }
        certificatesWatchedAt = now
        for s in stations.indices where !stations[s].certificates.isEmpty { watchCertificates(s, at: now) }
        tellNotKept(at: now)
    }

    /// The certificate that the station comes with counts; before it came with any, the newest that it took.
    private mutating func watchCertificates(_ s: Int, at now: Instant) {
        let id = stations[s].station.id
        let all = stations[s].certificates.filter(\.isForUs)
        guard let record = all.last(where: \.isInUse) ?? all.last(where: { $0.state == .accepted }) else { return }
        let left = record.notAfter - now
        let isUrgent = left <= Self.certificateIsUrgent
        let isDue = left <= settings.certificateAlarm
        for (code, holds, priority) in [
            ("station-certificate-ends", isDue && !isUrgent, Alarm.Priority.high),
            ("station-certificate-ends-soon", isUrgent, .critical),
        ] {
            guard holds else {
                endAlarm(code, object: id.value, at: now)
                continue
            }
            raise(
                code, object: id.value, site: stations[s].station.site, priority: priority,
                values: ["at": "\(record.notAfter)", "serial": record.serialNumber], at: now)
        }
    }
    mutating func endCertificateAlarms(of id: StationID, at now: Instant) {
        for code in ["station-certificate-ends", "station-certificate-ends-soon"] {
            endAlarm(code, object: id.value, at: now)
        }
    }
    private static let certificateIsUrgent: Duration = .days(7)
}

extension CertificateRecord {
    /// The station should have it and may not; after some attempts it asks anew by itself (2.0.1 `CertSigningRepeatTimes`).
    fileprivate var isUndelivered: Bool {
        switch state {
        case .signed, .sent: !chain.isEmpty
        case .unanswered: !chain.isEmpty && attempts < Self.mostAttempts
        case .accepted, .rejected, .shown: false
        }
    }
    private static let mostAttempts = 3
}

extension CertificateVerdict.Reason {
    /// The word for a station (2.0.1 part 2 appendix, reason codes), at most 20 characters.
    fileprivate var word: String {
        switch self {
        case .invalidRequest: "InvalidCSR"
        case .unsupportedUse: "UnsupportedRequest"
        case .noAuthority: "NotEnabled"
        case .tooMany: "RateLimitExceeded"
        }
    }
}

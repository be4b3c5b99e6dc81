import Charging
import OCPPMessages
import Quantities

// Orders of jobs as messages, and messages as orders: a command that a person made by hand begins the same job as one of
// the platform's own. What is told of jobs is read here too.
extension ProtocolAdapter {
    /// - Returns: `nil`: the version has no such message (1.6 publishes nothing).
    static func call(_ order: JobOrder, in version: OCPPVersion, at now: Instant) -> (action: String, payload: [UInt8])?
    {
        switch (version, order.kind) {
        case (.v16, .firmware):
            guard let signature = order.signature, let certificate = order.signingCertificate else {
                return (
                    V16.Action.updateFirmware.rawValue,
                    V16.UpdateFirmwareRequest(
                        location: order.location, retrieveDate: order.retrieveAt ?? now, retries: order.retries,
                        retryInterval: order.retryInterval
                    ).json
                )
            }
            let firmware = V16.Firmware(
                location: order.location, retrieveDateTime: order.retrieveAt ?? now, signingCertificate: certificate,
                signature: signature, installDateTime: order.installAt)
            return (
                V16.Action.signedUpdateFirmware.rawValue,
                V16.SignedUpdateFirmwareRequest(
                    requestId: order.number ?? 0, firmware: firmware, retries: order.retries,
                    retryInterval: order.retryInterval
                ).json
            )
        // GetDiagnostics every station of 1.6 knows, the security log is the whitepaper's.
        case (.v16, .log) where order.log != .security:
            return (
                V16.Action.getDiagnostics.rawValue,
                V16.GetDiagnosticsRequest(
                    location: order.location, retries: order.retries, retryInterval: order.retryInterval,
                    startTime: order.from, stopTime: order.to
                ).json
            )
        case (.v16, .log):
            return (
                V16.Action.getLog.rawValue,
                V16.GetLogRequest(
                    log: V16.LogParameters(
                        remoteLocation: order.location, oldestTimestamp: order.from, latestTimestamp: order.to),
                    logType: .securityLog, requestId: order.number ?? 0, retries: order.retries,
                    retryInterval: order.retryInterval
                ).json
            )
        case (.v16, .publication): return nil
        case (_, .firmware):
            let firmware = V2.Firmware(
                location: order.location, retrieveDateTime: order.retrieveAt ?? now, installDateTime: order.installAt,
                signingCertificate: order.signingCertificate, signature: order.signature)
            return (
                V2.Action.updateFirmware.rawValue,
                V2.UpdateFirmwareRequest(
                    requestId: order.number ?? 0, firmware: firmware, retries: order.retries,
                    retryInterval: order.retryInterval
                ).json
            )
        case (_, .log):
            return (
                V2.Action.getLog.rawValue,
                V2.GetLogRequest(
                    log: V2.LogParameters(
                        remoteLocation: order.location, oldestTimestamp: order.from, latestTimestamp: order.to),
                    logType: order.log == .security ? .securityLog : .diagnosticsLog, requestId: order.number ?? 0,
                    retries: order.retries, retryInterval: order.retryInterval
                ).json
            )
        case (_, .publication):
            return (
                V2.Action.publishFirmware.rawValue,
                V2.PublishFirmwareRequest(
                    location: order.location, checksum: order.checksum ?? "", requestId: order.number ?? 0,
                    retries: order.retries, retryInterval: order.retryInterval
                ).json
            )
        }
    }

    /// - Returns: `nil`: the command begins no job.
    static func job(ordered action: String, _ payload: [UInt8], in version: OCPPVersion) -> JobOrder? {
        guard AnsweredCall.jobActions.contains(action) else { return nil }
        switch version {
        case .v16:
            guard let action = V16.Action(rawValue: action),
                case .success(let request) = V16.Request.decode(action, payload: payload.span).result
            else { return nil }
            return job(request)
        case .v201, .v21:
            guard let action = V2.Action(rawValue: action),
                case .success(let request) = V2.Request.decode(action, payload: payload.span, in: version).result
            else { return nil }
            return job(request)
        }
    }

    /// The order's payload with the address as it may be shown.
    static func withoutSecrets(_ payload: [UInt8], _ order: JobOrder) -> [UInt8] {
        let shown = order.shownLocation
        guard shown != order.location else { return payload }
        let text = String(decoding: payload, as: UTF8.self)
        // As our own writer spells it, or with the slashes that some escape.
        for spelling in [
            order.location,
            order.location.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "\\/"),
        ] {
            if let place = text.firstRange(of: spelling) {
                return Array((text[..<place.lowerBound] + shown + text[place.upperBound...]).utf8)
            }
        }
        return Array("{}".utf8)
    }

    private static func job(_ request: V16.Request) -> JobOrder? {
        switch request {
        case .updateFirmware(let asked):
            var order = JobOrder(kind: .firmware, location: asked.location)
            order.retrieveAt = asked.retrieveDate
            (order.retries, order.retryInterval) = (asked.retries, asked.retryInterval)
            return order
        case .signedUpdateFirmware(let asked):
            var order = JobOrder(kind: .firmware, location: asked.firmware.location)
            order.number = asked.requestId
            (order.retrieveAt, order.installAt) = (asked.firmware.retrieveDateTime, asked.firmware.installDateTime)
            (order.signature, order.signingCertificate) = (asked.firmware.signature, asked.firmware.signingCertificate)
            (order.retries, order.retryInterval) = (asked.retries, asked.retryInterval)
            return order
        case .getDiagnostics(let asked):
            var order = JobOrder(kind: .log, location: asked.location)
            order.log = .diagnostics
            (order.from, order.to) = (asked.startTime, asked.stopTime)
            (order.retries, order.retryInterval) = (asked.retries, asked.retryInterval)
            return order
        case .getLog(let asked):
            var order = JobOrder(kind: .log, location: asked.log.remoteLocation)
            order.number = asked.requestId
            order.log = asked.logType == .securityLog ? .security : .diagnostics
            (order.from, order.to) = (asked.log.oldestTimestamp, asked.log.latestTimestamp)
            (order.retries, order.retryInterval) = (asked.retries, asked.retryInterval)
            return order
        default: return nil
        }
    }

    private static func job(_ request: V2.Request) -> JobOrder? {
        switch request {
        case .updateFirmware(let asked):
            var order = JobOrder(kind: .firmware, location: asked.firmware.location)
            order.number = asked.requestId
            (order.retrieveAt, order.installAt) = (asked.firmware.retrieveDateTime, asked.firmware.installDateTime)
            (order.signature, order.signingCertificate) = (asked.firmware.signature, asked.firmware.signingCertificate)
            (order.retries, order.retryInterval) = (asked.retries, asked.retryInterval)
            return order
        case .publishFirmware(let asked):
            var order = JobOrder(kind: .publication, location: asked.location)
            (order.number, order.checksum) = (asked.requestId, asked.checksum)
            (order.retries, order.retryInterval) = (asked.retries, asked.retryInterval)
            return order
        case .getLog(let asked):
            var order = JobOrder(kind: .log, location: asked.log.remoteLocation)
            order.number = asked.requestId
            order.log = asked.logType == .securityLog ? .security : .diagnostics
            (order.from, order.to) = (asked.log.oldestTimestamp, asked.log.latestTimestamp)
            (order.retries, order.retryInterval) = (asked.retries, asked.retryInterval)
            return order
        default: return nil
        }
    }

    // MARK: - What stations tell

    static func news(_ request: V16.Request) -> JobNews? {
        switch request {
        case .firmwareStatusNotification(let told):
            news(.firmware, told.status.name, number: nil)
        case .signedFirmwareStatusNotification(let told):
            news(.firmware, told.status.name, number: told.requestId)
        case .diagnosticsStatusNotification(let told): news(.log, told.status.name, number: nil)
        case .logStatusNotification(let told): news(.log, told.status.name, number: told.requestId)
        default: nil
        }
    }

    static func news(_ request: V2.Request) -> JobNews? {
        switch request {
        case .firmwareStatusNotification(let told):
            news(.firmware, told.status.name, number: told.requestId)
        case .publishFirmwareStatusNotification(let told):
            news(.publication, told.status.name, number: told.requestId)
        case .logStatusNotification(let told): news(.log, told.status.name, number: told.requestId)
        default: nil
        }
    }

    /// A word that no version has counts as a step on the way.
    private static func news(_ kind: StationJob.Kind, _ word: String, number: Int?) -> JobNews {
        let stage: JobNews.Stage =
            switch word {
            case "Idle": .idle
            case "Installed", "Uploaded", "Published": .done
            case "DownloadFailed", "InstallationFailed", "InstallVerificationFailed", "InvalidSignature",
                "InvalidChecksum", "PublishFailed", "UploadFailure", "UploadFailed", "BadMessage",
                "NotSupportedOperation", "PermissionDenied":
                .failed
            case "AcceptedCanceled": .superseded
            default: .running
            }
        return JobNews(kind: kind, number: number, stage: stage, word: String(word.prefix(50)))
    }
}

import Assets
import Charging
import Documents
import Operations
import Quantities

/// Firmware, its publication and logs: ordered in words that both protocols share, followed to their end.
enum JobsAPI {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        try await list(of: call.request.query["station"].map { StationID($0) }, call)
    }

    @Sendable static func listOfStation(_ call: Call) async throws(Refusal) -> WebResponse {
        try await list(of: try await StationsAPI.station(call).station.id, call)
    }

    private static func list(of station: StationID?, _ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let kind = try call.word("kind", StationJob.Kind.self)
        if let cursor = call.cursor, await call.service.job(cursor) == nil { throw Call.unknownCursor }
        let found = await call.service.jobs(of: station, kind: kind, limit: limit + 1, before: call.cursor)
        let page = found.prefix(limit)
        return Listing(
            columns: StationJob.columns, items: page.map(\.json), nextCursor: found.count > limit ? page.last?.id : nil
        ).response(to: call.request, name: "jobs")
    }

    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = call.parameter("id")
        guard let job = await call.service.job(id) else { throw .notFound("job", id) }
        return .json(job.json)
    }

    @Sendable static func updateFirmware(_ call: Call) async throws(Refusal) -> WebResponse {
        try await post(.firmware, call)
    }
    @Sendable static func publishFirmware(_ call: Call) async throws(Refusal) -> WebResponse {
        try await post(.publication, call)
    }
    @Sendable static func getLog(_ call: Call) async throws(Refusal) -> WebResponse { try await post(.log, call) }

    private static func post(_ kind: StationJob.Kind, _ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: JobFields.names(kind) + ["timeout_seconds"])
        let timeout = fields.integer("timeout_seconds", 1...CommandsAPI.longestTimeout)
        let asked = await JobFields.read(&fields, kind, call)
        try fields.throwIfAny()
        guard let asked else { throw Refusal(ServiceFault(.filesOff)) }
        let result = try await call.order(
            .askJob(station, asked.order, file: asked.file, timeout: .seconds(timeout.value ?? 30)))
        return try await CommandsAPI.response(to: result, call)
    }
}

/// The fields that say what is ordered; the same for one station and for a campaign.
enum JobFields {
    static func names(_ kind: StationJob.Kind) -> [String] {
        let always = ["location", "retries", "retry_interval_seconds"]
        return switch kind {
        case .firmware:
            always + ["file", "retrieve_at", "install_at", "signed", "signature", "signing_certificate"]
        case .publication: always + ["file", "checksum"]
        case .log: always + ["type", "from", "to"]
        }
    }

    /// What a page orders, by the fields of the API.
    static func read(
        _ wish: JSONValue, _ kind: StationJob.Kind, _ call: Call
    ) async throws(Refusal) -> (order: JobOrder, file: String?) {
        guard let node = try? JSONNode(Array(wish.text().utf8)) else { throw .invalid([]) }
        var fields = try JSONFields(node, path: "")
        let asked = await read(&fields, kind, call)
        try fields.throwIfAny()
        guard let asked else { throw Refusal(ServiceFault(.filesOff)) }
        return asked
    }

    /// - Returns: `nil`: a file of ours is needed and nobody listens for stations; problems of fields are in `fields`.
    static func read(
        _ fields: inout JSONFields, _ kind: StationJob.Kind, _ call: Call
    ) async -> (order: JobOrder, file: String?)? {
        var order = JobOrder(kind: kind, location: "")
        order.retries = fields.integer("retries", 0...100).value
        order.retryInterval = fields.integer("retry_interval_seconds", 0...86_400).value
        let location = fields.string("location", atMost: 512).value
        if kind == .log { return logOrder(&fields, order, location, call) }
        order.retrieveAt = kind == .firmware ? fields.instant("retrieve_at").value : nil
        order.installAt = kind == .firmware ? fields.instant("install_at").value : nil
        if let retrieve = order.retrieveAt, let install = order.installAt, install < retrieve {
            fields.refuse("install_at", "must not be before retrieve_at")
        }
        let isSigned = kind == .firmware ? fields.bool("signed").value : false
        if kind == .firmware {
            order.signature = fields.string("signature", atMost: 800).value
            order.signingCertificate = fields.text("signing_certificate", atMost: 5500).value
        }
        if kind == .publication { order.checksum = fields.string("checksum", atMost: 32).value?.lowercased() }
        let id = fields.string("file", atMost: 32).value
        guard (id == nil) != (location == nil) else {
            fields.refuse("file", "either the id of a file of ours or a location is expected")
            return (order, nil)
        }
        var file: StoredFile?
        if let id {
            file = await call.service.files.file(id)
            guard let file, file.kind == .firmware else {
                fields.refuse("file", "there is no firmware \(id)")
                return (order, nil)
            }
            order.signature = order.signature ?? file.signature
            order.signingCertificate = order.signingCertificate ?? file.signingCertificate
            if kind == .publication { order.checksum = file.md5 }
            // Long enough for a start that is planned, and for a station that comes back late.
            let begin = max(call.service.now, order.retrieveAt ?? call.service.now)
            guard let address = call.service.files.downloadURL(of: file, until: begin + .days(7)) else { return nil }
            order.location = address
        } else if let location {
            order.location = location
        }
        if kind == .publication, order.checksum?.count != 32 {
            fields.refuse("checksum", "the MD5 of the image is expected, 32 hexadecimal digits")
        }
        if isSigned == false {
            (order.signature, order.signingCertificate) = (nil, nil)
        } else if (order.signature == nil) != (order.signingCertificate == nil)
            || (isSigned == true && order.signature == nil)
        {
            fields.refuse("signature", "a signed update needs signature and signing_certificate, here or with the file")
        }
        return (order, file?.id)
    }

    /// For many stations: without a location each gets an address of ours when its turn comes.
    /// - Returns: `nil`: nobody listens for them; problems of fields are in `fields`.
    static func campaignLog(_ fields: inout JSONFields, _ call: Call) async -> JobOrder? {
        guard var asked = await read(&fields, .log, call) else { return nil }
        if asked.file != nil { asked.order.location = "" }
        return asked.order
    }

    private static func logOrder(
        _ fields: inout JSONFields, _ order: JobOrder, _ location: String?, _ call: Call
    ) -> (order: JobOrder, file: String?)? {
        var order = order
        order.log = fields.word("type", JobOrder.Log.self).value ?? .diagnostics
        order.from = fields.instant("from").value
        order.to = fields.instant("to").value
        if let from = order.from, let to = order.to, to <= from { fields.refuse("to", "must be after from") }
        if let location {
            order.location = location
            return (order, nil)
        }
        let files = call.service.files
        let id = files.newID()
        let name = (order.log ?? .diagnostics).rawValue + ".log"
        guard let address = files.uploadURL(id: id, name: name, until: call.service.now + .days(1)) else { return nil }
        order.location = address
        return (order, id)
    }
}

extension StationJob {
    static let columns = [
        "id", "station", "kind", "state", "word", "at", "asked_at", "by", "number", "file", "location", "retrieve_at",
        "install_at", "signed", "type", "from", "to", "due_at", "firmware_before", "firmware_after", "file_name",
        "received_bytes",
    ]
    var json: JSONValue {
        [
            "id": .string(id), "station": .string(station.value), "kind": .string(order.kind.rawValue),
            "state": .string(state.rawValue), "word": .string(orNull: word), "at": .instant(at),
            "asked_at": .instant(askedAt), "by": .string(by), "number": .int(orNull: order.number),
            "file": .string(orNull: file),
            "location": .string(orNull: order.location.isEmpty ? nil : order.shownLocation),
            "retrieve_at": .instant(order.retrieveAt), "install_at": .instant(order.installAt),
            "retries": .int(orNull: order.retries), "retry_interval_seconds": .int(orNull: order.retryInterval),
            "signed": .bool(order.signature != nil), "checksum": .string(orNull: order.checksum),
            "type": .string(orNull: order.log?.rawValue), "from": .instant(order.from), "to": .instant(order.to),
            "due_at": .instant(dueAt), "firmware_before": .string(orNull: firmwareBefore),
            "firmware_after": .string(orNull: firmwareAfter), "file_name": .string(orNull: fileName),
            "received_bytes": .int(orNull: received),
            "steps": .array(steps.map { ["word": .string($0.word), "at": .instant($0.at)] }),
        ]
    }
    /// In a station: what its newest firmware order came to.
    var brief: JSONValue {
        [
            "job": .string(id), "state": .string(state.rawValue), "word": .string(orNull: word), "at": .instant(at),
            "firmware_after": .string(orNull: firmwareAfter),
        ]
    }
}

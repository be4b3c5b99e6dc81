import Charging
import Operations

extension ChangeWriter {
    func write(_ job: StationJob) throws(SQLiteFailure) {
        let order = job.order
        try statement(
            """
            INSERT INTO station_job (id, station, kind, number, location, retrieve_at, install_at, retries,
                retry_interval, is_signed, checksum, log, log_from, log_to, file, ordered_by, asked_at, due_at,
                firmware_before, state, word, at, firmware_after, file_name, received, steps)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state, word = excluded.word, at = excluded.at,
                firmware_after = excluded.firmware_after, file_name = excluded.file_name,
                received = excluded.received, steps = excluded.steps
            """
        )
        .text(job.id).text(job.station.value).text(order.kind.rawValue).int(order.number)
        .text(order.shownLocation).int(order.retrieveAt?.milliseconds).int(order.installAt?.milliseconds)
        .int(order.retries).int(order.retryInterval).bool(order.signature != nil).text(order.checksum)
        .text(order.log?.rawValue).int(order.from?.milliseconds).int(order.to?.milliseconds).text(job.file)
        .text(job.by).int(job.askedAt.milliseconds).int(job.dueAt?.milliseconds).text(job.firmwareBefore)
        .text(job.state.rawValue).text(job.word).int(job.at.milliseconds).text(job.firmwareAfter).text(job.fileName)
        .int(job.received).text(JobPacking.text(job.steps)).run()
    }

    func write(_ file: StoredFile) throws(SQLiteFailure) {
        try statement(
            """
            INSERT INTO stored_file (id, kind, name, station, bytes, sha256, md5, at, kept_by, signature,
                signing_certificate)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, signature = excluded.signature,
                signing_certificate = excluded.signing_certificate
            """
        )
        .text(file.id).text(file.kind.rawValue).text(file.name).text(file.station?.value).int(file.bytes)
        .text(file.sha256).text(file.md5).int(file.at.milliseconds).text(file.by).text(file.signature)
        .text(file.signingCertificate).run()
    }

    func removeFile(_ id: String) throws(SQLiteFailure) {
        try statement("DELETE FROM stored_file WHERE id = ?").text(id).run()
    }

    func write(_ campaign: Campaign) throws(SQLiteFailure) {
        let plan = campaign.plan
        try statement(
            """
            INSERT INTO campaign (id, name, stations, site, vendor, model, firmware, parallel, attempts, wait_seconds,
                timeout_seconds, length_seconds, file, ordered_by, created_at, state, started_at, ends_at, ended_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state, started_at = excluded.started_at,
                ends_at = excluded.ends_at, ended_at = excluded.ended_at
            """
        )
        .text(campaign.id).text(plan.name).text(plan.selection.stations.map { JobPacking.text(ofStations: $0) })
        .text(plan.selection.site?.value).text(plan.selection.vendor).text(plan.selection.model)
        .text(plan.selection.firmware).int(plan.parallel).int(plan.attempts).int(plan.wait.wholeMilliseconds / 1000)
        .int(plan.timeout.wholeMilliseconds / 1000).int(plan.length.wholeMilliseconds / 1000).text(plan.file)
        .text(campaign.by).int(campaign.createdAt.milliseconds).text(campaign.state.rawValue)
        .int(campaign.startedAt?.milliseconds).int(campaign.endsAt?.milliseconds).int(campaign.endedAt?.milliseconds)
        .run()
        for (version, command) in plan.commands {
            try statement("INSERT OR IGNORE INTO campaign_command VALUES (?, ?, ?, ?)")
                .text(campaign.id).text(version.subprotocol).text(command.action).blob(command.payload).run()
        }
    }

    func write(_ target: CampaignTarget) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO campaign_target VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .text(target.campaign).int(target.position).text(target.station.value).text(target.state.rawValue)
            .int(target.attempts).text(target.command).text(target.word).int(target.at.milliseconds)
            .int(target.notBefore?.milliseconds).run()
    }
}

import Assets
import Charging
import Operations
import Quantities

// Device models, monitors, events, templates, networks and customers. Parts of a name that are not there are kept as NULL;
// `key` is the same for each spelling.
extension ChangeWriter {
    func write(_ change: DeviceChange) throws(SQLiteFailure) {
        switch change {
        case .variables(let id, let news, let at):
            for one in news { try write(one, id, at) }
            try boundVariables(of: id)
        case .restarted(let id, let at):
            try statement(
                """
                UPDATE device_variable SET value = pending, pending = NULL, source = 'restart', at = ?
                WHERE station = ? AND pending IS NOT NULL
                """
            ).int(at.milliseconds).text(id.value).run()
        case .forgetVariables(let id, let before):
            try statement("DELETE FROM device_variable WHERE station = ? AND at < ?")
                .text(id.value).int(before.milliseconds).run()
        case .report(let report): try write(report)
        case .monitors(let id, let monitors, let at):
            for monitor in monitors { try write(monitor, id, at) }
        case .forgetMonitors(let id, let which): try forget(which, id)
        case .monitoring(let id, let base, let level, let at):
            try statement(
                """
                INSERT INTO device_monitoring VALUES (?, ?, ?, ?) ON CONFLICT (station) DO UPDATE SET
                    base = COALESCE(excluded.base, base), level = COALESCE(excluded.level, level), at = excluded.at
                """
            ).text(id.value).text(base).int(level).int(at.milliseconds).run()
        case .event(let id, let event, let at): try write(event, id, at)
        case .template(let template): try write(template)
        case .removeTemplate(let name):
            try statement("DELETE FROM device_template WHERE name = ?").text(name).run()
            try removeParts(ofTemplate: name)
        case .network(let id, let profile, let at):
            try statement("INSERT OR REPLACE INTO network_profile VALUES (?, ?, ?, ?, ?, ?, ?)")
                .text(id.value).int(profile.slot).text(profile.interface).text(profile.url)
                .int(profile.securityProfile).int(profile.messageTimeout).int(at.milliseconds).run()
        case .securityProfile(let change): try write(change)
        case .customer(let inquiry): try write(inquiry)
        case .customerPart(let id, let request, let number, let data, let at):
            try statement("INSERT OR REPLACE INTO customer_part VALUES (?, ?, ?, ?, ?)")
                .text(id.value).int(request).int(number).text(data).int(at.milliseconds).run()
        case .removeCustomer(let id, let request):
            try statement("DELETE FROM customer_part WHERE station = ? AND request = ?").text(id.value).int(request)
                .run()
            try statement("DELETE FROM customer_inquiry WHERE station = ? AND request = ?").text(id.value).int(request)
                .run()
        case .forgetCustomer(let id, let subject, let except):
            try statement(
                """
                DELETE FROM customer_part WHERE station = ?1 AND request IN (
                    SELECT request FROM customer_inquiry WHERE station = ?1 AND subject = ?2 AND request <> ?3)
                """
            ).text(id.value).text(subject).int(except).run()
            try statement("DELETE FROM customer_inquiry WHERE station = ? AND subject = ? AND request <> ?")
                .text(id.value).text(subject).int(except).run()
        }
    }

    // MARK: - Variables

    private func write(_ news: VariableNews, _ id: StationID, _ at: Instant) throws(SQLiteFailure) {
        switch news {
        case .reported(let variable):
            try statement(
                """
                INSERT INTO device_variable (station, key, component, component_instance, evse, connector, variable,
                    instance, attribute, value, mutability, persistent, constant, kind, unit, min_limit, max_limit,
                    max_elements, values_list, monitoring, at, source)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'report')
                ON CONFLICT (station, key) DO UPDATE SET value = excluded.value, mutability = excluded.mutability,
                    persistent = excluded.persistent, constant = excluded.constant, kind = excluded.kind,
                    unit = excluded.unit, min_limit = excluded.min_limit, max_limit = excluded.max_limit,
                    max_elements = excluded.max_elements, values_list = excluded.values_list,
                    monitoring = excluded.monitoring, at = excluded.at, source = excluded.source
                """
            )
            .name(variable.name, variable.attribute, of: id).text(variable.value).text(variable.mutability?.rawValue)
            .flag(variable.isPersistent).flag(variable.isConstant).text(variable.kind?.rawValue).text(variable.unit)
            .text(variable.minLimit).text(variable.maxLimit).int(variable.maxElements).text(variable.valuesList)
            .flag(variable.supportsMonitoring).int(at.milliseconds).run()
        case .read(let name, let attribute, let value, let mutability):
            try statement(
                """
                INSERT INTO device_variable (station, key, component, component_instance, evse, connector, variable,
                    instance, attribute, value, mutability, at, source)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'read')
                ON CONFLICT (station, key) DO UPDATE SET value = excluded.value,
                    mutability = COALESCE(excluded.mutability, mutability), at = excluded.at, source = excluded.source
                """
            )
            .name(name, attribute, of: id).text(value).text(mutability?.rawValue).int(at.milliseconds).run()
        case .set(let name, let attribute, let value, afterRestart: false):
            try statement(
                """
                INSERT INTO device_variable (station, key, component, component_instance, evse, connector, variable,
                    instance, attribute, value, at, source)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'set')
                ON CONFLICT (station, key) DO UPDATE SET value = excluded.value, pending = NULL, at = excluded.at,
                    source = excluded.source
                """
            )
            .name(name, attribute, of: id).text(value).int(at.milliseconds).run()
        case .set(let name, let attribute, let value, afterRestart: true):
            try statement(
                """
                INSERT INTO device_variable (station, key, component, component_instance, evse, connector, variable,
                    instance, attribute, pending, at, source)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'set')
                ON CONFLICT (station, key) DO UPDATE SET pending = excluded.pending, at = excluded.at,
                    source = excluded.source
                """
            )
            .name(name, attribute, of: id).text(value).int(at.milliseconds).run()
        case .gone(let name, let attribute):
            try statement("DELETE FROM device_variable WHERE station = ? AND key = ?")
                .text(id.value).text(DeviceVariable(name: name, attribute: attribute).key).run()
        }
    }

    /// Of too many those go that were told longest ago.
    private func boundVariables(of id: StationID) throws(SQLiteFailure) {
        try statement(
            """
            DELETE FROM device_variable WHERE station = ?1
                AND (SELECT COUNT(*) FROM device_variable WHERE station = ?1) > ?2
                AND key NOT IN (
                    SELECT key FROM device_variable WHERE station = ?1 ORDER BY at DESC, key DESC LIMIT ?2)
            """
        ).text(id.value).int(DeviceVariable.most).run()
    }

    private func write(_ report: DeviceReport) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO device_report VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .text(report.station.value).bool(report.isOfMonitors).int(report.request).text(report.scope.rawValue)
            .int(report.orderedAt?.milliseconds).int(report.firstAt?.milliseconds).int(report.lastAt?.milliseconds)
            .text(report.parts.text).int(report.items).run()
        // The key of 1.6 is always 0, those of 2.x grow.
        try statement(
            """
            DELETE FROM device_report WHERE station = ?1 AND request NOT IN (
                SELECT request FROM device_report WHERE station = ?1
                ORDER BY COALESCE(last_at, ordered_at) DESC LIMIT 8)
            """
        ).text(report.station.value).run()
    }

    // MARK: - Monitoring

    private func write(_ monitor: DeviceMonitor, _ id: StationID, _ at: Instant) throws(SQLiteFailure) {
        let name = monitor.name
        try statement(
            """
            INSERT INTO device_monitor SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14
            WHERE (SELECT COUNT(*) FROM device_monitor WHERE station = ?1 AND id <> ?2) < ?15
            ON CONFLICT (station, id) DO UPDATE SET component = excluded.component,
                component_instance = excluded.component_instance, evse = excluded.evse,
                connector = excluded.connector, variable = excluded.variable, instance = excluded.instance,
                kind = excluded.kind, value = excluded.value, severity = excluded.severity,
                transactional = excluded.transactional, origin = excluded.origin, at = excluded.at
            """
        )
        .text(id.value).int(monitor.id).text(name.component).text(name.componentInstance).int(name.evse)
        .int(name.connector).text(name.variable).text(name.instance).text(monitor.kind).text(monitor.value)
        .int(monitor.severity).bool(monitor.isTransactional).text(monitor.origin).int(at.milliseconds)
        .int(DeviceMonitor.most).run()
    }

    private func forget(_ which: DeviceChange.Forgotten, _ id: StationID) throws(SQLiteFailure) {
        switch which {
        case .these(let ids):
            for one in ids {
                try statement("DELETE FROM device_monitor WHERE station = ? AND id = ?").text(id.value).int(one).run()
            }
        case .before(let instant):
            try statement("DELETE FROM device_monitor WHERE station = ? AND at < ?")
                .text(id.value).int(instant.milliseconds).run()
        case .custom:
            try statement("DELETE FROM device_monitor WHERE station = ? AND origin = ?")
                .text(id.value).text(DeviceMonitor.custom).run()
        }
    }

    /// An event that is told again is the same event; one that clears says it of the open ones of its subject.
    private func write(_ event: DeviceEvent, _ id: StationID, _ at: Instant) throws(SQLiteFailure) {
        let name = event.name
        let isNew = try statement(
            """
            INSERT INTO device_event (station, number, at, received_at, trigger_word, notification, component,
                component_instance, evse, connector, variable, instance, value, cleared, severity, monitor, cause,
                tech_code, tech_info, transaction_id, subject)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21
            WHERE NOT EXISTS (
                SELECT 1 FROM device_event WHERE station = ?1 AND at = ?3 AND number = ?2 AND subject = ?21)
            """
        )
        .text(id.value).int(event.number).int(event.at.milliseconds).int(at.milliseconds).text(event.trigger)
        .text(event.notification).text(name.component).text(name.componentInstance).int(name.evse)
        .int(name.connector).text(name.variable).text(name.instance).text(event.value).bool(event.isCleared)
        .int(event.severity).int(event.monitor).int(event.cause).text(event.techCode).text(event.techInfo)
        .text(event.transaction).text(event.subject).run()
        guard isNew > 0, event.isCleared else { return }
        try statement(
            """
            UPDATE device_event SET cleared_at = ?, cleared_by = ? WHERE station = ? AND subject = ?
                AND trigger_word = 'Alerting' AND cleared = 0 AND cleared_at IS NULL
            """
        ).int(event.at.milliseconds).int(event.number).text(id.value).text(event.subject).run()
    }

    // MARK: - Templates

    private func write(_ template: DeviceTemplate) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO device_template VALUES (?, ?, ?, ?, ?)")
            .text(template.name).text(template.note).int(template.changedAt.milliseconds).text(template.changedBy)
            .bool(template.alarms).run()
        try removeParts(ofTemplate: template.name)
        for (position, setting) in template.settings.enumerated() {
            let name = setting.name
            try statement("INSERT INTO device_template_setting VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                .text(template.name).int(position).text(name.component).text(name.componentInstance).int(name.evse)
                .int(name.connector).text(name.variable).text(name.instance).text(setting.attribute.rawValue)
                .text(setting.value).run()
        }
        for station in template.stations {
            try statement("INSERT INTO device_template_station VALUES (?, ?)").text(template.name).text(station.value)
                .run()
        }
    }

    private func removeParts(ofTemplate name: String) throws(SQLiteFailure) {
        try statement("DELETE FROM device_template_setting WHERE template = ?").text(name).run()
        try statement("DELETE FROM device_template_station WHERE template = ?").text(name).run()
    }

    // MARK: - Security profile, customers

    private func write(_ change: SecurityProfileChange) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO security_profile_change VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .text(change.station.value).int(change.target).int(change.previous).int(change.network?.slot)
            .text(change.network?.interface).text(change.network?.url).int(change.network?.messageTimeout)
            .text(change.priority).text(change.state.rawValue).int(change.at.milliseconds).text(change.word)
            .int(change.attempts).run()
    }

    private func write(_ inquiry: CustomerInquiry) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO customer_inquiry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .text(inquiry.station.value).int(inquiry.request).text(inquiry.subject).bool(inquiry.isReport)
            .bool(inquiry.isClear).int(inquiry.orderedAt.milliseconds).text(inquiry.by).text(inquiry.status)
            .text(inquiry.parts.text).int(inquiry.lastAt?.milliseconds).run()
    }

    /// Everything of a station that goes; its events stay until their retention ends.
    func removeDevice(of station: StationID) throws(SQLiteFailure) {
        try statement("DELETE FROM device_variable WHERE station = ?").text(station.value).run()
        try statement("DELETE FROM device_report WHERE station = ?").text(station.value).run()
        try statement("DELETE FROM device_monitor WHERE station = ?").text(station.value).run()
        try statement("DELETE FROM device_monitoring WHERE station = ?").text(station.value).run()
        try statement("DELETE FROM network_profile WHERE station = ?").text(station.value).run()
        try statement("DELETE FROM security_profile_change WHERE station = ?").text(station.value).run()
        try statement("DELETE FROM customer_part WHERE station = ?").text(station.value).run()
        try statement("DELETE FROM customer_inquiry WHERE station = ?").text(station.value).run()
    }
}

extension HotStatement {
    fileprivate func flag(_ value: Bool?) -> HotStatement { int(value.map { $0 ? 1 : 0 as Int64 }) }

    /// Station, key and the parts of the name.
    fileprivate func name(_ name: VariableName, _ attribute: DeviceAttribute, of station: StationID) -> HotStatement {
        text(station.value).text(DeviceVariable(name: name, attribute: attribute).key).text(name.component)
            .text(name.componentInstance).int(name.evse).int(name.connector).text(name.variable).text(name.instance)
            .text(attribute.rawValue)
    }
}

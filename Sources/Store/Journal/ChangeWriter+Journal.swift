import Foundation
import Operations

extension ChangeWriter {
    func write(_ record: MessageRecord) throws(SQLiteFailure) {
        try statement(
            """
            INSERT INTO message (station, at, outbound, message_id, action, frame, reply, problem)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        .text(record.station.value).int(record.at.milliseconds).bool(record.direction == .outbound)
        .text(record.messageID).text(record.action).blob(record.text).blob(record.reply).text(record.problem).run()
    }

    func write(_ record: AuditRecord) throws(SQLiteFailure) {
        try statement("INSERT INTO audit (at, actor, role, action, object, detail) VALUES (?, ?, ?, ?, ?, ?)")
            .int(record.at.milliseconds).text(record.actor).text(record.role).text(record.action).text(record.object)
            .text(record.detail).run()
    }

    func write(_ command: CommandView) throws(SQLiteFailure) {
        try statement(
            """
            INSERT INTO command (id, station, action, payload, status, created_at, finished_at, response, error_code,
                error_description, ordered_by)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET status = excluded.status, finished_at = excluded.finished_at,
                response = excluded.response, error_code = excluded.error_code,
                error_description = excluded.error_description
            """
        )
        .text(command.id).text(command.station.value).text(command.action).blob(command.payload)
        .text(command.status.rawValue).int(command.createdAt.milliseconds).int(command.finishedAt?.milliseconds)
        .blob(command.response).text(command.errorCode).text(command.errorDescription).text(command.by).run()
    }

    func write(_ alarm: Alarm) throws(SQLiteFailure) {
        try statement(
            """
            INSERT INTO alarm VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET priority = excluded.priority, detail = excluded.detail,
                ended_at = excluded.ended_at, acknowledged_by = excluded.acknowledged_by,
                acknowledged_at = excluded.acknowledged_at
            """
        )
        .int(alarm.id).int(alarm.priority.rawValue).text(alarm.code).text(alarm.site?.value).text(alarm.object)
        .text(NamedValues.text(alarm.values)).int(alarm.since.milliseconds).int(alarm.endedAt?.milliseconds)
        .text(alarm.acknowledgedBy).int(alarm.acknowledgedAt?.milliseconds).run()
    }
}

/// Named values as a JSON object with sorted keys, readable in any SQLite tool.
enum NamedValues {
    static func text(_ values: [String: String]) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A dictionary of texts always encodes.
        return (try? encoder.encode(values)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
    static func values(_ text: String) throws(StoreFault) -> [String: String] {
        guard let values = try? JSONDecoder().decode([String: String].self, from: Data(text.utf8)) else {
            throw .damaged(.alarmValuesDamaged)
        }
        return values
    }
}

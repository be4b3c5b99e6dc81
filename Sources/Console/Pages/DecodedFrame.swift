import Operations
import Quantities

/// An OCPP-J frame in words: a line that says what matters, and every field with its meaning.
struct DecodedFrame {
    struct Field {
        /// `meterValue[0].sampledValue[1].value`
        let path: String
        let meaning: String?
        let value: String
    }
    let summary: String
    let fields: [Field]

    /// More fields than these are counted, not shown: the frame itself stands beside them.
    static let mostFields = 80

    /// `nil` when the text is no frame.
    init?(_ record: MessageRecord, _ format: Format) {
        guard let frame = try? JSONNode(record.text), case .array(let parts) = frame.content,
            let kind = parts.first?.numberText
        else { return nil }
        let t = format.words
        var reader = Reader(words: t, format: format)
        switch kind {
        case "2" where parts.count >= 4, "6" where parts.count >= 4:
            reader.read(parts[3])
            summary = reader.summary.isEmpty ? t("message.empty") : reader.summary
        case "3" where parts.count >= 3:
            reader.read(parts[2])
            summary = reader.summary.isEmpty ? t("message.empty") : reader.summary
        case "4" where parts.count >= 4:
            summary = [parts[2].text, parts[3].text].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
            if parts.count > 4 { reader.read(parts[4]) }
        default: return nil
        }
        fields = reader.fields
    }

    /// What the platform answered, in one line.
    static func answer(_ payload: [UInt8], _ format: Format) -> String {
        var reader = Reader(words: format.words, format: format)
        guard let node = try? JSONNode(payload) else { return "" }
        reader.read(node)
        return reader.summary.isEmpty ? format.words("message.empty") : reader.summary
    }
}

extension DecodedFrame {
    private struct Reader {
        let words: Words
        let format: Format
        var fields: [Field] = []
        private var samples: [String] = []
        private var schedule: String?

        init(words: Words, format: Format) {
            self.words = words
            self.format = format
        }

        mutating func read(_ payload: JSONNode) { walk(payload, path: "", key: "") }

        private mutating func walk(_ node: JSONNode, path: String, key: String) {
            guard fields.count < DecodedFrame.mostFields else { return }
            switch node.content {
            case .object(let members):
                if key == "sampledValue" { note(sample: node) }
                if key == "chargingSchedule" { note(schedule: node) }
                for (name, value) in members { walk(value, path: path.isEmpty ? name : path + "." + name, key: name) }
            case .array(let items):
                for (index, item) in items.enumerated() { walk(item, path: "\(path)[\(index)]", key: key) }
            case .string(let text): add(path, key, shown(text, key))
            case .number(let text): add(path, key, text)
            case .bool(let flag): add(path, key, words(flag ? "value.yes" : "value.no"))
            case .null: add(path, key, Format.none)
            }
        }

        private mutating func add(_ path: String, _ key: String, _ value: String) {
            fields.append(Field(path: path, meaning: words.known("ocpp." + key), value: value))
        }

        /// Words of the protocol with their meaning, instants in the site's time.
        private func shown(_ text: String, _ key: String) -> String {
            if let instant = Instant(text) { return "\(format.day(instant)) \(format.seconds(instant))" }
            let prefixes = ["status.", "answer.", "reason.", "purpose.", "ocpp.value."]
            let isStatus = ["status", "reason", "type", "chargingProfilePurpose"].contains(key)
            let wording = isStatus ? prefixes.lazy.compactMap { words.known($0 + text) }.first : nil
            return wording.map { $0 == text ? text : "\($0) (\(text))" } ?? text
        }

        /// 6.9 kW, 12.345 kWh, 54 %.
        private mutating func note(sample node: JSONNode) {
            guard let value = node["value"]?.text ?? node["value"]?.numberText, node["phase"] == nil else { return }
            let measurand = node["measurand"]?.text ?? "Energy.Active.Import.Register"
            let name = words.known("measurand." + measurand) ?? measurand
            samples.append("\(name) \(value) \(node["unit"]?.text ?? (measurand.hasPrefix("Energy") ? "Wh" : ""))")
        }

        private mutating func note(schedule node: JSONNode) {
            guard case .array(let periods)? = node["chargingSchedulePeriod"]?.content,
                let limit = periods.first?["limit"]?.numberText
            else { return }
            schedule = words(
                "message.schedule",
                ["limit": limit, "unit": node["chargingRateUnit"]?.text ?? "", "periods": String(periods.count)])
        }

        /// Fields that people look for first.
        private static let telling = [
            "connectorId", "status", "errorCode", "idTag", "transactionId", "reason", "meterStart", "meterStop",
            "chargePointVendor", "chargePointModel", "firmwareVersion", "key", "value", "requestedMessage", "type",
            "chargingProfilePurpose", "stackLevel", "interval", "duration",
        ]

        var summary: String {
            var parts: [String] = []
            for name in Self.telling {
                guard let field = fields.first(where: { $0.path == name || $0.path.hasSuffix("." + name) }),
                    // Samples and periods have their own words.
                    !field.path.contains("[")
                else { continue }
                if name == "errorCode", field.value == "NoError" { continue }
                parts.append("\(field.meaning ?? name) \(field.value)")
            }
            parts += samples.prefix(4)
            if let schedule { parts.append(schedule) }
            if parts.isEmpty { parts = fields.prefix(3).map { "\($0.meaning ?? $0.path) \($0.value)" } }
            return parts.prefix(7).joined(separator: " · ")
        }
    }
}

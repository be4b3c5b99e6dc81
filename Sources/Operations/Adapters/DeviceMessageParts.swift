public import Charging
import OCPPMessages

// A long list of variables goes out in as many messages as the station's own bounds ask for: `DeviceDataCtrlr.ItemsPerMessage`
// and `.BytesPerMessage` of GetVariables and SetVariables (2.0.1 B05.FR.11, B06.FR.05), `GetConfigurationMaxKeys` in 1.6.
extension DevicePicture {
    /// Where the station told no bound: as few as any should take.
    static let usualItems = 10
    /// Schemas know no bound; this keeps a message readable for whoever looks at it.
    static let mostItems = 50
    /// Of the frame around a payload: type, id and action.
    static let frameBytes = 100

    public func parts(setting settings: [VariableSetting]) -> [[VariableSetting]] {
        split(
            settings, atMost: bound("ItemsPerMessage", "SetVariables"), bytes: bound("BytesPerMessage", "SetVariables"),
            isWith16: settings.first?.name.component.isEmpty ?? false ? 1 : nil, size: OCPP2Adapter.set)
    }

    public func parts(reading questions: [VariableQuestion]) -> [[VariableQuestion]] {
        let keys = value("", "GetConfigurationMaxKeys").flatMap { Int($0) }.map { max(1, $0) }
        return split(
            questions, atMost: bound("ItemsPerMessage", "GetVariables"),
            bytes: bound("BytesPerMessage", "GetVariables"),
            isWith16: questions.first?.name.component.isEmpty ?? false
                ? min(keys ?? Self.mostItems, Self.mostItems) : nil,
            size: OCPP2Adapter.get)
    }

    /// `nil`: the station told none. Some write the action into the variable's name.
    private func bound(_ variable: String, _ action: String) -> Int? {
        let text =
            value("DeviceDataCtrlr", variable, instance: action) ?? value("DeviceDataCtrlr", variable + action)
        return text.flatMap { Int($0) }.map { max(1, $0) }
    }

    /// - Parameters:
    ///   - isWith16: items a message for 1.6, which knows no bytes; `nil`: it is 2.x.
    ///   - size: the payload that carries these items.
    private func split<Item>(
        _ items: [Item], atMost told: Int?, bytes: Int?, isWith16: Int?, size: ([Item]) -> [UInt8]
    ) -> [[Item]] {
        let most = isWith16 ?? min(told ?? Self.usualItems, Self.mostItems)
        let room = isWith16 == nil ? bytes.map { $0 - Self.frameBytes - size([]).count } : nil
        var parts: [[Item]] = []
        var left = 0
        for item in items {
            // One that is too long alone goes alone: the station says what it thinks of it.
            let length = room == nil ? 0 : size([item]).count - size([]).count + 1
            if let last = parts.indices.last, parts[last].count < most, room == nil || length <= left {
                parts[last].append(item)
            } else {
                parts.append([item])
                left = room ?? 0
            }
            left -= length
        }
        return parts
    }
}

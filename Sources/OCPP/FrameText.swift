import OCPPMessages

/// OCPP-J messages as they go on the wire.
public enum FrameText {
    public static func call(messageID: String, action: String, payload: some Collection<UInt8>) -> [UInt8] {
        var writer = begin(2, messageID, payload.count + action.utf8.count)
        writer.value(action)
        writer.raw(payload)
        writer.endArray()
        return writer.bytes
    }

    public static func result(messageID: String, payload: some Collection<UInt8>) -> [UInt8] {
        var writer = begin(3, messageID, payload.count)
        writer.raw(payload)
        writer.endArray()
        return writer.bytes
    }

    /// - Parameter description: cut to the 255 characters that OCPP-J allows.
    public static func error(messageID: String, code: String, description: String) -> [UInt8] {
        error(type: 4, messageID, code, description)
    }

    /// CALLRESULTERROR of 2.1: the answer to a CALLRESULT that cannot be used.
    public static func resultError(messageID: String, code: String, description: String) -> [UInt8] {
        error(type: 5, messageID, code, description)
    }

    private static func error(type: Int, _ messageID: String, _ code: String, _ description: String) -> [UInt8] {
        var writer = begin(type, messageID, code.utf8.count + description.utf8.count)
        writer.value(code)
        writer.value(description.utf8.count <= 255 ? description : String(description.prefix(255)))
        writer.beginObject()
        writer.endObject()
        writer.endArray()
        return writer.bytes
    }

    private static func begin(_ type: Int, _ messageID: String, _ rest: Int) -> JSONWriter {
        var writer = JSONWriter(reserving: rest + messageID.utf8.count + 24)
        writer.beginArray()
        writer.value(type)
        writer.value(messageID)
        return writer
    }
}

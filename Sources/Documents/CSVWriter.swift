/// Writes RFC 4180 CSV that ``CSVDocument`` reads back unchanged.
public enum CSVWriter {
    /// Put before the first line for spreadsheets, which otherwise take UTF-8 for the machine's old code page.
    public static let byteOrderMark = "\u{FEFF}"

    /// One line with its line feed; fields with commas, quotes, line ends or outer spaces are quoted.
    public static func line(_ fields: [String]) -> String {
        // A line of one empty field would read back as a blank line.
        if fields == [""] { return "\"\"\n" }
        return fields.map(quoted).joined(separator: ",") + "\n"
    }

    private static func quoted(_ field: String) -> String {
        let special = field.utf8.contains { byte in
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
                || byte == UInt8(ascii: "\r")
        }
        let outer: Set<UInt8> = [UInt8(ascii: " "), UInt8(ascii: "\t")]
        let padded = [field.utf8.first, field.utf8.last].contains { $0.map(outer.contains) ?? false }
        guard special || padded else { return field }
        var text = "\""
        for scalar in field.unicodeScalars {
            if scalar == "\"" { text += "\"\"" } else { text.unicodeScalars.append(scalar) }
        }
        return text + "\""
    }
}

/// Words that stations say in nearly every reading, as one byte each; any other text is written out.
///
/// The lists are part of what is on the disk: append to them, never reorder.
enum ReadingWords {
    /// Measurands, units, phases, locations and contexts of OCPP 1.6 §7.31–7.45 and 2.1 §3.
    private static let words: [String] = [
        "Energy.Active.Import.Register", "Energy.Active.Export.Register", "Power.Active.Import", "Power.Active.Export",
        "Current.Import", "Current.Export", "Current.Offered", "Power.Offered", "Voltage", "SoC", "Temperature",
        "Frequency", "Power.Factor", "RPM", "Energy.Active.Import.Interval", "Energy.Active.Export.Interval",
        "Energy.Reactive.Import.Register", "Energy.Reactive.Export.Register", "Energy.Reactive.Import.Interval",
        "Energy.Reactive.Export.Interval", "Power.Reactive.Import", "Power.Reactive.Export",
        "Wh", "kWh", "varh", "kvarh", "W", "kW", "VA", "kVA", "var", "kvar", "A", "V", "K", "Celcius", "Celsius",
        "Fahrenheit", "Percent", "Hertz", "",
        "L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1",
        "Body", "Cable", "EV", "Inlet", "Outlet", "Upstream",
        "Sample.Periodic", "Sample.Clock", "Transaction.Begin", "Transaction.End", "Trigger", "Interruption.Begin",
        "Interruption.End", "Other",
    ]
    private static let numbers: [String: Int] = Dictionary(uniqueKeysWithValues: zip(words, 0...))

    /// 0 nothing, 1 a text that follows, from 2 on a word of the list.
    static func put(_ word: String?, _ out: inout Packer) {
        guard let word else { return out.byte(0) }
        if let number = numbers[word] {
            out.count(number + 2)
        } else {
            out.byte(1)
            out.text(word)
        }
    }

    static func word(_ from: inout Unpacker) throws(Unpacker.Damage) -> String? {
        let number = try from.number(atMost: words.count + 1)
        switch number {
        case 0: return nil
        case 1: return try from.text()
        default: return words[number - 2]
        }
    }
}

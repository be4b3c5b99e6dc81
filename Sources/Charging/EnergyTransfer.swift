/// How energy may flow between a vehicle and a station, in the standard's words (OCPP 2.1 `EnergyTransferModeEnumType`).
public enum EnergyTransfer {
    public static let words = [
        "AC_single_phase", "AC_two_phase", "AC_three_phase", "DC", "AC_BPT", "AC_BPT_DER", "AC_DER", "DC_BPT",
        "DC_ACDP", "DC_ACDP_BPT", "WPT",
    ]

    /// `false`: it only charges.
    public static func isBidirectional(_ word: String) -> Bool { word.contains("BPT") }

    /// The transfer of the same plug that only charges.
    /// - Parameter phases: of the EVSE, where the word for both directions does not say how many there are.
    public static func chargingOnly(_ word: String, phases: Int) -> String {
        switch word {
        case "AC_BPT": phases == 1 ? "AC_single_phase" : phases == 2 ? "AC_two_phase" : "AC_three_phase"
        case "AC_BPT_DER": "AC_DER"
        case "DC_BPT": "DC"
        case "DC_ACDP_BPT": "DC_ACDP"
        default: word
        }
    }

    /// Whether a permission covers a transfer. Who may give back over a plug may charge over it too; nobody gives back
    /// without a word that says so.
    /// - Parameter permission: `nil`: nobody said anything, which covers charging.
    public static func allows(_ permission: [String]?, _ word: String) -> Bool {
        guard let permission else { return !isBidirectional(word) }
        if permission.contains(word) { return true }
        return !isBidirectional(word) && permission.contains { isBidirectional($0) && plug(of: $0) == plug(of: word) }
    }

    private static func plug(of word: String) -> String {
        for plug in ["DC_ACDP", "DC", "AC", "WPT"] where word.hasPrefix(plug) { return plug }
        return word
    }
}

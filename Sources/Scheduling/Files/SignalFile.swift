public import Documents
import Quantities

/// A signal CSV, `slot,kw`: what a fleet is asked to draw in each slot of a horizon; slots without a row are 0.
public struct SignalFile: Sendable {
    public let file: String
    /// kW by slot, charging positive, to the last slot named.
    public let power: [Double]

    public init(_ bytes: [UInt8], file: String) throws(Problems) {
        var rows: [Int: (power: Double, line: Int)] = [:]
        try CSVDocument.forEachRow(bytes, file: file, required: ["slot", "kw"]) { row, problems in
            let (slotText, powerText) = (row["slot"] ?? "", row["kw"] ?? "")
            let slot = Int(slotText).flatMap { (0..<PlanningCase.slotLimit).contains($0) ? $0 : nil }
            let power = Rational(decimal: powerText).flatMap {
                (-SignalFile.limit...SignalFile.limit).contains($0) ? $0 : nil
            }
            if slot == nil {
                problems.add(row.problem("slot", .notASlot(slotText, limit: PlanningCase.slotLimit - 1)))
            }
            if power == nil { problems.add(row.problem("kw", .notAPower(powerText))) }
            guard let slot, let power else { return }
            if let first = rows[slot] {
                problems.add(row.problem("slot", .slotRepeated(slot, line: first.line)))
                return
            }
            rows[slot] = (power.approximate, row.line)
        }
        self.file = file
        power = (0..<((rows.keys.max() ?? -1) + 1)).map { rows[$0]?.power ?? 0 }
    }

    /// kW: 100 GW.
    private static let limit = Rational(100_000_000)
}

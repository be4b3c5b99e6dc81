public import Documents
import Quantities

extension GridFrequency {
    /// A record read from a file of two columns: `at`, an instant, and `hz`, from 40 to 70 with three decimals that count.
    /// - Throws: ``Problems`` when a column is missing or a cell cannot be read.
    public init(csv bytes: [UInt8], file: String) throws(Problems) {
        let table = try CSVDocument(bytes, file: file, required: ["at", "hz"])
        var steps: [Step] = []
        var problems = ProblemList()
        for row in table.rows {
            guard let at = Instant(row["at"] ?? "") else {
                problems.add(row.problem("at", .instantNeeded))
                continue
            }
            guard let hertz = Rational(decimal: row["hz"] ?? ""), (40...70).contains(hertz.approximate) else {
                problems.add(row.problem("hz", .hertzNeeded))
                continue
            }
            steps.append(Step(at: at, millihertz: Int64((hertz.approximate * 1000).rounded())))
        }
        try problems.throwIfAny()
        self.init(steps)
    }
}

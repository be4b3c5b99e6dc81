import Operations

// What went wrong, in the reader's language: by code where there is one, else as it came.
extension Words {
    func problem(_ mistake: Mistake) -> String {
        if let message = mistake.message { return language == .chinese ? message.zh : message.en }
        return mistake.code.flatMap { known("problem." + $0, mistake.values) } ?? mistake.problem
    }

    /// Where it is: line and column of a file, else the field.
    func place(_ mistake: Mistake) -> String {
        guard let line = mistake.line else { return mistake.field }
        let values = ["line": String(line), "column": mistake.field]
        return self(mistake.field.isEmpty ? "problem.line" : "problem.line.column", values)
    }

    /// A refusal's sentence; `nil` when there is no wording of its code.
    func fault(_ refusal: Refusal) -> String? {
        var values = refusal.values
        for name in ["role", "own"] { values[name] = values[name].map { self("role." + $0) } }
        return known("fault." + refusal.code, values)
    }

    /// The fields of a refusal, or its one sentence.
    func mistakes(_ refusal: Refusal) -> [Mistake] {
        refusal.fields.isEmpty ? [Mistake(path: "", problem: fault(refusal) ?? refusal.detail)] : refusal.fields
    }

    func note(_ note: CommissioningNote) -> String {
        var values = note.values
        if let step = values["step"] { values["step"] = self("commissioning.step." + step) }
        if let silence = values["silence"] { values["silence"] = self("commissioning.silence." + silence) }
        return self("commissioning." + note.code.rawValue, values)
    }

    func failure(_ failure: CommandFailure) -> String { self("failure." + failure.rawValue) }
}

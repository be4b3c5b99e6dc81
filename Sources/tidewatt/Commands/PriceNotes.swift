import Documents
import Rulebook

/// What prices rest on where that is not settled, for people.
struct PriceNotes {
    let notes: [PriceNote]

    /// `nil` when everything is settled: one line each, then what to do.
    func text(in say: Language) -> String? {
        if notes.isEmpty { return nil }
        return say("What the prices rest on:", "价格依据说明：") + "\n" + notes.map { line($0, say) + "\n" }.joined()
    }

    private func line(_ note: PriceNote, _ say: Language) -> String {
        var text = "  \(note.part)" + say(": ", "：") + reasons(note, say)
        if let holds = note.holds { text += say("; ", "；") + period(holds, say) }
        let source = [note.source.document, note.source.note].compactMap { $0 }.joined(separator: "; ")
        return source.isEmpty ? text : text + " (\(source))"
    }

    private func reasons(_ note: PriceNote, _ say: Language) -> String {
        note.reasons.map { say($0.name.en, $0.name.zh) }.joined(separator: say(", ", "、"))
    }

    private func period(_ holds: Tariff.Validity, _ say: Language) -> String {
        switch (holds.from, holds.through) {
        case (let from?, let through?): say("published for \(from) to \(through)", "公布的适用期为 \(from) 至 \(through)")
        case (let from?, nil): say("published for days from \(from)", "自 \(from) 起适用")
        case (nil, let through?): say("published for days until \(through)", "适用至 \(through)")
        case (nil, nil): ""
        }
    }

    /// One line on stderr, which also somebody sees who keeps the answer in a file.
    func complain(about file: String, in say: Language) {
        if notes.isEmpty { return }
        let parts = notes.map { "\($0.part) (\(reasons($0, say)))" }.joined(separator: say(", ", "、"))
        Output.complain(Problem(file: file, line: 0, message: .notSettled(parts)), in: say)
    }
}

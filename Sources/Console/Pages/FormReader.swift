import Operations
import Quantities

/// Reads a posted form and collects what is wrong with it, field by field, by codes that a page words in its language.
struct FormReader {
    let form: FormFields
    private(set) var mistakes: [Mistake] = []

    init(_ call: Call) { form = call.form }

    mutating func refuse(_ name: String, _ problem: some Wording) { mistakes.append(Mistake(path: name, problem)) }
    mutating func refuse(_ news: [Mistake]) { mistakes += news }

    /// Without outer spaces; `nil`: left empty.
    mutating func text(_ name: String, atMost most: Int, needed: Bool = false) -> String? {
        guard let text = form.filled(name) else {
            if needed { refuse(name, InputProblem.needed) }
            return nil
        }
        if text.unicodeScalars.count > most { refuse(name, InputProblem.longerThan(most: most)) }
        return text
    }

    mutating func whole(_ name: String, _ range: ClosedRange<Int>, needed: Bool = false) -> Int? {
        guard let text = text(name, atMost: 20, needed: needed) else { return nil }
        if let number = Int(text), range.contains(number) { return number }
        refuse(
            name,
            InputProblem.notInRange(
                given: String(text.prefix(20)), from: String(range.lowerBound), to: String(range.upperBound)))
        return nil
    }

    /// A count of `10^-scale` of the field's unit, rounded to the nearest.
    mutating func decimal(
        _ name: String, scale: Int, _ range: ClosedRange<Int64>, needed: Bool = false
    ) -> Int64? {
        guard let text = text(name, atMost: 20, needed: needed) else { return nil }
        if let number = scaledLimit(text, scale: scale), range.contains(number) { return number }
        func shown(_ bound: Int64) -> String { decimalText(Int128(bound), scale: scale) }
        refuse(
            name,
            InputProblem.notInRange(
                given: String(text.prefix(20)), from: shown(range.lowerBound), to: shown(range.upperBound)))
        return nil
    }

    /// Always needed.
    mutating func day(_ name: String) -> CivilDay? {
        guard let text = text(name, atMost: 20, needed: true) else { return nil }
        if let day = CivilDay(text) { return day }
        refuse(name, InputProblem.day)
        return nil
    }

    /// Of a closed list that the page offers.
    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Word.Type, needed: Bool = false
    ) -> Word? where Word.RawValue == String {
        guard let text = text(name, atMost: 60, needed: needed) else { return nil }
        if let word = Word(rawValue: text) { return word }
        refuse(name, InputProblem.notOneOf(Word.allCases.map(\.rawValue)))
        return nil
    }

    /// A box that must be ticked before what hurts is done.
    mutating func confirmation(_ name: String) {
        if !isChecked(name) { refuse(name, InputProblem.notConfirmed) }
    }

    func isChecked(_ name: String) -> Bool { form[name] != nil }

    /// Ids apart by spaces, commas or lines; each once.
    func ids(_ name: String) -> [String] {
        var seen: Set<String> = []
        // "\r\n", as browsers send it, is one character.
        return (form[name] ?? "").split { $0.isNewline || " ,;\t".contains($0) }.map(String.init).filter {
            seen.insert($0).inserted
        }
    }

    func throwIfAny() throws(Refusal) {
        if !mistakes.isEmpty { throw .invalid(mistakes) }
    }
}

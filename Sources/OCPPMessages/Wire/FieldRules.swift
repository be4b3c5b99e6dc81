/// Collects the rules across fields that a message breaks, each with the field to change.
struct FieldRules {
    private(set) var broken: [FieldFault] = []

    mutating func require(_ holds: Bool, _ path: @autoclosure () -> String, _ rule: @autoclosure () -> String) {
        if !holds { broken.append(FieldFault(path: path(), kind: .conflict, detail: rule())) }
    }
}

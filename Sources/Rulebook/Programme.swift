public import Documents
public import Quantities

/// A call for pilots as rules: what must be shown, and which sentence of the notice asks for it.
public struct Programme: Sendable {
    public let id: String
    public let name: LocalizedText
    public let source: Source
    public let issued: CivilDay
    public let indicators: [Indicator]

    /// One figure with its threshold.
    public struct Indicator: Sendable {
        public let id: String
        /// Short id of the rule in our own table, as `R02`.
        public let rule: String
        public let name: LocalizedText
        public let measure: Measure
        /// The value must be at least this: a share 0…1, kWh or kW.
        public let threshold: Rational
        public let clause: String?
        public let mark: RuleMark
    }

    /// How the figure is computed from evidence.
    public enum Measure: Hashable, Sendable {
        /// Energy in some levels over all energy of the same direction, over the period. `ownership` is a word of the
        /// meter file, `nil`: all.
        case energyShare(Tariff.Direction, levels: Set<PriceLevel>, ownership: String?)
        case energySum(Tariff.Direction)
        /// A field summed over the facilities of a dossier.
        case facilitySum(field: String)
    }
}

extension Programme {
    public init(_ document: YAMLDocument) throws(Problems) {
        var problems = ProblemList()
        let root = document.root
        root.checkKeys(allowed: ["id", "kind", "name", "source", "issued", "indicators"], into: &problems)
        try problems.throwIfAny()
        let id = root.required("id", .words("the call's name", "通知编号"), into: &problems)?.requireText(
            "id", into: &problems)
        let name = root.required("name", .words("give {zh: …, en: …}", " {zh: …, en: …}"), into: &problems)?
            .requireName(into: &problems)
        let source = root.required("source", .words("a rule names its source", "规则的来源"), into: &problems)?
            .requireSource(into: &problems)
        let issued = root.required("issued", .words("the day of the notice", "发文日期"), into: &problems)?
            .requireDay("issued", into: &problems)
        let items = root.required("indicators", .words("a list", "列表"), into: &problems)?
            .requireItems("indicators", into: &problems)
        let indicators = (items ?? []).compactMap { Indicator($0, into: &problems) }
        try problems.throwIfAny()
        guard let id, let name, let source, let issued else { throw Problems(root.problem(.callIncomplete)) }
        self.init(id: id, name: name, source: source, issued: issued, indicators: indicators)
    }
}

extension Programme.Indicator {
    fileprivate init?(_ node: YAMLNode, into problems: inout ProblemList) {
        node.checkKeys(
            allowed: ["id", "rule", "name", "measure", "at_least", "clause", "mark"], into: &problems)
        guard node.mapping != nil,
            let id = node.required("id", .words("the figure's name", "指标名称"), into: &problems)?.requireText(
                "id", into: &problems),
            let rule = node.required("rule", .words("the rule's id", "规则编号"), into: &problems)?.requireText(
                "rule", into: &problems),
            let name = node.required("name", .words("give {zh: …, en: …}", " {zh: …, en: …}"), into: &problems)?
                .requireName(into: &problems),
            let measureNode = node.required("measure", .words("how it is computed", "计算方法"), into: &problems),
            let measure = Programme.Measure(measureNode, into: &problems),
            let threshold = node.required("at_least", .words("the threshold", "要求的数值"), into: &problems)?
                .requireDecimal(.key("at_least"), into: &problems),
            let mark = node.required("mark", .words("how far the source can be trusted", "来源的可信度"), into: &problems)?
                .requireWord("mark", RuleMark.self, into: &problems)
        else { return nil }
        self.init(
            id: id, rule: rule, name: name, measure: measure, threshold: threshold, clause: node["clause"]?.text,
            mark: mark)
    }
}

extension Programme.Measure {
    fileprivate init?(_ node: YAMLNode, into problems: inout ProblemList) {
        node.checkKeys(allowed: ["kind", "direction", "levels", "ownership", "field"], into: &problems)
        guard node.mapping != nil,
            let kind = node.required(
                "kind", .words("energy_share, energy_sum or facility_sum", " energy_share、energy_sum 或 facility_sum"),
                into: &problems)
        else { return nil }
        func direction() -> Tariff.Direction? {
            node.required("direction", .words("import or export", " import 或 export"), into: &problems)?
                .requireWord("direction", Tariff.Direction.self, into: &problems)
        }
        switch kind.text {
        case "energy_share":
            guard let direction = direction(),
                let levels = node.required("levels", .words("a list of levels", "时段列表"), into: &problems)?
                    .requireItems("levels", into: &problems)
            else { return nil }
            let words = levels.compactMap { $0.requireWord("level", PriceLevel.self, into: &problems) }
            self = .energyShare(direction, levels: Set(words), ownership: node["ownership"]?.text)
        case "energy_sum":
            guard let direction = direction() else { return nil }
            self = .energySum(direction)
        case "facility_sum":
            guard
                let field = node.required("field", .words("a field of the facilities", "设施清单的字段"), into: &problems)?
                    .requireText("field", into: &problems)
            else { return nil }
            self = .facilitySum(field: field)
        default:
            problems.add(
                kind.problem(.measureUnknown(kind.shown)))
            return nil
        }
    }
}

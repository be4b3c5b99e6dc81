public import Documents
import Quantities
import Rulebook

extension IndicatorResult {
    /// One of the `indicators` of interfaces.md §4; shares carry at most 12 decimals.
    public var json: JSONValue {
        func number(_ value: Rational?) -> JSONValue { value.map { .decimal($0, places: 12) } ?? .null }
        let versions = lineage.tariffVersions.map(\.description).joined(separator: ", ")
        return [
            "id": .string(indicator.id),
            "name": indicator.name.json,
            "value": number(value),
            "numerator_kwh": number(numerator),
            "denominator_kwh": number(denominator),
            "threshold": number(indicator.threshold),
            "outcome": .string(outcome.rawValue),
            "reason": reason?.json ?? .null,
            "coverage": number(coverage),
            "lineage": [
                "rule": .string(lineage.rule),
                "clause": .string(orNull: lineage.clause),
                "document": .string(orNull: lineage.document),
                "mark": .string(lineage.mark.rawValue),
                "tariff": .string(orNull: lineage.tariff),
                "tariff_version": versions.isEmpty ? .null : .string(versions),
                "meters": .int(lineage.meters),
                "meters_of_unknown_ownership": .int(lineage.metersOfUnknownOwnership),
                "intervals": .int(lineage.intervals),
                "estimated": .int(lineage.estimated),
                "missing": .int(lineage.missing),
            ],
        ]
    }
}

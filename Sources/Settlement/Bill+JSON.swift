public import Documents
import Metering
import Quantities
import Rulebook

extension Bill {
    /// As interfaces.md §4 says it: prices, amounts and energies are exact decimal strings (30 places where a split has no
    /// finite decimal).
    public var json: JSONValue {
        let lines = lines.map { line -> JSONValue in
            [
                "direction": .string(line.direction.rawValue), "level": .string(line.level.rawValue),
                "kwh": .decimalString(line.energy.kilowattHours), "price": Bill.decimal(line.price),
                "amount": Bill.decimal(line.amount),
            ]
        }
        let charges = charges.map { charge -> JSONValue in
            [
                "direction": "import", "level": .string(charge.kind.rawValue), "kwh": "0",
                "quantity": .decimalString(charge.quantity), "unit": charge.kind == .demand ? "kW" : "kVA",
                "price": Bill.decimal(charge.price), "amount": Bill.decimal(charge.amount),
            ]
        }
        return [
            "lines": .array(lines + charges),
            "total": total.map { .string($0.text(decimals: 2)) } ?? .null,
            "total_exact": Bill.decimal(total),
            "unknown": .array(unknowns.map(JSONValue.string)),
            "notes": .array(notes.map(\.json)),
            "intervals": .int(intervals),
            "estimated": .int(estimated),
            "missing": .int(missing),
            "unpriced_export_kwh": .decimalString(unpricedExport.kilowattHours),
            "split_intervals": [
                "count": .int(splitCount),
                "items": .array(
                    splits.map { split in
                        [
                            "meter_id": .string(split.interval.meter),
                            "line": .int(split.interval.line),
                            "start": .string(split.interval.interval.start.description),
                            "end": .string(split.interval.interval.end.description),
                            "at": .array(split.boundaries.map { .string($0.description) }),
                        ]
                    }),
            ],
        ]
    }

    private static func decimal(_ value: Rational?) -> JSONValue { value.map { .decimalString($0) } ?? .null }
}

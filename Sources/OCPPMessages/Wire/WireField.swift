/// One field of a class as a version of the standard has it: what the reader checks, as data. The generated tables consist of these.
///
/// A class whose fields differ between 2.0.1 and 2.1 has a table a version, with the same fields at the same places.
struct WireField: Sendable {
    enum Presence: Sendable {
        /// The object is unusable without it.
        case required
        /// This version requires it and another does not: missed, but the object can be used.
        case expected
        case optional
        /// A field that only another version has.
        case absent
    }

    let name: StaticString
    let presence: Presence
    /// Characters that a text may have; of each element where the field is a list. `Int.max`: no limit.
    let longest: Int
    /// Bounds of a number; of each element where the field is a list.
    let least: Int
    let most: Int
    /// Digits that a number may have behind the point. `Int.max`: no limit.
    let decimals: Int
    /// Elements that a list may have.
    let fewest: Int
    let largest: Int

    static func required(
        _ name: StaticString, longest: Int = .max, least: Int = .min, most: Int = .max, decimals: Int = .max,
        fewest: Int = 0, largest: Int = .max
    ) -> WireField {
        WireField(
            name: name, presence: .required, longest: longest, least: least, most: most, decimals: decimals,
            fewest: fewest, largest: largest)
    }

    static func expected(
        _ name: StaticString, longest: Int = .max, least: Int = .min, most: Int = .max, decimals: Int = .max,
        fewest: Int = 0, largest: Int = .max
    ) -> WireField {
        WireField(
            name: name, presence: .expected, longest: longest, least: least, most: most, decimals: decimals,
            fewest: fewest, largest: largest)
    }

    static func optional(
        _ name: StaticString, longest: Int = .max, least: Int = .min, most: Int = .max, decimals: Int = .max,
        fewest: Int = 0, largest: Int = .max
    ) -> WireField {
        WireField(
            name: name, presence: .optional, longest: longest, least: least, most: most, decimals: decimals,
            fewest: fewest, largest: largest)
    }

    static func absent(_ name: StaticString) -> WireField {
        WireField(
            name: name, presence: .absent, longest: .max, least: .min, most: .max, decimals: .max, fewest: 0,
            largest: .max)
    }
}

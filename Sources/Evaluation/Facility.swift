public import Documents
public import Quantities

/// A place with piles, as a dossier names it.
public struct Facility: Hashable, Sendable {
    public let site: String
    public let address: String?
    /// Fields that indicators may sum, by their names in the file: `piles`, `rated_discharge_kw`.
    public let numbers: [String: Rational]
    /// Battery swapping.
    public let swap: Bool

    public static let numberFields = ["piles", "rated_discharge_kw"]

    public init(site: String, address: String?, numbers: [String: Rational], swap: Bool) {
        self.site = site
        self.address = address
        self.numbers = numbers
        self.swap = swap
    }

    /// Reads `facilities: [{site, address, piles, rated_discharge_kw, swap}]`.
    public static func read(_ bytes: [UInt8], file: String) throws(Problems) -> [Facility] {
        let root = try YAMLDocument(bytes, file: file).root
        var problems = ProblemList()
        root.checkKeys(allowed: ["facilities"], into: &problems)
        try problems.throwIfAny()
        guard let list = root["facilities"], let items = list.sequence else {
            throw Problems(
                root.problem(.facilitiesMissing))
        }
        var facilities: [Facility] = []
        for item in items {
            item.checkKeys(allowed: ["site", "address", "swap"] + numberFields, into: &problems)
            var numbers: [String: Rational] = [:]
            for field in numberFields {
                guard let node = item[field] else { continue }
                if let value = node.decimal, value >= .zero {
                    numbers[field] = value
                } else {
                    problems.add(node.problem(.amountNeeded(field)))
                }
            }
            if let swap = item["swap"], swap.boolean == nil {
                problems.add(swap.problem(.swapUnknown))
            }
            guard let site = item["site"]?.text else {
                if item.mapping != nil { problems.add(item.problem(.siteMissing)) }
                continue
            }
            if facilities.contains(where: { $0.site == site }) {
                problems.add(item.problem(.siteRepeated(site)))
            }
            facilities.append(
                Facility(
                    site: site, address: item["address"]?.text, numbers: numbers,
                    swap: item["swap"]?.boolean ?? false))
        }
        try problems.throwIfAny()
        return facilities
    }
}

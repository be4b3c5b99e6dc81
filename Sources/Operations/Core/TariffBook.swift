import Rulebook

/// The tariffs that sites may name.
struct TariffBook: Sendable {
    private var tariffs: [String: Tariff] = [:]

    init(_ tariffs: [Tariff] = []) {
        for tariff in tariffs { self.tariffs[tariff.id] = tariff }
    }

    subscript(_ id: String) -> Tariff? { tariffs[id] }
    /// Sorted.
    var ids: [String] { tariffs.keys.sorted() }
}

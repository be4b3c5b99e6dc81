/// The five levels of a time-of-use price in China, from dear to cheap.
public enum PriceLevel: String, Hashable, Sendable, CaseIterable, Comparable {
    case sharp
    case peak
    case flat
    case valley
    case deepValley = "deep_valley"

    /// 深谷 counts as 低谷 (718 does not define 低谷时段; see Rules/programmes/ndrc-2024-718.yaml).
    public var isValley: Bool { self == .valley || self == .deepValley }

    public var name: LocalizedText {
        switch self {
        case .sharp: LocalizedText(zh: "尖", en: "sharp")
        case .peak: LocalizedText(zh: "峰", en: "peak")
        case .flat: LocalizedText(zh: "平", en: "flat")
        case .valley: LocalizedText(zh: "谷", en: "valley")
        case .deepValley: LocalizedText(zh: "深谷", en: "deep valley")
        }
    }

    /// Dear before cheap.
    public static func < (a: PriceLevel, b: PriceLevel) -> Bool { a.rank < b.rank }
    private var rank: Int { PriceLevel.allCases.firstIndex(of: self) ?? 0 }
}

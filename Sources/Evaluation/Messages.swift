import Documents

/// What is wrong in a list of facilities, in both languages.
extension Message {
    static let facilitiesMissing = Message(
        "facilities-missing", "facilities is missing; give a list of {site, address, piles, rated_discharge_kw, swap}",
        "缺少 facilities，应给出 {site, address, piles, rated_discharge_kw, swap} 的列表")
    static func amountNeeded(_ field: String) -> Message {
        Message("amount-needed", "{field} must be a decimal, not negative", "{field} 应为非负的十进制数", ["field": field])
    }
    static let swapUnknown = Message("swap-unknown", "swap must be true or false", "swap 应为 true 或 false")
    static let siteMissing = Message("site-missing", "site is missing; name the place", "缺少 site，请写明场所")
    static func siteRepeated(_ site: String) -> Message {
        Message(
            "site-repeated", "site {site} stands twice; its power would count twice", "site {site} 出现两次，其功率会重复计算",
            ["site": site])
    }
}

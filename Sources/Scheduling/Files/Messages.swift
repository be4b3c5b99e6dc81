import Documents
import Quantities

/// What keeps files that are right each for itself from being planned together, in both languages.
extension Message {
    static func evseUnknown(_ evse: String, grid: String) -> Message {
        Message(
            "evse-unknown", "evse_id: {evse} is no EVSE of {grid}; name one of its evses, or add it there",
            "evse_id：{evse} 不是 {grid} 中的充电接口；请写其中的一个，或在该文件中补充", ["evse": evse, "grid": grid])
    }
    static func stayNamedAsStorage(_ id: String, grid: String) -> Message {
        Message(
            "stay-named-as-storage", "session_id: {id} is also a storage of {grid}; the schedule needs different names",
            "session_id：{id} 与 {grid} 中的储能同名；排程结果需要不同的名称", ["id": id, "grid": grid])
    }
    static let noStays = Message(
        "no-stays", "has no stays, so there is no horizon; give --from and --to, or add a stay",
        "没有停留记录，无法确定时间范围；请给出 --from 与 --to，或补充停留记录")
    static func emptyHorizon(_ first: Instant, _ last: Instant) -> Message {
        Message(
            "empty-horizon", "the horizon from {first} to {last} is empty; --to must be after --from and the stays",
            "从 {first} 到 {last} 的时间范围为空；--to 必须晚于 --from 与各次停留", ["first": first, "last": last])
    }
    static func brokenHorizon(_ first: Instant, _ last: Instant) -> Message {
        Message(
            "broken-horizon", "the horizon from {first} to {last} is not a whole number of steps; move --to or --from",
            "从 {first} 到 {last} 的时间范围不是步长的整数倍；请调整 --to 或 --from", ["first": first, "last": last])
    }
    static func tooManySlots(_ count: Int, limit: Int) -> Message {
        Message(
            "too-many-slots", "{count} slots are more than {limit}; ask for less time or a longer step",
            "{count} 个时隙超过上限 {limit}；请缩短时间或加大步长", ["count": count, "limit": limit])
    }
    static func priceUnknown(at: String) -> Message {
        Message(
            "price-unknown",
            "the price at {at} is unknown (a component has no value); a plan needs prices: give the component a value",
            "{at} 的价格未知（某项构成没有数值）；排程需要价格，请为该构成赋值", ["at": at])
    }
    static func meterEarnsMore(_ root: String, at: String) -> Message {
        Message(
            "meter-earns-more",
            "behind the one meter of node {root} the export price must lie between 0 and the import price, and at {at} it "
                + "does not; settle the vehicles one by one (settlement: apart) or take other tariffs",
            "节点 {root} 按总表结算时，上网电价应在 0 与用电电价之间，{at} 不满足；请改为各自结算（settlement: apart）或更换电价",
            ["root": root, "at": at])
    }
    static func demandUnpriced(_ node: String, tariff: String) -> Message {
        Message(
            "demand-unpriced",
            "node {node} pays for its demand, and neither its yuan_per_kw nor {tariff} says how much; write yuan_per_kw in its demand",
            "节点 {node} 计收需量电费，但其 yuan_per_kw 与 {tariff} 均未给出单价；请在 demand 中写明 yuan_per_kw",
            ["node": node, "tariff": tariff])
    }
    static func promiseBehindMeter(_ node: String) -> Message {
        Message(
            "promise-behind-meter",
            "behind the one meter of node {node} only an at_most_kw from 0 up can be promised; settle the vehicles one by one "
                + "(settlement: apart) for other commitments",
            "节点 {node} 按总表结算时，承诺只能是不小于 0 的 at_most_kw；其他承诺请改为各自结算（settlement: apart）",
            ["node": node])
    }
    static let budgetOnlyPlanned = Message(
        "budget-only-planned",
        "discharge_budget_kwh is known to plan alone, and what a fleet with budgets can do is more than its plans say; leave it empty "
            + "here, or lower max_discharge_kw",
        "discharge_budget_kwh 仅用于排程；计算调节能力时请留空，或降低 max_discharge_kw")
    static func notASlot(_ text: String, limit: Int) -> Message {
        Message(
            "not-a-slot", "\"{text}\" is no slot; write a whole number from 0 to {limit}",
            "“{text}”不是时隙编号；请写 0 至 {limit} 的整数",
            ["text": text, "limit": limit])
    }
    static func slotRepeated(_ slot: Int, line: Int) -> Message {
        Message(
            "slot-repeated", "slot {slot} stands already on line {line}; give each slot one row",
            "时隙 {slot} 已在第 {line} 行出现；每个时隙只能写一行", ["slot": slot, "line": line])
    }
    static func notAPower(_ text: String) -> Message {
        Message(
            "not-a-power", "\"{text}\" is no power; write a plain decimal in kW, negative to give back (12.5)",
            "“{text}”不是功率；请写以千瓦计的十进制数，放电为负（如 12.5）", ["text": text])
    }
}

import Assets
import Charging
import Operations
import Quantities

// Controls of the grid code and battery swaps.
extension ChangeWriter {
    func write(_ change: DERChange) throws(SQLiteFailure) {
        switch change {
        case .order(let order): try write(order)
        case .orderGone(let id):
            try statement("DELETE FROM der_control WHERE id = ?").text(id).run()
            try statement("DELETE FROM der_holding WHERE control = ?").text(id).run()
        case .station(let picture): try write(picture)
        }
    }

    private func write(_ order: DEROrder) throws(SQLiteFailure) {
        let control = order.control
        let (kind, object) = order.target.columns
        try statement("INSERT OR REPLACE INTO der_control VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .text(control.id).text(control.function.rawValue).int(control.priority)
            .int(control.span?.start.milliseconds).int(control.span?.end.milliseconds).text(control.settings)
            .int(control.dischargeShare).text(kind).text(object).text(order.source).text(order.by)
            .int(order.createdAt.milliseconds).int(order.withdrawnAt?.milliseconds).run()
    }

    /// The whole picture: it is small, and a part of it says nothing.
    private func write(_ picture: DERPicture) throws(SQLiteFailure) {
        let station = picture.station.value
        try statement("INSERT OR REPLACE INTO der_station VALUES (?, ?, ?)")
            .text(station).text(picture.supported.map { $0.map(\.rawValue).sorted().joined(separator: ",") })
            .int(picture.toldAt?.milliseconds).run()
        try statement("DELETE FROM der_holding WHERE station = ?").text(station).run()
        for (position, one) in picture.holdings.enumerated() {
            try statement("INSERT INTO der_holding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                .text(station).int(position).text(one.control.id).int(one.entry.receivedAt.milliseconds)
                .int(one.entry.supersededAt?.milliseconds).text(one.entry.supersededBy).text(one.place.rawValue)
                .text(one.word).int(one.at.milliseconds).int(one.startedAt?.milliseconds)
                .int(one.endedAt?.milliseconds).bool(one.isSupersededThere).bool(one.isWithdrawn).run()
        }
        try statement("DELETE FROM der_stranger WHERE station = ?").text(station).run()
        for (position, one) in picture.strangers.enumerated() {
            let control = one.reported.control
            try statement("INSERT INTO der_stranger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                .text(station).int(position).text(control.id).text(control.function.rawValue).int(control.priority)
                .int(control.span?.start.milliseconds).int(control.span?.end.milliseconds).text(control.settings)
                .int(control.dischargeShare).bool(one.reported.isSuperseded).int(one.at.milliseconds).run()
        }
    }

    func write(_ change: SwapChange) throws(SQLiteFailure) {
        switch change {
        case .cabinet(let cabinet): try write(cabinet)
        case .swap(let swap): try write(swap)
        }
    }

    private func write(_ cabinet: BatteryCabinet) throws(SQLiteFailure) {
        let station = cabinet.station.value
        try statement("INSERT OR REPLACE INTO battery_cabinet VALUES (?, ?, ?, ?, ?, ?)")
            .text(station).int(cabinet.target).int(cabinet.full).text(cabinet.token)
            .int(cabinet.capacity?.milliwattHours)
            .text(cabinet.demand.map { String($0.milliseconds) }.joined(separator: ",")).run()
        try statement("DELETE FROM stored_battery WHERE station = ?").text(station).run()
        for one in cabinet.batteries {
            try statement("INSERT INTO stored_battery VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                .text(station).int(one.battery.slot).text(one.battery.serial).int(one.battery.charge)
                .int(one.battery.health).int(one.battery.producedAt?.milliseconds).text(one.battery.vendorInfo)
                .int(one.since.milliseconds).int(one.chargeThen).int(one.at.milliseconds).run()
        }
    }

    private func write(_ swap: BatterySwap) throws(SQLiteFailure) {
        try statement(
            "INSERT OR REPLACE INTO battery_swap VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        .int(swap.id).text(swap.station.value).int(swap.request).text(swap.token).bool(swap.isRemote).text(swap.by)
        .int(swap.openedAt.milliseconds).text(swap.state.rawValue).int(swap.at.milliseconds).text(swap.word)
        .bool(swap.isTokenRefused).text(BatteryText.text(of: swap.taken)).text(BatteryText.text(of: swap.given))
        .int(swap.charged?.milliwattHours).text(swap.command).bool(swap.state.isOpen).run()
    }

    func removeGridCode(of station: String) throws(SQLiteFailure) {
        try statement("DELETE FROM der_station WHERE station = ?").text(station).run()
        try statement("DELETE FROM der_holding WHERE station = ?").text(station).run()
        try statement("DELETE FROM der_stranger WHERE station = ?").text(station).run()
        try statement("DELETE FROM battery_cabinet WHERE station = ?").text(station).run()
        try statement("DELETE FROM stored_battery WHERE station = ?").text(station).run()
        try statement("DELETE FROM battery_swap WHERE station = ?").text(station).run()
    }
}

extension DERTarget {
    fileprivate var columns: (kind: String, object: String) {
        switch self {
        case .site(let id): ("site", id.value)
        case .node(let id): ("node", id.value)
        case .station(let id): ("station", id.value)
        }
    }
}

/// Batteries of a swap as a text: a line a battery, fields between tabs; the free text comes last.
enum BatteryText {
    static func text(of batteries: [SwapBattery]) -> String {
        batteries.map { one in
            [
                String(one.slot), String(one.charge), String(one.health),
                one.producedAt.map { String($0.milliseconds) } ?? "", plain(one.serial),
                one.vendorInfo.map { "=" + plain($0) } ?? "",
            ].joined(separator: "\t")
        }.joined(separator: "\n")
    }

    private static func plain(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
    }

    static func batteries(in text: String) -> [SwapBattery] {
        text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 6, let slot = Int(parts[0]), let charge = Int(parts[1]), let health = Int(parts[2])
            else { return nil }
            return SwapBattery(
                slot: slot, serial: parts[4], charge: charge, health: health,
                producedAt: Int64(parts[3]).map { Instant(milliseconds: $0) },
                vendorInfo: parts[5].isEmpty ? nil : String(parts[5].dropFirst()))
        }
    }
}

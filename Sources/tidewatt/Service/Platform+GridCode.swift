import Assets
import Charging
import Operations
import Quantities

// Controls of the grid code live in the core; of swaps it holds the newest, the disk all.
extension Platform {
    func derOrders() async -> [DEROrderView] {
        let now = now
        return await loop.read { $0.allDEROrders(at: now) } ?? []
    }
    func derPicture(of station: StationID) async -> DERPicture? {
        await loop.read { $0.derPicture(of: station) } ?? nil
    }
    func cabinet(of station: StationID) async -> BatteryCabinet? { await loop.read { $0.cabinet(of: station) } ?? nil }
    /// From the disk; what the core still holds of them is newer.
    func swaps(of station: StationID, limit: Int, before: Int?) async -> [BatterySwap] {
        await settle()
        let kept = await reading { try await self.store.swaps(of: station, limit: limit, before: before) } ?? []
        return await loop.read { core in kept.map { core.swap($0.id, of: station) ?? $0 } } ?? kept
    }
    func swap(_ id: Int, of station: StationID) async -> BatterySwap? {
        await loop.read { $0.swap(id, of: station) } ?? nil
    }
}

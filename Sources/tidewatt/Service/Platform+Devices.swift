import Assets
import Charging
import Operations
import Store

/// Device models: pictures and histories from the disk, what the core decides by from the core.
extension Platform {
    /// Whoever waited for a command reads what it changed: what was done before is on the disk when this returns. While the
    /// disk takes nothing, what it has is told.
    func settle() async {
        // The first look may share a batch with the change; the second comes after that batch was handed to the disk.
        for _ in 0..<2 { _ = await loop.read { _ in true } }
        guard store.condition == .accepting else { return }
        await withCheckedContinuation { continuation in store.append([]) { _ in continuation.resume() } }
    }

    func deviceModel(of station: StationID, keys: Set<String>?) async -> [KnownVariable] {
        await settle()
        return await reading { try await self.store.deviceModel(of: station, keys: keys) } ?? []
    }
    func deviceReports(of station: StationID) async -> [DeviceReport] {
        await settle()
        return await reading { try await self.store.deviceReports(of: station) } ?? []
    }
    func deviceMonitors(of station: StationID) async -> [KnownMonitor] {
        await settle()
        return await reading { try await self.store.deviceMonitors(of: station) } ?? []
    }
    func monitoringSettings(of station: StationID) async -> MonitoringSettings {
        await settle()
        return await reading { try await self.store.monitoringSettings(of: station) } ?? MonitoringSettings()
    }
    func deviceEvents(
        of station: StationID?, severity: Int?, open: Bool, limit: Int, before: Int64?
    ) async -> [StoredDeviceEvent] {
        await settle()
        return await reading {
            try await self.store.deviceEvents(
                of: station, severity: severity, open: open, limit: limit, before: before)
        } ?? []
    }
    func deviceTemplates() async -> [DeviceTemplate] { await loop.read { $0.allDeviceTemplates } ?? [] }
    func deviceTemplate(_ name: String) async -> DeviceTemplate? { await loop.read { $0.deviceTemplate(name) } ?? nil }
    func networkProfiles(of station: StationID) async -> [NetworkProfile] {
        await settle()
        return await reading { try await self.store.networkProfiles(of: station) } ?? []
    }
    func customerInformation(of station: StationID) async -> [CustomerRecord] {
        await settle()
        return await reading { try await self.store.customerInformation(of: station) } ?? []
    }
}

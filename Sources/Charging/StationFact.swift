/// What a station's answer to a call tells of it, in words that every protocol shares. Learned from every answered call,
/// whoever made it: a person through the API, a campaign, or the platform itself.
public enum StationFact: Hashable, Sendable {
    /// Version of the local authorization list that the station holds; 0: it is empty, −1: it has none (1.6 §5.10).
    case localList(version: Int)
    /// Of its device model, monitors, networks and customers.
    case device(DeviceFact)
}

/// What an answer tells of a station's device model and of what hangs on it (2.x blocks B and N, 1.6 configuration keys).
public enum DeviceFact: Hashable, Sendable {
    case variables([VariableNews])
    /// It will report in parts under this number.
    case report(request: Int, DeviceReport.Scope, isOfMonitors: Bool)
    case monitorsSet([DeviceMonitor])
    case monitorsCleared([Int])
    case noMonitors
    /// `All`, `FactoryDefault`, `HardWiredOnly`: which monitors are active.
    case monitoringBase(String)
    /// Highest severity number that it tells of.
    case monitoringLevel(Int)
    case networkProfile(NetworkProfile)
    /// `reference` is `nil` where it was asked by a certificate.
    case customer(request: Int, status: String, CustomerReference?, report: Bool, clear: Bool)
}

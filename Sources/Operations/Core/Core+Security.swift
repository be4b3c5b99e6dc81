public import Assets

extension Core {
    /// The weakest OCPP security profile in which the station may come (2.0.1 A00.FR.002); 0 for those nobody knows.
    public func securityProfile(of id: StationID) -> Int {
        stationIndex[id].map { stations[$0].station.securityProfile } ?? 0
    }
}

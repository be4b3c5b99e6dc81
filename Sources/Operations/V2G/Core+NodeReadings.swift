public import Assets

extension Core {
    /// The newest reading of each node of a site that has one.
    public func nodeReadings(of site: SiteID) -> [NodeID: NodeReading] {
        var readings: [NodeID: NodeReading] = [:]
        for slot in nodes where slot.node.site == site { readings[slot.node.id] = slot.reading }
        return readings
    }
}

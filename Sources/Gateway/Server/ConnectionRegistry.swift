import Synchronization

/// Which connection is a station's newest. Touched when a station comes or goes and when a call is sent, not per message.
final class ConnectionRegistry: Sendable {
    private let newest = Mutex<[String: ConnectionID]>([:])

    /// Makes `connection` the newest of `identity`.
    /// - Parameter announce: called under the lock, so that two connections of one identity on two event loops are
    ///   announced in the order in which they replaced each other.
    /// - Returns: the one that it replaces.
    func replace(_ identity: String, with connection: ConnectionID, announce: () -> Void) -> ConnectionID? {
        newest.withLock { newest in
            defer { announce() }
            return newest.updateValue(connection, forKey: identity)
        }
    }

    /// Forgets `connection`, unless a newer one has taken its place.
    func remove(_ identity: String, _ connection: ConnectionID) {
        newest.withLock { newest in
            if newest[identity] == connection { newest[identity] = nil }
        }
    }

    func connection(of identity: String) -> ConnectionID? { newest.withLock { $0[identity] } }
    var count: Int { newest.withLock { $0.count } }
}

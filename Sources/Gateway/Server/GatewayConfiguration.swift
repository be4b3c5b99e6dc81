public import OCPP
import OCPPMessages

extension OCPPGateway {
    /// Limits and intervals of the station listener. Transport timers run on real time, whatever the domain's clock says.
    public struct Configuration: Sendable {
        /// Stations connect to `path/{identity}`.
        public var path = "/ocpp"
        /// Sub-protocols that are served; a station's order of preference decides.
        public var protocols = OCPPVersion.allCases.map(\.subprotocol)
        /// Stations; further ones are answered 503. Lowered to what the process may hold open.
        public var maxConnections = 18_000
        /// New sockets a second, and how many may come at once: a handshake costs about ten messages, and after an outage
        /// all stations come together. What is over waits in the listener's backlog.
        public var acceptsPerSecond = 1_000
        public var acceptBurst = 2_000
        /// From the accept to the end of the handshake.
        public var handshakeTimeoutMilliseconds: Int64 = 10_000
        /// From our close frame to the end of the socket.
        public var closeTimeoutMilliseconds: Int64 = 2_000
        /// Messages shorter than this are sent as they are: compressing them saves nothing.
        public var deflateFromBytes = 200
        public var maxHeadBytes = 8_192
        public var maxMessageBytes = 65_536
        /// Queues and times of a station's conversation; its message size is ``maxMessageBytes``.
        public var link = StationLink.Limits()
        /// A reader that lets more than this pile up is cut off.
        public var maxOutboundBytes = 262_144
        /// Silence after which the server pings; again after each further silence of this length.
        public var pingAfterSilenceMilliseconds: Int64 = 30_000
        /// Unanswered pings after which a socket counts as dead.
        public var maxMissedPongs = 2
        /// Least that a station which finds no room is told to wait; at most twice as long.
        public var retryAfterSeconds = 30
        /// Orders from other threads that wait for one event loop; beyond it calls are refused.
        public var maxMailbox = 100_000

        public init() {}
    }
}

public import OCPPMessages
public import Quantities

/// Slots of a station that exchanges batteries (2.1 block S): it takes requests, batteries come and go, and what is offered and
/// not taken is told.
///
/// A value without IO: a dialect gives it the central system's requests and sends what comes back.
public struct SimulatedSwap: Sendable {
    public struct Battery: Hashable, Sendable {
        public let serial: String
        /// Percent.
        public var charge: Int
        public var health: Int
        public init(serial: String, charge: Int, health: Int = 98) {
            self.serial = serial
            self.charge = charge
            self.health = health
        }
    }

    private enum Step: Hashable, Sendable {
        /// Somebody is let in: the batteries are to come until then.
        case invited(until: Instant)
        /// This slot is open: its battery is to be taken until then.
        case offered(slot: Int, until: Instant)
    }

    public private(set) var slots: [Battery?]
    /// From which charge a battery is given, percent.
    public let target: Int
    public let inTimeout: Duration
    public let outTimeout: Duration
    private var step: Step?
    private var request = 0
    private var token: V2.IdToken?
    /// Of swaps that begin here.
    private var nextRequest: Int

    public init(
        slots: [Battery?], target: Int = 80, inTimeout: Duration = .seconds(60), outTimeout: Duration = .seconds(60),
        firstRequest: Int = 1_000_000
    ) {
        self.slots = slots
        self.target = target
        self.inTimeout = inTimeout
        self.outTimeout = outTimeout
        nextRequest = firstRequest
    }

    public var ready: Int? {
        slots.indices.filter { slots[$0].map { $0.charge >= target } ?? false }.max { a, b in
            (slots[a]?.charge ?? 0, b) < (slots[b]?.charge ?? 0, a)
        }
    }
    public var nextDue: Instant? {
        switch step {
        case .invited(let until), .offered(_, let until): until
        case nil: nil
        }
    }

    /// `nil`: a request of another block.
    public mutating func answer(_ request: V2.Request, at now: Instant) -> V2.Response? {
        guard case .requestBatterySwap(let asked) = request else { return nil }
        guard ready != nil, step == nil, slots.contains(nil) else {
            return .requestBatterySwap(
                V2.RequestBatterySwapResponse(
                    status: .rejected, statusInfo: V2.StatusInfo(reasonCode: "NoBatteryAvailable")))
        }
        invite(asked.idToken, asked.requestId, at: now)
        return .requestBatterySwap(V2.RequestBatterySwapResponse(status: .accepted))
    }

    /// The central system let somebody in who stands here (S01). `false`: there is nothing to give.
    public mutating func authorized(_ token: V2.IdToken, at now: Instant) -> Bool {
        guard ready != nil, step == nil, slots.contains(nil) else { return false }
        nextRequest += 1
        invite(token, nextRequest, at: now)
        return true
    }

    private mutating func invite(_ token: V2.IdToken, _ number: Int, at now: Instant) {
        (self.token, request) = (token, number)
        step = .invited(until: now + inTimeout)
    }

    /// Somebody puts a battery in; the fullest one that may be given is offered for it.
    /// - Returns: the slot and what is told; `nil`: nobody was let in.
    public mutating func insert(_ battery: Battery, at now: Instant) -> (slot: Int, V2.Request)? {
        guard case .invited = step, let empty = slots.firstIndex(of: nil), let offered = ready else { return nil }
        slots[empty] = battery
        step = .offered(slot: offered + 1, until: now + outTimeout)
        return event(.batteryIn, empty + 1).map { (empty + 1, $0) }
    }

    /// The offered battery is taken.
    public mutating func take(at now: Instant) -> (slot: Int, V2.Request)? {
        guard case .offered(let slot, _) = step, let told = event(.batteryOut, slot) else { return nil }
        slots[slot - 1] = nil
        step = nil
        return (slot, told)
    }

    /// Who did not come is no longer let in; what was not taken is told, and stays.
    public mutating func advance(to now: Instant) -> [V2.Request] {
        switch step {
        case .invited(let until) where until <= now: step = nil
        case .offered(let slot, let until) where until <= now:
            step = nil
            return event(.batteryOutTimeout, slot).map { [$0] } ?? []
        default: break
        }
        return []
    }

    /// What lies in a slot was charged so far.
    public mutating func charged(slot: Int, to charge: Int) {
        guard slots.indices.contains(slot - 1) else { return }
        slots[slot - 1]?.charge = charge
    }

    private func event(_ kind: V2.BatterySwapEvent, _ slot: Int) -> V2.Request? {
        guard let token, let battery = slots[slot - 1] else { return nil }
        return .batterySwap(
            V2.BatterySwapRequest(
                batteryData: [
                    V2.BatteryData(
                        evseId: slot, serialNumber: battery.serial, soC: JSONDecimal(battery.charge),
                        soH: JSONDecimal(battery.health))
                ], eventType: kind, idToken: token, requestId: request))
    }
}

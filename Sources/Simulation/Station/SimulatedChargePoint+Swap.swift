import OCPP
import OCPPMessages
import Quantities

/// What goes on at a cabinet: one swap at a time.
struct SwapDesk: Sendable {
    fileprivate enum Step: Hashable, Sendable {
        /// Somebody is let in: a battery is to come until then.
        case invited(until: Instant)
        /// This slot is open: its battery is to be taken until then.
        case offered(slot: Int, until: Instant)
    }
    fileprivate var step: Step?
    fileprivate var visitor: SwapVisit?
    /// When the visitor does the next thing.
    fileprivate var actsAt: Instant?
    /// Of the swap that is under way, the central system's number or one of ours.
    fileprivate var request = 0
    fileprivate var token: V2.IdToken?
    /// Numbers of swaps that begin here.
    fileprivate var nextRequest = 1_000_000
    /// Not acknowledged yet, oldest first.
    fileprivate(set) var untold: [V2.Request] = []
    fileprivate(set) var swaps = 0

    static let mostUntold = 50

    /// Whoever was let in is forgotten; what happened is still told.
    mutating func lostPower() {
        step = nil
        visitor = nil
        actsAt = nil
    }
}

// Swaps (2.1 S01 to S03), and what lies in the slots (S04): batteries charge in transactions of their own from the moment they
// are put in.
extension SimulatedChargePoint {
    /// Between steps of whoever stands there.
    private static let hand = Duration.seconds(5)

    /// Batteries that were exchanged so far.
    public var swaps: Int { desk?.swaps ?? 0 }
    /// Nobody stands there, and everything is told.
    public var isSwapOver: Bool { desk.map { $0.visitor == nil && $0.step == nil && $0.untold.isEmpty } ?? true }

    /// The slot whose battery is given next, the fullest; `nil`: none is ready.
    private var ready: Int? {
        guard let cabinet = settings.swap else { return nil }
        func state(_ i: Int) -> Int { connectors[i].vehicle?.cell.statePermille ?? 0 }
        return connectors.indices.filter { connectors[$0].isUsable && state($0) >= cabinet.targetPermille }
            .max { (state($0), -$0) < (state($1), -$1) }
    }
    private var emptySlot: Int? { connectors.firstIndex { $0.isUsable && $0.vehicle == nil } }
    private var canSwap: Bool { desk?.step == nil && ready != nil && emptySlot != nil }

    // MARK: Being let in

    mutating func visit(_ visit: SwapVisit) {
        guard desk != nil, powerAt == nil, desk?.visitor == nil else {
            counts.refusals += 1
            return
        }
        desk?.visitor = visit
        guard let idTag = visit.idTag else {
            // Let in already, before coming.
            if case .invited? = desk?.step {
                let due = now + Self.hand
                desk?.actsAt = due
            }
            return
        }
        // Without the central system nobody is let in: it could not be told who has which battery.
        guard link != nil, isAccepted, desk?.step == nil else { return turnAway() }
        call(.authorize(idTag: idTag, contract: nil, evccID: nil), .swap(token: idTag))
    }

    /// Who waited in vain goes.
    mutating func leaveCabinet() {
        guard desk?.step == nil, desk?.visitor != nil else { return }
        turnAway()
    }

    private mutating func turnAway() {
        desk?.visitor = nil
        desk?.actsAt = nil
        counts.refusals += 1
    }

    mutating func swapAuthorized(_ token: String, _ answer: [UInt8]?) {
        guard desk?.visitor?.idTag == token else { return }
        guard answer.flatMap({ dialect.authorization($0, byContract: false) })?.isAccepted == true, canSwap,
            let number = desk?.nextRequest
        else { return turnAway() }
        desk?.nextRequest += 1
        invite(V2.IdToken(idToken: token, type: .central), number)
    }

    /// The central system lets somebody in (S02).
    /// - Returns: `false`: there is nothing to give, or nowhere to put anything.
    mutating func inviteRemotely(_ request: V2.RequestBatterySwapRequest) -> Bool {
        guard canSwap else { return false }
        invite(request.idToken, request.requestId)
        return true
    }

    private mutating func invite(_ token: V2.IdToken, _ number: Int) {
        guard let cabinet = settings.swap else { return }
        desk?.token = token
        desk?.request = number
        let isThere = desk?.visitor != nil
        let (until, acts) = (now + cabinet.inTimeout, now + Self.hand)
        desk?.step = .invited(until: until)
        desk?.actsAt = isThere ? acts : nil
    }

    // MARK: In and out

    var nextSwap: Instant? {
        switch desk?.step {
        case .invited(let until)?, .offered(_, let until)?: min(until, desk?.actsAt ?? until)
        case nil: nil
        }
    }

    mutating func playSwap() {
        if let due = desk?.actsAt, due <= now {
            desk?.actsAt = nil
            switch desk?.step {
            case .invited?: insert()
            case .offered(let slot, _)?: take(slot)
            case nil: break
            }
        }
        switch desk?.step {
        case .invited(let until)? where until <= now:
            desk?.step = nil
            if desk?.visitor != nil { turnAway() }
        case .offered(let slot, let until)? where until <= now:
            desk?.step = nil
            desk?.visitor = nil
            note(swap: .batteryOutTimeout, slot)
        default: break
        }
    }

    private mutating func insert() {
        guard let cabinet = settings.swap, let visitor = desk?.visitor, let empty = emptySlot, let offered = ready
        else {
            return
        }
        connectors[empty].vehicle = SimulatedVehicle(visitor.battery, in: cabinet)
        note(swap: .batteryIn, empty + 1)
        desk?.step = .offered(slot: offered + 1, until: now + cabinet.outTimeout)
        desk?.actsAt = visitor.takes && !settings.faults.forgetsBatteries ? now + Self.hand : nil
        chargeStored()
    }

    private mutating func take(_ slot: Int) {
        note(swap: .batteryOut, slot)
        desk?.step = nil
        desk?.visitor = nil
        desk?.swaps += 1
        plugOut(slot)
    }

    private mutating func note(swap kind: V2.BatterySwapEvent, _ slot: Int) {
        guard let token = desk?.token, let request = desk?.request, let battery = self[slot]?.vehicle,
            let serial = battery.serial
        else { return }
        desk?.untold.append(
            .batterySwap(
                V2.BatterySwapRequest(
                    batteryData: [
                        V2.BatteryData(
                            evseId: slot, serialNumber: serial,
                            soC: JSONDecimal(mantissa: Int64(battery.cell.statePermille), scale: 1),
                            soH: JSONDecimal(98))
                    ], eventType: kind, idToken: token, requestId: request)))
        if let count = desk?.untold.count, count > SwapDesk.mostUntold { desk?.untold.removeFirst() }
    }

    // MARK: Telling

    /// One after the other, each until it is answered.
    mutating func tellSwaps() {
        guard let next = desk?.untold.first, link != nil, isAccepted, !isUnderWay(.swapEvent) else { return }
        call(next.action.rawValue, next.json, .swapEvent)
    }

    mutating func toldSwap(_ outcome: StationLink.CallOutcome) {
        switch outcome {
        case .answered, .error: if desk?.untold.isEmpty == false { desk?.untold.removeFirst() }
        case .timeout, .dropped: break
        }
    }

    /// Every battery in a slot has a transaction, also after a reboot (S04.FR.01, FR.11).
    mutating func chargeStored() {
        guard let cabinet = settings.swap, isAccepted else { return }
        for i in connectors.indices {
            guard connectors[i].vehicle != nil, connectors[i].transaction == nil, connectors[i].isUsable,
                !connectors[i].isFinished
            else { continue }
            startTransaction(i, cabinet.idToken, .cable)
        }
    }
}

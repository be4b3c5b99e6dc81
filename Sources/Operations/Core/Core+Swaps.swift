import Assets
import Charging
import Quantities

/// What the core holds of a station that exchanges batteries.
struct SwapKeeper: Sendable {
    var cabinet: BatteryCabinet
    /// Oldest first.
    var swaps: [BatterySwap] = []
}

// Battery swaps (2.1 block S): asked of stations, carried out by them, and the batteries that wait in their slots. These
// charge in ordinary transactions; what the plan needs to know of them is stated here.
extension Core {
    // MARK: - Orders

    /// The token must be one that may charge (S02.FR.03).
    mutating func swapBatteries(
        token: String, _ s: Int, _ timeout: Duration, by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        let longest = ProtocolAdapter.longestToken(in: stations[s].version)
        guard (1...longest).contains(token.unicodeScalars.count) else {
            return .failure(
                ServiceFault(.invalid(.swap), fields: [.init(path: "id_token", .bytes(1...longest))]))
        }
        guard verdict(on: token, at: now).isAccepted else {
            return .failure(ServiceFault(.invalid(.swap), fields: [.init(path: "id_token", .tokenRefused)]))
        }
        guard (stations[s].swaps?.swaps ?? []).count(where: \.state.isOpen) < BatterySwap.mostInMemory / 2 else {
            return .failure(ServiceFault(.tooMany(most: BatterySwap.mostInMemory / 2)))
        }
        let number = nextReport()
        let kind = idTokens[Self.key(token)]?.type
        switch request(.swap(request: number, token: token, kind: kind), s, timeout, by: actor, at: now) {
        case .success(.command(let view)):
            let isGone = view.status != .pending
            let swap = BatterySwap(
                id: number, station: stations[s].station.id, request: number, token: token, isRemote: true,
                by: actor.name, openedAt: now, state: isGone ? .notSent : .asked, at: now,
                command: isGone ? nil : view.id)
            put(swap, s)
            remind(at: now + BatterySwap.patience)
            return .success(.swap(swap, view))
        case let other: return other
        }
    }

    // MARK: - What stations say

    mutating func swapAsked(
        request: Int, token: String, isTaken: Bool, _ word: String, _ call: CallLane.Call, _ s: Int, at now: Instant
    ) {
        if let known = openSwap(request, s) {
            return change(swap: known.id, s, at: now) {
                if $0.state != .open { $0.state = isTaken ? .accepted : .refused }
                $0.word = isTaken ? nil : word
                $0.command = nil
            }
        }
        // By hand.
        var by = Actor.platform.name
        if case .command(let id) = call.purpose, let view = command(id) { by = view.by }
        put(
            BatterySwap(
                id: nextReport(), station: stations[s].station.id, request: request, token: token, isRemote: true,
                by: by, openedAt: now, state: isTaken ? .accepted : .refused, at: now, word: isTaken ? nil : word), s)
        remind(at: now + BatterySwap.patience)
    }

    /// The command that asked for it ended without an answer that says how.
    mutating func swapUnanswered(_ command: CommandView, at now: Instant) {
        guard command.action == "RequestBatterySwap", let s = stationIndex[command.station],
            let known = stations[s].swaps?.swaps.last(where: { $0.command == command.id })
        else { return }
        change(swap: known.id, s, at: now) {
            switch command.status {
            case .error:
                $0.state = .refused
                $0.word = command.errorCode
            case .offline where command.failure == .neverSent: $0.state = .notSent
            case .answered where $0.state == .asked: $0.state = .unanswered
            case .answered, .pending: return
            case .timeout, .offline: $0.state = .unanswered
            }
            $0.command = nil
        }
    }

    mutating func swapped(_ event: SwapEvent, _ s: Int, at now: Instant) {
        let id = stations[s].station.id
        // Steps of one swap carry one number; ours are not used twice, a station's own may be, a day later.
        let known = openSwap(event.request, s) ?? lateSwap(event, s, at: now)
        var swap =
            known
            ?? BatterySwap(
                id: nextReport(), station: id, request: event.request, token: event.token, isRemote: false, by: "",
                openedAt: now, state: .open, at: now)
        swap.isTokenRefused = swap.isTokenRefused || !verdict(on: event.token, at: now).isAccepted
        swap.at = now
        switch event.kind {
        case .taken:
            swap.taken = event.batteries
            swap.state = swap.given.isEmpty ? .open : .done
            for battery in event.batteries { putIn(battery, s, at: now) }
        case .given:
            swap.charged = event.batteries.reduce(Energy?.some(.zero)) { sum, battery in
                sum.flatMap { sum in takeOut(battery, s, at: now).map { sum + $0 } }
            }
            swap.given = event.batteries
            swap.state = swap.taken.isEmpty ? .open : .done
            if swap.state == .done { endAlarm(Self.swapLeft, object: swap.alarmObject, at: now) }
        case .left:
            swap.state = .left
            // It is in its slot still.
            for battery in event.batteries { putIn(battery, s, at: now) }
            raise(
                Self.swapLeft, object: swap.alarmObject, site: stations[s].station.site, priority: .medium,
                values: ["slot": event.batteries.map { String($0.slot) }.joined(separator: ", ")], at: now)
        }
        put(swap, s)
        if swap.state.isOpen { remind(at: swap.endsAt) }
    }

    static let swapLeft = "station-swap-left"

    private func openSwap(_ request: Int, _ s: Int) -> BatterySwap? {
        stations[s].swaps?.swaps.last { $0.request == request && $0.state.isOpen }
    }

    /// What was left may be taken later; what ended for us may go on at the station.
    private func lateSwap(_ event: SwapEvent, _ s: Int, at now: Instant) -> BatterySwap? {
        stations[s].swaps?.swaps.last { swap in
            swap.request == event.request && Self.key(swap.token) == Self.key(event.token)
                && now - swap.openedAt < BatterySwap.longest && (swap.state != .done || isRepeat(event, of: swap))
        }
    }

    private func isRepeat(_ event: SwapEvent, of swap: BatterySwap) -> Bool {
        switch event.kind {
        case .taken: swap.taken == event.batteries
        case .given: swap.given == event.batteries
        case .left: false
        }
    }

    // MARK: - Slots

    private mutating func putIn(_ battery: SwapBattery, _ s: Int, at now: Instant) {
        guard stations[s].ensureEVSE(battery.slot) != nil else { return }
        changeCabinet(s) { cabinet in
            let known = cabinet[battery.slot].flatMap { $0.battery.serial == battery.serial ? $0 : nil }
            cabinet.batteries.removeAll {
                $0.battery.slot == battery.slot || $0.battery.serial == battery.serial
            }
            let stored = StoredBattery(
                battery, since: known?.since ?? now, chargeThen: known?.chargeThen ?? battery.charge, at: now)
            let place = cabinet.batteries.firstIndex { $0.battery.slot > battery.slot } ?? cabinet.batteries.count
            cabinet.batteries.insert(stored, at: place)
        }
        if let i = stations[s].activeSession(on: battery.slot) { stateNeeds(s, i, at: now) }
    }

    /// - Returns: what was charged into it here; `nil`: nobody knows.
    private mutating func takeOut(_ battery: SwapBattery, _ s: Int, at now: Instant) -> Energy? {
        let stored = stations[s].swaps?.cabinet[battery.slot]
        let isKnown = stored?.battery.serial == battery.serial
        var charged: Energy?
        if let stored, isKnown {
            let sessions = stations[s].sessions.filter {
                $0.evse.number == battery.slot && ($0.endedAt ?? now) >= stored.since
            }
            if !sessions.isEmpty { charged = sessions.reduce(.zero) { $0 + $1.imported - $1.exported } }
        }
        changeCabinet(s) { cabinet in
            // A fifth or more shows what a whole battery takes, losses and all.
            if let charged, let stored, charged > .zero, battery.charge - stored.chargeThen >= 2_000 {
                cabinet.capacity = Energy(
                    milliwattHours: charged.milliwattHours / Int64(battery.charge - stored.chargeThen) * 10_000)
            }
            cabinet.batteries.removeAll {
                $0.battery.slot == battery.slot || $0.battery.serial == battery.serial
            }
            cabinet.demand = Array((cabinet.demand + [now]).suffix(BatteryCabinet.mostDemand))
        }
        return charged
    }

    /// The station's own token for charging what it stores may be used in many slots at once (S04.FR.02).
    func isOfSlots(_ token: String, _ s: Int) -> Bool {
        guard let own = stations[s].swaps?.cabinet.token else { return false }
        return Self.key(own) == Self.key(token) && !(stations[s].swaps?.cabinet.batteries.isEmpty ?? true)
    }

    /// A transaction of a slot: its readings tell the battery's charge, and the plan is told what it needs.
    mutating func chargeStored(_ s: Int, _ i: Int, _ readings: [Reading], at now: Instant) {
        let slot = stations[s].sessions[i].evse.number
        guard let stored = stations[s].swaps?.cabinet[slot], stations[s].sessions[i].status == .active else { return }
        if let newest = readings.filter({ $0.measurand == "SoC" }).max(by: { $0.at < $1.at }),
            let charge = newest.hundredths, charge != stored.battery.charge
        {
            changeCabinet(s) { cabinet in
                guard let k = cabinet.batteries.firstIndex(where: { $0.battery.slot == slot }) else { return }
                cabinet.batteries[k].battery.charge = charge
                cabinet.batteries[k].at = now
            }
        }
        stateNeeds(s, i, at: now)
    }

    /// Full by the time it is wanted. What a person stated goes before.
    private mutating func stateNeeds(_ s: Int, _ i: Int, at now: Instant) {
        let session = stations[s].sessions[i]
        guard let cabinet = stations[s].swaps?.cabinet, let stored = cabinet[session.evse.number],
            session.needs.map({ $0.statedBy == Needs.swap }) ?? true
        else { return }
        let delivered = session.imported - session.exported
        // The first word stands until it has passed or the energy became known: a plan that changes by the minute helps nobody.
        if let needs = session.needs, let departure = needs.departure, departure > now,
            needs.energy != nil || cabinet.capacity == nil
        {
            return
        }
        let needs = Needs(
            departure: cabinet.wantedBy(at: now), energy: cabinet.missing(stored).map { delivered + $0 }, minimum: nil,
            chargeNow: false, statedBy: Needs.swap, statedAt: now)
        stations[s].sessions[i].needs = needs
        if let e = stations[s].evse(session.evse.number) { stations[s].evses[e].outlook = nil }
        persist(.session(stations[s].sessions[i]))
        requestPlan(for: s, "needs", at: now)
    }

    /// What its device model says of swapping.
    mutating func noteSwapVariable(_ name: VariableName, _ value: String?, _ s: Int) {
        guard name.component.lowercased() == "batteryswapctrlr", let value else { return }
        let percent = Int(value).flatMap { (0...100).contains($0) ? $0 * 100 : nil }
        changeCabinet(s) { cabinet in
            switch name.variable.lowercased() {
            case "targetsoc": cabinet.target = percent ?? cabinet.target
            case "maxsoc": cabinet.full = percent ?? cabinet.full
            case "idtoken": cabinet.token = value.isEmpty ? nil : String(value.prefix(255))
            default: break
            }
        }
    }

    // MARK: - Time

    /// Nobody came: the authorization is over at the station as well (S02.FR.05). Or one side came and the other never did.
    mutating func endOldSwaps(_ s: Int, at now: Instant) {
        for swap in stations[s].swaps?.swaps ?? [] where swap.state.isOpen {
            if swap.endsAt <= now {
                change(swap: swap.id, s, at: now) { $0.state = swap.isUntouched ? .unused : .left }
            } else {
                remind(at: swap.endsAt)
            }
        }
    }

    // MARK: - Keeping

    private mutating func changeCabinet(_ s: Int, _ change: (inout BatteryCabinet) -> Void) {
        let before = stations[s].swaps
        var keeper = before ?? SwapKeeper(cabinet: BatteryCabinet(station: stations[s].station.id))
        change(&keeper.cabinet)
        guard keeper.cabinet != before?.cabinet else { return }
        stations[s].swaps = keeper
        persist(.swap(.cabinet(keeper.cabinet)))
        emit(.publish(.station(keeper.cabinet.station)))
    }

    private mutating func put(_ swap: BatterySwap, _ s: Int) {
        var keeper = stations[s].swaps ?? SwapKeeper(cabinet: BatteryCabinet(station: swap.station))
        keeper.swaps.removeAll { $0.id == swap.id }
        keeper.swaps.append(swap)
        while keeper.swaps.count > BatterySwap.mostInMemory {
            keeper.swaps.remove(at: keeper.swaps.firstIndex { !$0.state.isOpen } ?? 0)
        }
        stations[s].swaps = keeper
        persist(.swap(.swap(swap)))
        emit(.publish(.station(swap.station)))
    }

    private mutating func change(swap id: Int, _ s: Int, at now: Instant, _ change: (inout BatterySwap) -> Void) {
        guard var swap = stations[s].swaps?.swaps.last(where: { $0.id == id }) else { return }
        let before = swap
        change(&swap)
        guard swap != before else { return }
        if swap.state != before.state { swap.at = now }
        put(swap, s)
    }

    mutating func endSwapAlarms(_ s: Int, at now: Instant) {
        for swap in stations[s].swaps?.swaps ?? [] { endAlarm(Self.swapLeft, object: swap.alarmObject, at: now) }
    }

    public func cabinet(of id: StationID) -> BatteryCabinet? {
        stationIndex[id].flatMap { stations[$0].swaps?.cabinet }
    }
    public func swap(_ id: Int, of station: StationID) -> BatterySwap? {
        stationIndex[station].flatMap { s in stations[s].swaps?.swaps.last { $0.id == id } }
    }

    mutating func load(_ cabinets: [BatteryCabinet], _ swaps: [BatterySwap]) {
        for cabinet in cabinets {
            if let s = stationIndex[cabinet.station] { stations[s].swaps = SwapKeeper(cabinet: cabinet) }
        }
        for swap in swaps {
            guard let s = stationIndex[swap.station] else { continue }
            var keeper = stations[s].swaps ?? SwapKeeper(cabinet: BatteryCabinet(station: swap.station))
            keeper.swaps.append(swap)
            stations[s].swaps = keeper
            if swap.state.isOpen { remind(at: swap.endsAt) }
        }
    }
}

extension BatterySwap {
    var alarmObject: String { "\(station.value)/\(request)" }

    /// No battery has moved.
    fileprivate var isUntouched: Bool { taken.isEmpty && given.isEmpty }
    /// When one that is open is waited for no longer.
    fileprivate var endsAt: Instant { openedAt + (isUntouched ? Self.patience : Self.longest) }
    /// After that the station may use its number again.
    fileprivate static let longest: Duration = .days(1)
}

extension Needs {
    /// ``statedBy`` of what a battery in its slot needs.
    static let swap = "battery swap"
}

extension Reading {
    /// A percentage in hundredths; `nil`: not one.
    fileprivate var hundredths: Int? {
        guard (0...18).contains(scale) else { return nil }
        var value = Int128(mantissa) * 100
        for _ in 0..<scale { value /= 10 }
        return (0...10_000).contains(value) ? Int(value) : nil
    }
}

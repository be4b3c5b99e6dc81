import Assets
import Charging
import Quantities

// What is lost between the grid and the batteries, learned at each EVSE from sessions that went both ways (ADR 17).
extension Core {
    /// Readings of a station that meters both directions: where one instant has the state of charge too, it says something of
    /// the losses.
    mutating func trackLosses(_ readings: [Reading], _ s: Int, _ i: Int) {
        guard stations[s].version == .v21 else { return }
        var track = stations[s].sessions[i].account.losses ?? LossTrack()
        let before = track
        var at: Instant?
        var (charge, imported, exported): (Int64?, RegisterReading?, RegisterReading?)
        func finish(_ track: inout LossTrack) {
            guard let at, let charge, let imported, let exported else { return }
            track.take(LossTrack.Sample(at: at, charge: charge, imported: imported, exported: exported))
        }
        for reading in readings {
            if reading.at != at {
                finish(&track)
                (at, charge, imported, exported) = (reading.at, nil, nil, nil)
            }
            if let value = reading.importRegister {
                imported = value
            } else if let value = reading.exportRegister {
                exported = value
            } else if let value = reading.stateOfCharge {
                charge = value
            }
        }
        finish(&track)
        if track != before { stations[s].sessions[i].account.losses = track }
    }

    /// What the meter counts more slowly than any vehicle charges is what its station takes for itself.
    ///
    /// - Parameters:
    ///   - taken: since the reading at `since`, by the one at `instant`. Registers that are cut to whole watt-hours stand still
    ///     between their steps: the time since the last step counts.
    mutating func setOwnUseApart(_ taken: Energy, since: Instant, to instant: Instant, _ s: Int, _ i: Int) {
        let session = stations[s].sessions[i]
        guard taken > .zero, let v2x = session.v2x, let e = stations[s].evse(session.evse.number) else { return }
        let last = stations[s].evses[e].steering.registerStep.flatMap { $0.session == session.id ? $0 : nil }
        let heardAt = v2x.heardAt ?? v2x.toldAt
        let from = last?.at ?? max(session.startedAt, heardAt)
        let unit = min(last?.least ?? .wattHours(1), taken)
        stations[s].evses[e].steering.registerStep = SteeringState.RegisterStep(
            session: session.id, at: instant, least: last.map { min($0.least, taken) } ?? taken)
        // What came before the vehicle spoke of its energies is not counted against them (``moveNeeds(_:_:knownBefore:)``).
        guard instant > heardAt, instant > from, taken.meanPower(over: instant - from) < LossTrack.leastFlow,
            // After a pause the first reading may hold more than the one step that the register makes at a time.
            instant <= since || (taken - unit).meanPower(over: instant - since) < LossTrack.leastFlow
        else { return }
        stations[s].sessions[i].v2x?.ownUse += taken
    }

    /// An ended session's word on the losses at its EVSE.
    mutating func learnLosses(of session: Session, _ s: Int) {
        guard let end = session.endedAt, let value = session.account.losses?.roundTrip,
            let e = stations[s].evse(session.evse.number)
        else { return }
        let record = RoundTripRecord(evse: session.evse, session: session.id, at: end, value: value)
        stations[s].evses[e].losses.put(record)
        persist(.roundTrip(record))
        emit(.publish(.station(stations[s].station.id)))
    }

    mutating func load(_ records: [RoundTripRecord]) {
        for record in records {
            guard let s = stationIndex[record.evse.station], let e = stations[s].ensureEVSE(record.evse.number) else {
                continue
            }
            stations[s].evses[e].losses.put(record)
        }
    }

    /// `nil`: nothing was measured there, or too little to decide by.
    private func learned(_ evse: EVSEID) -> RoundTrip? {
        guard let s = stationIndex[evse.station], let e = stations[s].evse(evse.number),
            let learned = LearnedRoundTrip(stations[s].evses[e].losses), learned.isEnough
        else { return nil }
        return learned.value
    }

    /// Thousandths of the energy that surely are left after one way between the meter of `evse` and a battery there: what was
    /// measured at its lower end, what somebody stated of the site's batteries, the smaller of the two; else what is assumed.
    func surelyOneWay(at evse: EVSEID, _ terms: BatteryTerms?) -> Int64 {
        [learned(evse)?.surelyOneWay, terms?.oneWayPerMille].compactMap { $0 }.min() ?? settings.oneWayPerMille
    }

    /// The same as it most likely is, for plans: what was measured goes before what was stated.
    func likelyOneWay(at evse: EVSEID, _ terms: BatteryTerms?) -> Int64 {
        learned(evse)?.likelyOneWay ?? terms?.oneWayPerMille ?? settings.oneWayPerMille
    }
}

import Charging
import OCPP
import Quantities

// What answered calls tell of a station. One door for all of them, so that a command which a person made by hand leaves
// the platform no less informed than one of its own.
extension Core {
    /// - Parameter late: calls that were sent after it may have been answered, or wait for their answer.
    mutating func learn(
        from call: CallLane.Call, answer payload: [UInt8], _ s: Int, late: Bool, at now: Instant
    ) {
        let isPromising = AnsweredCall.promising.contains(call.action)
        guard isPromising || AnsweredCall.telling.contains(call.action),
            let answered = AnsweredCall(
                action: call.action, request: call.payload, response: payload, in: stations[s].version)
        else { return }
        if isPromising, case .command(let id) = call.purpose, let promise = answered.promise {
            expect(promise, of: id, s, at: now, scheduled: answered.isScheduled)
        }
        if case .v2(.setVariables(let sent), .setVariables(let answer)) = answered, stations[s].web != nil {
            learn(webPayments: OCPP2Adapter.webPayments(sent, answer), s, at: now)
        }
        guard let fact = answered.fact else { return }
        switch fact {
        case .localList(let version): holdsList(version: version, s, at: now)
        case .reserved(let asked, let isTaken, let word): reserved(asked, isTaken: isTaken, word, call, s, at: now)
        case .reservationCancelled(let id, let isTaken): cancelled(reservation: id, isTaken: isTaken, s, at: now)
        case .displays(let message): change(display: s) { $0.put(message) }
        case .displaysNoMore(let id): change(display: s) { $0.remove(id) }
        case .displayAsked(let request, let isWhole, let isEmpty):
            asked(display: request, isWhole: isWhole, isEmpty: isEmpty, s, at: now)
        case .job(let answer): taken(answer, job: call.messageID, s, at: now)
        case .unpublished(let checksum): unpublished(checksum: checksum, s, at: now)
        // A late answer tells of what was there before the calls that came after it.
        case .profiles(let fact) where isOvertaken(fact, sentAt: call.sentAt ?? now, s): break
        // What it took, it took when that came: before all that was sent since.
        case .profiles(let fact): learn(fact, s, at: late ? call.sentAt ?? now : now)
        case .device(let fact): learn(fact, isWhole: answered.isWholePicture, s, at: now)
        case .der(let fact): learn(fact, s, at: now)
        case .swapAsked(let request, let token, let isTaken, let word):
            swapAsked(request: request, token: token, isTaken: isTaken, word, call, s, at: now)
        case .certificates(let news): learn(news, s, at: now)
        case .transfers(let allowed, let transaction, let isTaken):
            learn(transfers: allowed, transaction: transaction, isTaken: isTaken, s, at: now)
        case .priorityAsked(let transaction, let isOn):
            askedPriority(transaction: transaction, isOn: isOn, s, at: now)
        case .tariffs(let fact): learn(fact, s, at: now)
        }
    }
}

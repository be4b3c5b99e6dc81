import Assets
import Charging
import Quantities

/// What the core holds of one station's display.
struct DisplayKeeper: Sendable {
    var picture: DisplayPicture
    var gathering: Gathering?

    /// Reports of one order on their way. They may be faster than the answer that announces them.
    struct Gathering: Sendable {
        let request: Int
        /// All that the station has was asked for; `nil`: its answer has not come.
        var isWhole: Bool?
        var messages: [DisplayMessage] = []
        /// The last part has come.
        var hasEnded = false
    }
}

// Messages on stations' displays (2.x block O): what was set and cleared, and what a station tells.
extension Core {
    mutating func change(display s: Int, _ change: (inout DisplayPicture) -> Void) {
        var keeper =
            stations[s].display ?? DisplayKeeper(picture: DisplayPicture(station: stations[s].station.id))
        let before = keeper.picture
        change(&keeper.picture)
        stations[s].display = keeper
        guard keeper.picture != before else { return }
        persist(.holding(.display(keeper.picture)))
        emit(.publish(.station(before.station)))
    }

    mutating func asked(display request: Int, isWhole: Bool, isEmpty: Bool, _ s: Int, at now: Instant) {
        guard !isEmpty else {
            // It has none of those asked for: where all were, it has none at all (O03.FR.02 and O05).
            if isWhole {
                change(display: s) {
                    $0.messages = []
                    $0.toldAt = now
                }
            }
            return
        }
        gather(request, s) { $0.isWhole = isWhole }
        finishGathering(s, at: now)
    }

    /// Parts of an answer come in order; the last one makes the picture.
    mutating func told(
        display messages: [DisplayMessage], request: Int, goesOn: Bool, _ s: Int, at now: Instant
    ) {
        gather(request, s) { gathering in
            gathering.messages += messages.prefix(max(0, DisplayPicture.most - gathering.messages.count))
            gathering.hasEnded = !goesOn
        }
        if stations[s].display?.gathering?.isWhole != true {
            change(display: s) { for message in messages { $0.put(message) } }
        }
        finishGathering(s, at: now)
    }

    private mutating func gather(
        _ request: Int, _ s: Int, _ change: (inout DisplayKeeper.Gathering) -> Void
    ) {
        self.change(display: s) { _ in }
        let known = stations[s].display?.gathering.flatMap { $0.request == request ? $0 : nil }
        var gathering = known ?? DisplayKeeper.Gathering(request: request)
        change(&gathering)
        stations[s].display?.gathering = gathering
    }

    private mutating func finishGathering(_ s: Int, at now: Instant) {
        guard let gathering = stations[s].display?.gathering, gathering.hasEnded, let isWhole = gathering.isWhole else {
            return
        }
        stations[s].display?.gathering = nil
        guard isWhole else { return }
        change(display: s) { picture in
            picture.messages = []
            for message in gathering.messages { picture.put(message) }
            picture.toldAt = now
        }
    }

    public func display(of id: StationID) -> DisplayPicture? {
        stationIndex[id].map { stations[$0].display?.picture ?? DisplayPicture(station: id) }
    }

    mutating func load(_ picture: DisplayPicture) {
        guard let s = stationIndex[picture.station] else { return }
        stations[s].display = DisplayKeeper(picture: picture)
    }
}

import Assets
import Charging
import Quantities

/// What the core holds of one station's display.
struct DisplayKeeper: Sendable {
    var picture: DisplayPicture
    /// Reports of this order are being gathered.
    var asked: (request: Int, isWhole: Bool)?
    var gathered: [DisplayMessage] = []
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
        change(display: s) { _ in }
        // Its reports may be faster than its answer.
        if stations[s].display?.asked?.request != request { stations[s].display?.gathered = [] }
        stations[s].display?.asked = (request, isWhole)
    }

    /// Parts of an answer come in order; the last one makes the picture.
    mutating func told(
        display messages: [DisplayMessage], request: Int, goesOn: Bool, _ s: Int, at now: Instant
    ) {
        let asked = stations[s].display?.asked
        let isWhole = asked?.request == request && asked?.isWhole == true
        guard isWhole else {
            return change(display: s) { for message in messages { $0.put(message) } }
        }
        let room = DisplayPicture.most - (stations[s].display?.gathered.count ?? 0)
        stations[s].display?.gathered += messages.prefix(max(0, room))
        guard !goesOn else { return }
        let gathered = stations[s].display?.gathered ?? []
        stations[s].display?.gathered = []
        stations[s].display?.asked = nil
        change(display: s) { picture in
            picture.messages = []
            for message in gathered { picture.put(message) }
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

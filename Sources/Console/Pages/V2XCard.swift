import Charging
import Operations
import Quantities

/// What a vehicle that can give back said and was told, and what holds it now; on the page of its session.
enum V2XCard {
    /// Empty for sessions without any of it.
    static func html(_ view: SessionView, _ format: Format) -> HTML {
        let session = view.session
        guard session.v2x != nil || session.dialogue != nil || view.operation != nil else { return .empty }
        let t = format.words
        var pairs: [(String, HTML)] = []
        if let state = view.operation {
            let manual: HTML? = state.isManual ? " <span class=\"state state-wait\">\(t("v2x.manual"))</span>" : nil
            pairs.append((t("v2x.mode"), "\(t.known("v2x.mode." + state.mode) ?? state.mode)\(manual)"))
            pairs.append((t("v2x.bounds"), HTML(escaping: bounds(state, format))))
        }
        pairs += dialogue(session, format)
        if let told = session.v2x {
            pairs += [
                (t("v2x.control"), HTML(escaping: t("v2x.control." + told.control.rawValue))),
                (t("v2x.charge"), HTML(escaping: range(told.leastCharge, told.mostCharge, format))),
                (t("v2x.discharge"), HTML(escaping: range(told.leastDischarge, told.mostDischarge, format))),
                (t("v2x.energies"), HTML(escaping: energies(told, format))),
            ]
        }
        if let course = session.dialogue?.course {
            let word = t(course.fits ? "v2x.course.fits" : "v2x.course.refused")
            pairs.append((t("v2x.course"), "\(word) <span class=\"muted\">\(format.ago(course.at))</span>"))
        }
        return Parts.card(t("v2x.title"), id: "v2x", live: "session", Parts.facts(pairs))
    }

    private static func dialogue(_ session: Session, _ format: Format) -> [(String, HTML)] {
        let t = format.words
        var pairs: [(String, HTML)] = [
            (
                t("v2x.allowed"),
                HTML(escaping: session.dialogue?.allowed.map { $0.joined(separator: ", ") } ?? t("v2x.allowed.none"))
            )
        ]
        if let offer = session.dialogue?.offer {
            let running = session.v2x?.transfer ?? Format.none
            pairs.append(
                (
                    t("v2x.transfer"),
                    HTML(escaping: t("v2x.transfer.asked", ["asked": offer.requested, "runs": running]))
                ))
        }
        if let vehicle = session.dialogue?.vehicle { pairs.append((t("v2x.vehicle"), HTML(escaping: vehicle))) }
        if let priority = session.dialogue?.priority {
            let word = t(
                priority.isOn ? priority.isLocal ? "v2x.priority.local" : "v2x.priority.on" : "v2x.priority.off")
            pairs.append((t("v2x.priority"), "\(word) <span class=\"muted\">\(format.ago(priority.at))</span>"))
        }
        return pairs
    }

    private static func bounds(_ state: OperationState, _ format: Format) -> String {
        func power(_ power: Power?) -> String { power.map { format.kilowatts($0) } ?? Format.none }
        return format.words(
            "v2x.bounds.text",
            [
                "setpoint": power(state.setpoint), "limit": power(state.limit),
                "discharge": power(state.dischargeLimit),
            ])
    }

    private static func range(_ least: Power?, _ most: Power?, _ format: Format) -> String {
        guard least != nil || most != nil else { return Format.none }
        return
            "\(least.map { format.kilowatts($0) } ?? Format.none) – \(most.map { format.kilowatts($0) } ?? Format.none) kW"
    }

    /// From plug-in on, as the vehicle said them.
    private static func energies(_ told: V2XParameters, _ format: Format) -> String {
        func energy(_ energy: Energy?) -> String { energy.map { format.kilowattHours($0) } ?? Format.none }
        return format.words(
            "v2x.energies.text",
            [
                "minimum": energy(told.minimum), "target": energy(told.target), "maximum": energy(told.maximum),
                "from": energy(told.minimumV2X), "to": energy(told.maximumV2X),
            ])
    }
}

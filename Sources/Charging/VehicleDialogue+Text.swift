import Quantities

// Named texts for the disk: what is not known has no name. Lists stand between commas, parts of an item between colons; no
// word of the standard has either.

extension V2XParameters {
    public var texts: [String: String] {
        var texts = Texts()
        texts["transfer"] = transfer
        texts["control"] = control.rawValue
        texts.set("least_charge", leastCharge?.watts)
        texts.set("most_charge", mostCharge?.watts)
        texts.set("least_discharge", leastDischarge?.watts)
        texts.set("most_discharge", mostDischarge?.watts)
        texts.set("target", target?.milliwattHours)
        texts.set("minimum", minimum?.milliwattHours)
        texts.set("maximum", maximum?.milliwattHours)
        texts.set("minimum_v2x", minimumV2X?.milliwattHours)
        texts.set("maximum_v2x", maximumV2X?.milliwattHours)
        texts.set("capacity", capacity?.milliwattHours)
        texts.set("told_at", toldAt.milliseconds)
        texts.set("heard_at", heardAt?.milliseconds)
        texts.set("imported_then", importedThen.milliwattHours)
        texts.set("exported_then", exportedThen.milliwattHours)
        texts.set("own_use", ownUse == .zero ? nil : ownUse.milliwattHours)
        return texts.all
    }

    /// Reads ``texts``; `nil`: they are none.
    public init?(texts: [String: String]) {
        let texts = Texts(texts)
        guard let transfer = texts["transfer"], let control = texts["control"].flatMap(Control.init(rawValue:)),
            let toldAt = texts.number("told_at")
        else { return nil }
        func power(_ name: String) -> Power? { texts.number(name).map(Power.init(watts:)) }
        func energy(_ name: String) -> Energy? { texts.number(name).map(Energy.init(milliwattHours:)) }
        self.init(
            transfer: transfer, control: control, leastCharge: power("least_charge"),
            mostCharge: power("most_charge"), leastDischarge: power("least_discharge"),
            mostDischarge: power("most_discharge"), target: energy("target"), minimum: energy("minimum"),
            maximum: energy("maximum"), minimumV2X: energy("minimum_v2x"), maximumV2X: energy("maximum_v2x"),
            toldAt: Instant(milliseconds: toldAt))
        capacity = energy("capacity")
        heardAt = texts.number("heard_at").map(Instant.init(milliseconds:))
        importedThen = energy("imported_then") ?? .zero
        exportedThen = energy("exported_then") ?? .zero
        ownUse = energy("own_use") ?? .zero
    }
}

extension VehicleDialogue {
    public var texts: [String: String] {
        var texts = Texts()
        texts["vehicle"] = vehicle
        texts["allowed"] = allowed?.joined(separator: ",")
        texts["asked_priority"] = askedPriority.map(String.init)
        if let priority {
            texts["priority"] = "\(priority.isOn):\(priority.at.milliseconds):\(priority.isLocal)"
        }
        if let offer { offer.write(to: &texts) }
        if let course { course.write(to: &texts) }
        return texts.all
    }

    public init(texts all: [String: String]) {
        let texts = Texts(all)
        self.init(vehicle: texts["vehicle"])
        allowed = texts["allowed"].map { $0.split(separator: ",").map(String.init) }
        askedPriority = texts["asked_priority"].flatMap(Bool.init)
        if let parts = texts["priority"]?.split(separator: ":").map(String.init), parts.count == 3,
            let isOn = Bool(parts[0]), let at = Int64(parts[1]), let isLocal = Bool(parts[2])
        {
            priority = Priority(isOn: isOn, at: Instant(milliseconds: at), isLocal: isLocal)
        }
        offer = VehicleOffer(texts)
        course = VehicleCourse(texts)
    }
}

extension VehicleOffer {
    fileprivate func write(to texts: inout Texts) {
        texts["requested"] = requested
        texts["available"] = available.isEmpty ? nil : available.joined(separator: ",")
        texts["mobility"] = mobility
        texts.set("tuples", mostTuples)
        texts["phases"] = phases.isEmpty ? nil : phases.joined(separator: ",")
        texts.set("offered_at", at.milliseconds)
        texts["der"] = der
        if let power {
            texts.set("power.start", power.start.milliseconds)
            texts["power.steps"] = power.steps.map { "\($0.seconds):\($0.watts)" }.joined(separator: ",")
        }
        if let price {
            texts.set("price.start", price.start.milliseconds)
            texts["price.currency"] = price.currency
            texts["price.algorithm"] = price.algorithm
            texts["price.steps"] = price.steps.map { step in
                ([String(step.seconds)] + step.rules.map { "\($0.fee)@\($0.from)" }).joined(separator: ":")
            }.joined(separator: ",")
        }
    }

    fileprivate init?(_ texts: Texts) {
        guard let requested = texts["requested"], let at = texts.number("offered_at") else { return nil }
        self.init(
            requested: requested, available: texts.list("available"), mobility: texts["mobility"],
            mostTuples: texts.number("tuples").map { Int($0) }, phases: texts.list("phases"),
            der: texts["der"], at: Instant(milliseconds: at))
        if let start = texts.number("power.start") {
            power = Power(
                start: Instant(milliseconds: start),
                steps: texts.pairs("power.steps").map { Power.Step(seconds: Int($0), watts: $1) })
        }
        if let start = texts.number("price.start") {
            price = Price(
                start: Instant(milliseconds: start), currency: texts["price.currency"] ?? "",
                algorithm: texts["price.algorithm"] ?? "",
                steps: texts.list("price.steps").compactMap { step in
                    let parts = step.split(separator: ":")
                    guard let seconds = parts.first.flatMap({ Int($0) }) else { return nil }
                    return Price.Step(
                        seconds: seconds,
                        rules: parts.dropFirst().compactMap { rule in
                            let sides = rule.split(separator: "@")
                            guard sides.count == 2, let from = Int64(sides[1]) else { return nil }
                            return Price.Rule(fee: String(sides[0]), from: from)
                        })
                })
        }
    }
}

extension VehicleCourse {
    fileprivate func write(to texts: inout Texts) {
        texts.set("course.selected", selected)
        texts["course.tolerance"] = keepsTolerance.map(String.init)
        texts.set("course.start", start.milliseconds)
        texts["course.steps"] = steps.map { "\($0.seconds):\($0.watts)" }.joined(separator: ",")
        texts["course.fits"] = String(fits)
        texts.set("course.at", at.milliseconds)
    }

    fileprivate init?(_ texts: Texts) {
        guard let start = texts.number("course.start"), let at = texts.number("course.at"),
            let fits = texts["course.fits"].flatMap(Bool.init)
        else { return nil }
        self.init(
            selected: texts.number("course.selected").map { Int($0) },
            keepsTolerance: texts["course.tolerance"].flatMap(Bool.init), start: Instant(milliseconds: start),
            steps: texts.pairs("course.steps").map { Step(seconds: Int($0), watts: $1) }, fits: fits,
            at: Instant(milliseconds: at))
    }
}

/// Named texts and what is made of them.
struct Texts {
    private(set) var all: [String: String]
    init(_ all: [String: String] = [:]) { self.all = all }

    subscript(_ name: String) -> String? {
        get { all[name] }
        set { all[name] = newValue }
    }
    mutating func set(_ name: String, _ value: (some BinaryInteger)?) { all[name] = value.map { String($0) } }
    func number(_ name: String) -> Int64? { all[name].flatMap { Int64($0) } }
    func list(_ name: String) -> [String] { all[name].map { $0.split(separator: ",").map(String.init) } ?? [] }
    func pairs(_ name: String) -> [(Int64, Int64)] {
        list(name).compactMap { item in
            let sides = item.split(separator: ":").compactMap { Int64($0) }
            return sides.count == 2 ? (sides[0], sides[1]) : nil
        }
    }
    /// Those whose names begin so, without that beginning.
    func named(_ prefix: String) -> [String: String] {
        var found: [String: String] = [:]
        for (name, value) in all where name.hasPrefix(prefix) { found[String(name.dropFirst(prefix.count))] = value }
        return found
    }
}

import Charging
import Quantities
import Testing

/// The rules of OCPP 2.1 R04 against a twin that plays them second by second, and what utilities rely on.
@Suite("Timeline of DER controls") struct DERTimelineTests {
    private static func at(_ second: Int) -> Instant { Instant(seconds: 1_800_000_000 + Int64(second)) }

    private static func control(
        _ id: String, _ priority: Int, _ span: Range<Int>?, _ function: DERFunction = .voltVar
    ) -> DERControl {
        DERControl(
            id: id, function: function, priority: priority,
            span: span.map { Interval(at($0.lowerBound), at($0.upperBound)) }, settings: "{}")
    }

    private static func name(_ timeline: DERTimeline, _ second: Int, _ function: DERFunction = .voltVar) -> String? {
        timeline.active(function, at: at(second))?.control.id
    }

    // MARK: - By hand

    @Test func `of two that meet the higher one alone is executed when it came before the start of both`() {
        var timeline = DERTimeline(.overlapping)
        #expect(timeline.receive(Self.control("low", 3, 10..<20), at: Self.at(0)) == [])
        #expect(timeline.receive(Self.control("high", 1, 15..<25), at: Self.at(1)) == ["low"])
        #expect(Self.name(timeline, 12) == nil)
        #expect(Self.name(timeline, 16) == "high" && Self.name(timeline, 25) == nil)
    }

    @Test func `one that runs goes on until the higher one begins`() {
        var timeline = DERTimeline(.everything)
        timeline.receive(Self.control("low", 3, 10..<20), at: Self.at(0))
        #expect(timeline.receive(Self.control("high", 1, 15..<25), at: Self.at(12)) == [])
        #expect(Self.name(timeline, 14) == "low" && Self.name(timeline, 15) == "high")
        // Withdrawn before it began, it takes nothing away.
        timeline.remove("high", at: Self.at(13))
        #expect(Self.name(timeline, 19) == "low")
    }

    @Test func `a default holds where no scheduled one does, and the best of them is the one`() {
        var timeline = DERTimeline(.everything)
        timeline.receive(Self.control("d5", 5, nil), at: Self.at(0))
        timeline.receive(Self.control("event", 9, 10..<20), at: Self.at(1))
        #expect(Self.name(timeline, 9) == "d5" && Self.name(timeline, 10) == "event" && Self.name(timeline, 20) == "d5")
        #expect(timeline.receive(Self.control("d2", 2, nil), at: Self.at(12)) == ["d5"])
        #expect(Self.name(timeline, 13) == "event" && Self.name(timeline, 20) == "d2")
        #expect(timeline.receive(Self.control("d7", 7, nil), at: Self.at(13)) == ["d7"])
        #expect(Self.name(timeline, 20, .wattVar) == nil)
    }

    @Test func `a station drops what waits for whatever is higher, the platform only what meets it`() {
        for (reach, first) in [(DERTimeline.Reach.everything, nil), (.overlapping, "morning")] {
            var timeline = DERTimeline(reach)
            timeline.receive(Self.control("morning", 4, 10..<20), at: Self.at(0))
            timeline.receive(Self.control("evening", 0, 50..<60), at: Self.at(1))
            #expect(Self.name(timeline, 12) == first)
            #expect(Self.name(timeline, 55) == "evening")
        }
    }

    @Test func `one that the station refused takes nothing from others`() {
        var timeline = DERTimeline(.overlapping)
        timeline.receive(Self.control("low", 3, 10..<20), at: Self.at(0))
        timeline.receive(Self.control("high", 1, 15..<25), at: Self.at(1))
        timeline.retract("high")
        #expect(Self.name(timeline, 16) == "low")
    }

    @Test func `of equals that meet the newer one holds`() {
        var timeline = DERTimeline(.everything)
        timeline.receive(Self.control("a", 2, 10..<20), at: Self.at(0))
        timeline.receive(Self.control("b", 2, 20..<30), at: Self.at(1))
        #expect(Self.name(timeline, 12) == "a" && Self.name(timeline, 22) == "b")
        timeline.receive(Self.control("c", 2, 15..<18), at: Self.at(2))
        #expect(Self.name(timeline, 12) == nil && Self.name(timeline, 16) == "c" && Self.name(timeline, 22) == "b")
    }

    // MARK: - Against a twin

    /// The text of R04.FR.02–FR.11, R04.FR.20–22 played second by second.
    private struct Twin {
        struct Held {
            let control: DERControl
            var isSuperseded = false
        }
        var held: [Held] = []

        mutating func tick(_ now: Instant) {
            for new in held where !new.isSuperseded && new.control.span?.start == now { begin(new.control, now) }
            held.removeAll { $0.control.isOver(at: now) }
        }

        private mutating func begin(_ control: DERControl, _ now: Instant) {
            for i in held.indices
            where held[i].control.function == control.function && !held[i].control.isDefault
                && held[i].control.priority > control.priority && (held[i].control.span?.start ?? now) <= now
            {
                held[i].isSuperseded = true
            }
        }

        mutating func receive(_ control: DERControl, _ now: Instant) {
            let rivals = held.indices.filter {
                held[$0].control.function == control.function && held[$0].control.isDefault == control.isDefault
                    && !held[$0].isSuperseded
            }
            if rivals.contains(where: { held[$0].control.priority < control.priority }) {
                held.append(Held(control: control, isSuperseded: true))
                return
            }
            for i in rivals where control.isDefault || held[i].control.span.map({ $0.start > now }) ?? false {
                held[i].isSuperseded = true
            }
            held.append(Held(control: control))
            if let span = control.span, span.start <= now { begin(control, now) }
        }

        func active(_ function: DERFunction, _ now: Instant) -> String? {
            let mine = held.filter { $0.control.function == function && !$0.isSuperseded }
            return (mine.first { $0.control.span?.contains(now) ?? false } ?? mine.first { $0.control.isDefault })?
                .control.id
        }
    }

    private struct Story {
        var arrivals: [(second: Int, control: DERControl)] = []

        init(_ random: inout SeededRandom) {
            var priorities = Array(0..<12).shuffled(using: &random)
            for n in 0..<Int.random(in: 1...12, using: &random) {
                let second = Int.random(in: 0..<40, using: &random)
                let start = second + Int.random(in: -3..<20, using: &random)
                let isDefault = Int.random(in: 0..<4, using: &random) == 0
                let span = isDefault ? nil : start..<(start + Int.random(in: 1..<15, using: &random))
                let control = DERTimelineTests.control(
                    "c\(n)", priorities.removeLast(), span, Bool.random(using: &random) ? .voltVar : .freqDroop)
                if control.span.map({ $0.end > DERTimelineTests.at(second) }) ?? true {
                    arrivals.append((second, control))
                }
            }
            arrivals.sort { $0.second < $1.second }
        }
    }

    @Test func `every second of 2000 stories is as the text of R04 has it`() {
        for seed in 0..<2_000 {
            var random = SeededRandom(seed: UInt64(seed))
            let story = Story(&random)
            var timeline = DERTimeline(.everything)
            var twin = Twin()
            for second in 0..<80 {
                let now = Self.at(second)
                twin.tick(now)
                timeline.dropExpired(at: now)
                for (_, control) in story.arrivals
                where story.arrivals.contains(where: { $0.second == second && $0.control.id == control.id }) {
                    twin.receive(control, now)
                    timeline.receive(control, at: now)
                }
                for function in [DERFunction.voltVar, .freqDroop] {
                    let (ours, theirs) = (Self.name(timeline, second, function), twin.active(function, now))
                    guard ours == theirs else {
                        Issue.record("seed \(seed), second \(second), \(function): \(story.arrivals)")
                        return
                    }
                }
            }
        }
    }

    @Test func `one at a time, the highest whole, and what meets no other untouched`() {
        for seed in 0..<1_000 {
            var random = SeededRandom(seed: UInt64(seed))
            let story = Story(&random)
            var timeline = DERTimeline(.overlapping)
            for (second, control) in story.arrivals { timeline.receive(control, at: Self.at(second)) }
            for (second, control) in story.arrivals {
                guard let span = control.span else { continue }
                let others = story.arrivals.map(\.control).filter {
                    $0.id != control.id && $0.function == control.function && $0.span?.overlaps(span) ?? false
                }
                let isTop = others.allSatisfy { $0.priority > control.priority }
                guard isTop else { continue }
                let from = max(span.start, Self.at(second))
                let course = timeline.course(of: control.function, in: Interval(from, span.end))
                #expect(
                    course.map(\.entry.control.id) == [control.id] && course.first?.span.end == span.end, "seed \(seed)"
                )
            }
            for function in [DERFunction.voltVar, .freqDroop] {
                let course = timeline.course(of: function, in: Interval(Self.at(0), Self.at(80)))
                for (a, b) in zip(course, course.dropFirst()) { #expect(a.span.end <= b.span.start) }
                for second in 0..<80 {
                    let shown = course.first { $0.span.contains(Self.at(second)) }?.entry.control.id
                    #expect(shown == Self.name(timeline, second, function), "seed \(seed), second \(second)")
                }
            }
        }
    }
}

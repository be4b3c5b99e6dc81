import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated stations: clock-aligned values and what is kept for the end") struct AlignedTests {
    @Test func `intervals begin at midnight and end there`() {
        func next(_ seconds: Int64, _ interval: Int) -> Int64 {
            AlignedTime.next(after: Instant(seconds: seconds), every: interval).milliseconds / 1000
        }
        #expect(next(0, 900) == 900 && next(899, 900) == 900 && next(900, 900) == 1800)
        // 7 h do not divide a day: the fourth ends at midnight.
        #expect(next(75_600, 25_200) == 86_400 && next(86_400, 25_200) == 111_600)
        #expect(next(-10, 900) == 0 && next(5, 100_000) == 86_400)
    }

    @Test func `there are never too many samples, and they stay even`() {
        var kept = KeptSamples()
        for i in 0..<1000 {
            kept.append(
                MeterSample(
                    at: Instant(seconds: Int64(i)), context: .periodic,
                    values: [.init(measurand: .voltage, value: JSONDecimal(i), unit: "V", phase: nil)]))
            #expect(kept.samples.count <= KeptSamples.capacity)
        }
        let times = kept.samples.map { $0.at.milliseconds / 1000 }
        let steps = Set(zip(times, times.dropFirst()).map { $1 - $0 })
        #expect(times.first == 0 && steps.count == 1 && times.count > KeptSamples.capacity / 2 - 2)
    }

    // MARK: 1.6

    private func set(_ b: inout Bench, _ key: String, _ value: String) -> V16.ConfigurationStatus? {
        guard
            case .changeConfiguration(let answer)? = b.call(.changeConfiguration(.init(key: key, value: value)))
        else { return nil }
        return answer.status
    }

    private func clock(_ b: Bench) -> [(at: Instant, transaction: Int?)] {
        b.requests.flatMap { request -> [(Instant, Int?)] in
            guard case .meterValues(let values) = request else { return [] }
            return values.meterValue.filter { $0.sampledValue.first?.context == .sampleClock }.map {
                ($0.timestamp, values.transactionId)
            }
        }
    }

    @Test func `1_6: at the clock's quarters, with and without a transaction`() {
        var b = Bench()
        b.run(for: .seconds(100))
        #expect(set(&b, "ClockAlignedDataInterval", "900") == .accepted)
        #expect(set(&b, "MeterValuesAlignedData", "Nothing") == .rejected)
        b.run(for: .minutes(20))
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .minutes(15))
        #expect(clock(b).map(\.at) == [t0 + .minutes(15), t0 + .minutes(30)])
        #expect(clock(b).map(\.transaction) == [nil, 101] && b.faults == [])
        #expect(set(&b, "ClockAlignedDataInterval", "0") == .accepted)
        b.run(for: .hours(1))
        #expect(clock(b).count == 2)
    }

    @Test func `1_6: a wrong clock has its own midnight`() {
        var settings = StationSettings(identity: "CP-1")
        settings.faults.clockSkew = .seconds(90)
        var b = Bench(settings)
        _ = set(&b, "ClockAlignedDataInterval", "900")
        b.run(for: .minutes(14))
        #expect(clock(b).map(\.at) == [t0 + .minutes(15)] && b.times.last == t0 + .seconds(810))
    }

    @Test func `1_6: the stop carries what its keys ask for`() {
        var b = Bench()
        let register = "Energy.Active.Import.Register"
        _ = set(&b, "ClockAlignedDataInterval", "900")
        _ = set(&b, "StopTxnAlignedData", register)
        _ = set(&b, "StopTxnSampledData", register)
        _ = set(&b, "MeterValueSampleInterval", "600")
        b.run(for: .minutes(5))
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .minutes(30))
        b.feed(.plugOut(connector: 1))
        guard case .stopTransaction(let stop)? = b.requests.last(where: { $0.action == .stopTransaction }) else {
            Issue.record("no stop")
            return
        }
        let told = (stop.transactionData ?? []).map {
            "\(($0.timestamp - t0).wholeMilliseconds / 60_000) \($0.sampledValue.first?.context?.name ?? "")"
        }
        #expect(
            told == [
                "5 Transaction.Begin", "15 Sample.Periodic", "15 Sample.Clock", "25 Sample.Periodic", "30 Sample.Clock",
                "35 Sample.Periodic", "35 Transaction.End",
            ])
        #expect(b.faults == [])
    }

    // MARK: 2.0.1

    private func set(_ b: inout Bench201, _ component: String, _ variable: String, _ value: String) {
        let data = V2.SetVariableData(
            attributeValue: value, component: .init(name: component), variable: .init(name: variable))
        #expect(
            b.call(.setVariables(.init(setVariableData: [data])))
                == .setVariables(
                    .init(setVariableResult: [
                        .init(
                            attributeStatus: .accepted, component: .init(name: component),
                            variable: .init(name: variable))
                    ])))
    }

    @Test func `2_0_1: in a transaction it is a message of it, else meter values; idle only when asked`() {
        var b = Bench201()
        set(&b, "AlignedDataCtrlr", "Interval", "300")
        b.run(for: .minutes(6))
        #expect(b.newStory().last == "meter 1 0.0")
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .minutes(5))
        #expect(
            b.story.contains { $0.contains("MeterValueClock Charging") } && !b.story.contains { $0.hasPrefix("meter") })
        set(&b, "AlignedDataCtrlr", "SendDuringIdle", "true")
        _ = b.newStory()
        b.run(for: .minutes(5))
        #expect(!b.newStory().contains { $0.contains("MeterValueClock") })
        b.feed(.plugOut(connector: 1))
        b.run(for: .minutes(5))
        #expect(b.newStory().last?.hasPrefix("meter 1") == true)
        set(&b, "AlignedDataCtrlr", "Enabled", "false")
        b.run(for: .minutes(10))
        #expect(b.newStory() == ["Heartbeat", "Heartbeat"] || !b.story.contains { $0.hasPrefix("meter") })
        #expect(b.faults == [])
    }

    @Test func `2_0_1: the end carries samples of both intervals, in order, and never too many`() {
        var b = Bench201()
        set(&b, "AlignedDataCtrlr", "TxEndedInterval", "900")
        set(&b, "AlignedDataCtrlr", "TxEndedMeasurands", "Energy.Active.Import.Register")
        set(&b, "SampledDataCtrlr", "TxEndedInterval", "60")
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .hours(3))
        b.feed(.plugOut(connector: 1))
        let values = b.events.last { $0.eventType == .ended }?.meterValue ?? []
        let contexts = values.map { $0.sampledValue.first?.context }
        #expect(values.map(\.timestamp) == values.map(\.timestamp).sorted())
        #expect(contexts.first == .transactionBegin && contexts.last == .transactionEnd)
        #expect(contexts.count { $0 == .sampleClock } == 12 && values.count <= 2 * KeptSamples.capacity + 1)
        #expect(b.faults == [])
    }

    @Test func `2_0_1: without a message for the start, the end says how it began`() {
        var b = Bench201()
        set(&b, "SampledDataCtrlr", "TxStartedMeasurands", "")
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .minutes(3))
        b.feed(.plugOut(connector: 1))
        let values = b.events.last { $0.eventType == .ended }?.meterValue ?? []
        #expect(values.map { $0.sampledValue.first?.context } == [.transactionBegin, .transactionEnd])
    }

    @Test func `a lost connection keeps those of a transaction and forgets the others`() {
        var b = Bench201()
        set(&b, "AlignedDataCtrlr", "Interval", "300")
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.isReachable = false
        b.cut()
        b.run(for: .minutes(11))
        b.isReachable = true
        b.run(for: .minutes(6))
        let clock = b.events.filter { $0.triggerReason == .meterValueClock }
        #expect(clock.prefix(2).map(\.timestamp) == [t0 + .minutes(5), t0 + .minutes(10)])
        #expect(clock.first?.offline == true)
    }
}

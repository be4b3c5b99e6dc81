import Assets
import Charging
import Quantities
import Testing

@testable import Operations

/// What a vehicle offers to give, and what it asks for it (2.1 evEnergyOffer).
@Suite("Offers of vehicles") struct OfferTests {
    private static let start = Instant("2025-03-01T00:00:00Z")!

    private static func offer(_ steps: [(seconds: Int, watts: Int64)]) -> VehicleOffer {
        VehicleOffer(
            requested: "DC_BPT",
            power: .init(start: start, steps: steps.map { .init(seconds: $0.seconds, watts: $0.watts) }), at: start)
    }

    private static func given(_ offer: VehicleOffer, from: Int, to: Int) -> Int64? {
        offer.mostGiven(in: Interval(start + .seconds(from), start + .seconds(to)))
    }

    @Test func `the least generous moment of a span counts, and outside of its offer it said nothing`() {
        let offer = Self.offer([(600, -5_000), (600, 3_000), (600, -2_000)])
        #expect(Self.given(offer, from: 0, to: 600) == 5_000)
        #expect(Self.given(offer, from: 599, to: 601) == 0, "who wants to charge gives nothing")
        #expect(Self.given(offer, from: 1_200, to: 9_000) == 2_000)
        #expect(Self.given(offer, from: 1_800, to: 1_900) == nil)
        #expect(Self.given(Self.offer([]), from: 0, to: 60) == nil)
        #expect(Self.given(Self.offer([(.max, .min), (.max, -1)]), from: 0, to: 60) == .max)
        #expect(VehicleOffer(requested: "DC", at: Self.start).mostGiven(in: Interval(Self.start, Self.start)) == nil)
    }

    @Test func `the highest price in yuan is asked for, and none in another currency`() {
        func fee(_ currency: String, _ fees: [String]) -> Rational? {
            var offer = Self.offer([])
            offer.price = .init(
                start: Self.start, currency: currency, algorithm: "1-Power",
                steps: [.init(seconds: 60, rules: fees.map { .init(fee: $0, from: 0) })])
            return offer.highestFee
        }
        #expect(fee("CNY", ["0.8", "1.25", "-3"]) == Rational(5, 4))
        #expect(fee("EUR", ["0.8"]) == nil)
        #expect(fee("CNY", []) == nil)
    }

    /// Needs with an offer, at a session that may give back.
    private static func offering(_ power: Int, price: String) throws -> (Dialogue, Session) {
        var (d, _) = try V2XTests.bidirectional()
        let answer = d.say(
            "P1", "NotifyEVChargingNeeds",
            #"{"evseId":1,"maxScheduleTuples":12,"chargingNeeds":{"requestedEnergyTransfer":"DC_BPT","controlMode":"DynamicControl","departureTime":"\#(d.now + .hours(8))","v2xChargingParameters":{"minChargePower":1000,"maxChargePower":22000,"minDischargePower":500,"maxDischargePower":11000,"evTargetEnergyRequest":20000,"evMinEnergyRequest":-5000,"evMaxEnergyRequest":40000},"evEnergyOffer":{"evPowerSchedule":{"timeAnchor":"\#(d.now)","evPowerScheduleEntries":[{"duration":3600,"power":\#(power)},{"duration":3600,"power":0}]},"evAbsolutePriceSchedule":{"timeAnchor":"\#(d.now)","currency":"CNY","priceAlgorithm":"urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power","evAbsolutePriceScheduleEntries":[{"duration":7200,"evPriceRule":[{"energyFee":\#(price),"powerRangeStart":0}]}]}}}}"#
        )
        #expect(answer?.contains("Accepted") == true, "\(answer ?? "")")
        V2XTests.pass(&d, .seconds(5))
        return (d, try V2XTests.session(d))
    }

    @Test func `no more is asked of a vehicle than it offers at the time`() throws {
        let (d, session) = try Self.offering(-4_000, price: "0.8")
        let now = d.core.steering(0, 0, session, isSure: true, at: d.now)
        #expect(now?.mostDischarge == .kilowatts(4) && now?.dischargeBound == .vehicleOffer)
        let later = d.core.steering(0, 0, session, isSure: true, at: d.now + .minutes(61))
        #expect(later?.mostDischarge == .zero && later?.dischargeBound == .vehicleOffer)
        let after = d.core.steering(0, 0, session, isSure: true, at: d.now + .minutes(125))
        #expect(after?.mostDischarge == .kilowatts(11) && after?.dischargeBound == .atRating)
        // A plan asks for each of its slots.
        #expect(
            d.core.steering(0, 0, session, controlled: false, isSure: true, at: d.now)?.mostDischarge == .kilowatts(11))
    }

    @Test func `a plan takes no more than is offered, at no less than the price that is asked`() throws {
        var (d, _) = try Self.offering(-4_000, price: "0.8")
        var request: PlanRequest?
        for _ in 0..<400 where request?.problem.vehicles.first?.dischargeCeiling.isEmpty ?? true {
            d.pass(.seconds(1), answering: true)
            for case .solve(let asked) in d.last { request = asked }
        }
        let vehicle = try #require(request?.problem.vehicles.first)
        #expect(vehicle.wear == 0.8)
        let ceiling = vehicle.dischargeCeiling
        #expect(ceiling.first == 4 && ceiling.contains(0) && ceiling.last == .infinity, "\(ceiling)")
    }
}

import OCPPMessages
import Quantities
import Testing

@Suite("Readings") struct ReadingTests {
    @Test func `what a station leaves out has the defaults of 1_6`() throws {
        let payload =
            #"{"connectorId":1,"meterValue":[{"timestamp":"2026-01-31T08:00:00Z","sampledValue":[{"value":"1500"},{"value":"7.04","measurand":"Power.Active.Import","unit":"kW","phase":"L1","location":"Inlet","context":"Trigger"},{"value":"230.0","measurand":"Voltage"},{"value":"AA==","format":"SignedData"},{"value":"n/a"}]}]}"#
        guard
            case .meterValues(let request) = try V16.Request.decode(.meterValues, payload: Array(payload.utf8).span)
                .result
                .get()
        else { return #expect(Bool(false)) }
        let readings = request.meterValue.readings
        try #require(readings.count == 5)
        #expect(readings[0].measurand == .energyActiveImportRegister && readings[0].unit == .wh)
        #expect(readings[0].location == .outlet && readings[0].context == .samplePeriodic && readings[0].format == .raw)
        #expect(readings[0].milli == 1_500_000)
        #expect(readings[1].milli == 7_040_000 && readings[1].phase == .l1 && readings[1].location == .inlet)
        #expect(readings[1].context == .trigger)
        #expect(readings[2].unit == .v && readings[2].value == JSONDecimal(230))
        #expect(readings[3].value == nil && readings[3].text == "AA==")
        #expect(readings[4].value == nil && readings[4].text == "n/a" && readings[4].milli == nil)
        #expect(readings.allSatisfy { $0.at == Instant(milliseconds: 1_769_846_400_000) })
    }
}

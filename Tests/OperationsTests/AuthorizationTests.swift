import Charging
import Operations
import Quantities
import Testing

@Suite("Authorization") struct AuthorizationTests {
    @Test(arguments: [
        ("GOOD", "Accepted"), ("BLOCKED", "Blocked"), ("INVALID", "Invalid"), ("EXPIRED", "Expired"),
        ("OLD", "Expired"),
        ("NOBODY", "Invalid"),
    ])
    func `a token is answered by its state`(_ tag: String, _ status: String) {
        var d = Dialogue()
        d.boot("CP1")
        d.token("GOOD", expiresAt: d.now + .hours(1))
        d.token("BLOCKED", .blocked)
        d.token("INVALID", .invalid)
        d.token("EXPIRED", .expired)
        d.token("OLD", expiresAt: d.now)
        #expect(d.say("CP1", "Authorize", #"{"idTag":"\#(tag)"}"#)?.contains(#""status":"\#(status)""#) == true)
    }

    @Test func `an open community lets unknown tokens charge`() {
        var d = Dialogue { $0.acceptUnknownTokens = true }
        d.boot("CP1")
        #expect(d.say("CP1", "Authorize", #"{"idTag":"NOBODY"}"#)?.contains("Accepted") == true)
    }

    @Test func `a refused token gets a transaction all the same, and the session says so`() {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1", .blocked)
        let answer = d.say(
            "CP1", "StartTransaction",
            #"{"connectorId":1,"idTag":"T1","meterStart":0,"timestamp":"2025-03-01T00:00:00Z"}"#)
        #expect(answer?.contains("Blocked") == true)
        #expect(answer?.contains(#""transactionId":1"#) == true)
        #expect(d.session("S-1")?.has(.tokenRefused) == true)
    }

    @Test func `a token that charges elsewhere is concurrent until that session ends`() {
        var d = Dialogue()
        d.boot("CP1")
        d.boot("CP2")
        d.token("T1")
        let first = d.start("CP1", tag: "T1")
        let body = #"{"connectorId":1,"idTag":"T1","meterStart":0,"timestamp":"\#(d.now)"}"#
        #expect(d.say("CP2", "StartTransaction", body)?.contains("ConcurrentTx") == true)
        d.stop("CP1", first)
        d.stop("CP2", 2)
        d.now += .minutes(1)
        #expect(
            d.say(
                "CP2", "StartTransaction", #"{"connectorId":1,"idTag":"T1","meterStart":0,"timestamp":"\#(d.now)"}"#)?
                .contains(#""status":"Accepted""#) == true)
    }
}

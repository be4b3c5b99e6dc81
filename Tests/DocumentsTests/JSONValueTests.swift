import Documents
import Foundation
import Quantities
import Testing

@Suite("JSON") struct JSONValueTests {
    @Test func `keys keep their order and numbers stay exact`() {
        let value: JSONValue = [
            "z": 1, "a": .decimal(Rational(decimal: "0.388997")!), "price": .decimalString(Rational(1) / Rational(4)),
            "list": [true, nil, "x\"\\\n\u{1}电"], "empty": .object([]), "half": .double(0.5), "whole": .double(3),
            "none": .double(.nan),
        ]
        #expect(
            value.text() == #"{"z":1,"a":0.388997,"price":"0.25","list":[true,null,"x\"\\\n\u0001电"],"empty":{},"#
                + #""half":0.5,"whole":3,"none":null}"#)
        #expect(JSONValue.array([1, ["a": 2]]).text(pretty: true) == "[\n  1,\n  {\n    \"a\": 2\n  }\n]")
    }

    struct Pair: Decodable {
        let text: String
        let number: Double
    }

    @Test func `another reader reads any text back`() throws {
        for seed in UInt64(1)...200 {
            var random = SeededRandom(seed: seed)
            let scalars = (0..<8).compactMap { _ in Unicode.Scalar(UInt32.random(in: 0...0x1_F6FF, using: &random)) }
            var text = ""
            text.unicodeScalars.append(contentsOf: scalars)
            let number = Double.random(in: -1e9...1e9, using: &random) * (seed % 2 == 0 ? 1 : 1e-20)
            let json: JSONValue = ["text": .string(text), "number": .double(number)]
            let back = try JSONDecoder().decode(Pair.self, from: Data(json.text(pretty: seed % 3 == 0).utf8))
            #expect(back.text.unicodeScalars.elementsEqual(text.unicodeScalars), "seed \(seed)")
            #expect(back.number == number, "seed \(seed)")
        }
    }
}

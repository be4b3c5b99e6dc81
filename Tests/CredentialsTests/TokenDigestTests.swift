import Testing

@testable import Credentials

@Suite("Digests of tokens") struct TokenDigestTests {
    /// Vectors of the authors' reference implementation: key 00 01 … 0f, input 00 01 … of each length.
    @Test(
        arguments: [
            (0, [0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72]),
            (1, [0xfd, 0x67, 0xdc, 0x93, 0xc5, 0x39, 0xf8, 0x74]),
            (15, [0xe5, 0x45, 0xbe, 0x49, 0x61, 0xca, 0x29, 0xa1]),
        ] as [(Int, [UInt8])])
    func `libcrypto's SipHash is the one of its authors`(_ length: Int, _ expected: [UInt8]) {
        #expect(SipHash.digest((0..<length).map { UInt8($0) }, under: (0..<16).map { UInt8($0) }) == expected)
    }

    /// Audits that exist name tokens so: who changes this separates a card's history from its future.
    @Test(
        arguments: [
            ("", 0xd85d_41e6_e06c_5eaa), ("04a2bc", 0xd81b_3816_4dcf_7c55),
            ("a card with twenty b", 0xa89d_4b3e_0dac_9f6c),
        ] as [(String, UInt64)])
    func `an installation names its tokens as ever`(_ token: String, _ expected: UInt64) throws {
        let digest = try DigestSecret(bytes: (0..<32).map { UInt8($0) }).tokenDigest()
        #expect(digest(Array(token.utf8)).reduce(0) { $0 << 8 | UInt64($1) } == expected)
    }

    @Test func `another installation names them otherwise`() throws {
        let here = try DigestSecret(bytes: (0..<32).map { UInt8($0) }).tokenDigest()
        let there = try DigestSecret(bytes: (1..<33).map { UInt8($0) }).tokenDigest()
        #expect(here(Array("04a2bc".utf8)) != there(Array("04a2bc".utf8)))
    }
}

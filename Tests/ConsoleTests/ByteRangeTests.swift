import Testing

@testable import Console

@Suite("Ranges of files") struct ByteRangeTests {
    @Test(
        arguments: [
            (nil, .whole), ("bytes=0-0", .part(0..<1)), ("bytes=0-99", .part(0..<10)), ("bytes=5-", .part(5..<10)),
            ("bytes=-3", .part(7..<10)), ("bytes=-30", .part(0..<10)), ("bytes=10-", .beyond), ("bytes=10-12", .beyond),
            ("bytes=-0", .beyond), ("bytes=5-2", .whole), ("bytes=", .whole), ("bytes=-", .whole),
            ("bytes=a-b", .whole),
            ("bytes=0-1,3-4", .whole), ("lines=0-1", .whole), ("bytes=99999999999999999999-", .whole),
            ("bytes=0-999999999999999999", .part(0..<10)),
        ] as [(String?, ByteRange)])
    func `a range is read like RFC 9110 says`(_ header: String?, _ range: ByteRange) {
        #expect(ByteRange(header, of: 10) == range)
    }

    @Test func `an empty file has no range`() {
        #expect(ByteRange("bytes=0-", of: 0) == .beyond && ByteRange("bytes=-1", of: 0) == .beyond)
    }
}

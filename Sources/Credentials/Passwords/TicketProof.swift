extension DigestSecret {
    /// What makes the address of a file good: 32 hexadecimal digits that follow from this secret and `text`, and that nobody
    /// without it can find.
    public func ticketProof(of text: String) -> String {
        Hexadecimal.encode(digest(of: Array("file-ticket\n\(text)".utf8)).prefix(16))
    }

    /// An id that follows from this secret and `seed`, and that nobody without it can guess: 32 hexadecimal digits.
    public func ticketID(of seed: String) -> String {
        Hexadecimal.encode(digest(of: Array("file-id\n\(seed)".utf8)).prefix(16))
    }

    /// An id that nobody can guess: 32 hexadecimal digits.
    public static func newTicketID() -> String { Hexadecimal.encode(RandomBytes.make(16)) }

    /// Takes as long whatever the texts are.
    public static func areEqual(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

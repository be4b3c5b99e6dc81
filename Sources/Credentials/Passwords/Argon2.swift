import CArgon2

/// Argon2id (RFC 9106) as the encoded string that every implementation reads.
public enum Argon2 {
    public struct Cost: Hashable, Sendable {
        public var memoryKiB: UInt32
        public var passes: UInt32
        public var lanes: UInt32

        /// 19 MiB, 2 passes, 1 lane: the first of the equal choices of OWASP's password storage sheet.
        public static let standard = Cost(memoryKiB: 19_456, passes: 2, lanes: 1)

        public init(memoryKiB: UInt32, passes: UInt32, lanes: UInt32) {
            self.memoryKiB = memoryKiB
            self.passes = passes
            self.lanes = lanes
        }
    }

    private static let hashBytes = 32
    /// A digest from elsewhere may not make us fetch memory without bound.
    private static let mostMemoryKiB = 262_144
    private static let mostPasses = 16

    static func encode(_ password: [UInt8], salt: [UInt8], cost: Cost) throws(CredentialFault) -> String {
        let length = argon2_encodedlen(
            cost.passes, cost.memoryKiB, cost.lanes, UInt32(salt.count), UInt32(hashBytes), Argon2_id)
        var encoded = [CChar](repeating: 0, count: length)
        let code = argon2id_hash_encoded(
            cost.passes, cost.memoryKiB, cost.lanes, password, password.count, salt, salt.count, hashBytes, &encoded,
            length)
        guard code == ARGON2_OK.rawValue else {
            throw CredentialFault("Argon2id fails: \(String(cString: argon2_error_message(code)))")
        }
        return String(decoding: encoded.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// - Throws: ``CredentialFault`` when `encoded` is unreadable, too costly, or there is no memory; a wrong password is `false`.
    static func verify(_ password: [UInt8], encoded: String) throws(CredentialFault) -> Bool {
        guard let cost = cost(of: encoded), cost.memoryKiB <= mostMemoryKiB, cost.passes <= mostPasses, cost.lanes <= 16
        else { throw CredentialFault("a password's Argon2id text is unreadable or asks for too much; set it anew") }
        let code = argon2id_verify(encoded, password, password.count)
        if code == ARGON2_OK.rawValue { return true }
        if code == ARGON2_VERIFY_MISMATCH.rawValue { return false }
        throw CredentialFault("Argon2id fails: \(String(cString: argon2_error_message(code)))")
    }

    private static func cost(of encoded: String) -> Cost? {
        let parts = encoded.split(separator: "$")
        guard parts.count == 5, parts[0] == "argon2id", parts[1] == "v=19" else { return nil }
        var values: [Substring: UInt32] = [:]
        for pair in parts[2].split(separator: ",") {
            let sides = pair.split(separator: "=")
            guard sides.count == 2, let value = UInt32(sides[1]) else { return nil }
            values[sides[0]] = value
        }
        guard let memory = values["m"], let passes = values["t"], let lanes = values["p"] else { return nil }
        return Cost(memoryKiB: memory, passes: passes, lanes: lanes)
    }
}

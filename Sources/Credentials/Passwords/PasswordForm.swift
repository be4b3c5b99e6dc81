/// The bytes that a password stands for.
///
/// OCPP 1.6 configures `AuthorizationKey` as at most 40 hexadecimal digits, and those *bytes* are the password; many
/// stations send the digits themselves, in either case (security whitepaper, A00.FR.205 and its erratum). Digests are taken
/// of the bytes, so that one digest fits every form.
enum PasswordForm {
    /// Digits below this are a word of a person rather than a key.
    private static let fewestDigits = 16

    /// What a password is digested as: the bytes behind hexadecimal digits, else its own bytes.
    static func canonical(_ password: [UInt8]) -> [UInt8] {
        guard password.count >= fewestDigits else { return password }
        return Hexadecimal.decode(password) ?? password
    }

    /// Everything that a station may mean by what it sent, the likely one first.
    static func meanings(of presented: [UInt8]) -> [[UInt8]] {
        let canonical = canonical(presented)
        // Bytes of a key may happen to read like digits.
        return canonical == presented ? [presented] : [canonical, presented]
    }
}

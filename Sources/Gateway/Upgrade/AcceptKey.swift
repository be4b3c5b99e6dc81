import CCrypto

/// The server's proof that it understood the handshake (RFC 6455 §4.2.2, 5.4): SHA-1 over the client's key and a fixed
/// identifier. SHA-1 protects nothing here.
package func webSocketAccept(forKey key: String) -> String {
    let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
    var digest = [UInt8](repeating: 0, count: 20)
    var length: UInt32 = 0
    let done = EVP_Digest(text, text.count, &digest, &length, EVP_sha1(), nil)
    precondition(done == 1 && length == 20, "libcrypto has no SHA-1")
    return Base64.encode(digest)
}

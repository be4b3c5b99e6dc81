import X509

extension StationCertificate {
    /// Addresses of the OCSP responders that the certificate names (RFC 5280 §4.2.2.1).
    public var responders: [String] {
        guard let access = try? parsed.extensions.authorityInformationAccess else { return [] }
        return access.compactMap { entry in
            guard entry.method == .ocspServer, case .uniformResourceIdentifier(let address) = entry.location else {
                return nil
            }
            return address
        }
    }
}

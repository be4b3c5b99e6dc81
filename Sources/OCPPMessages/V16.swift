/// OCPP 1.6 (edition 2) with the messages of the security whitepaper: every action typed, both directions.
///
/// Reading is tolerant and says what it tolerated (``Decoded``); what we send is checked with ``validateRequest(action:payload:)``.
public enum V16 {}

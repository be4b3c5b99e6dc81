import Quantities

/// Days and instants that a test writes itself.
func civilDay(_ text: String) -> CivilDay { CivilDay(text)! }
func instant(_ text: String) -> Instant { Instant(text)! }

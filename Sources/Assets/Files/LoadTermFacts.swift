public import Quantities

// What a grid file says about the load of a node beside its limit.

extension GridFile {
    /// A charge on the highest power of a month, of which the planned time is a part.
    public struct Demand: Hashable, Sendable {
        /// Yuan for each kW above ``soFar``; `nil`: as the tariff says.
        public let yuanPerKilowatt: Rational?
        /// kW: the highest so far in the month.
        public let soFar: Rational
    }

    /// What was promised of the net load at a node: an instruction of the grid's operator, or what a market accepted.
    public struct Commitment: Hashable, Sendable {
        public enum Side: Hashable, Sendable { case atMost, atLeast }
        public let interval: Interval
        public let side: Side
        /// kW, with the base load; below zero: given back.
        public let kilowatts: Rational
        /// Yuan for each kWh beyond it.
        public let yuanPerKilowattHour: Rational
    }
}

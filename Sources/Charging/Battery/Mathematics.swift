import Foundation

func exponential(_ x: Double) -> Double { exp(x) }
func raised(_ x: Double, to exponent: Double) -> Double { pow(x, exponent) }

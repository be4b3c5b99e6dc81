import Documents
import Scheduling

/// `session_id,slot,kw`: rows that are not zero, kW to the milliwatt (interfaces.md §3).
enum ScheduleCSV {
    /// - Parameters:
    ///   - names: of each vehicle.
    ///   - net: kWh in each slot of a vehicle's stay.
    static func write(
        _ vehicles: [PlanningVehicle], stepHours: Double, names: (Int) -> String, net: (Int) -> [Double],
        to sink: inout FileSink
    ) {
        sink.append("session_id,slot,kw\n".utf8)
        var lines: [UInt8] = []
        for index in vehicles.indices {
            let name = Array(CSVWriter.line([names(index)]).dropLast().utf8)
            lines.removeAll(keepingCapacity: true)
            for (energy, slot) in zip(net(index), vehicles[index].slots) {
                let milliwatts = Int64((energy / stepHours * 1_000_000).rounded())
                guard milliwatts != 0 else { continue }
                lines += name
                lines.append(UInt8(ascii: ","))
                lines.append(number: UInt64(slot))
                lines.append(UInt8(ascii: ","))
                lines.append(millionths: milliwatts)
                lines.append(UInt8(ascii: "\n"))
            }
            sink.append(lines)
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(number: UInt64) {
        let start = count
        var rest = number
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }

    /// A decimal without zeros at its end.
    fileprivate mutating func append(millionths: Int64) {
        if millionths < 0 { append(UInt8(ascii: "-")) }
        append(number: millionths.magnitude / 1_000_000)
        var fraction = millionths.magnitude % 1_000_000
        guard fraction > 0 else { return }
        append(UInt8(ascii: "."))
        var place: UInt64 = 100_000
        while fraction > 0 {
            append(UInt8(ascii: "0") + UInt8(fraction / place))
            fraction %= place
            place /= 10
        }
    }
}

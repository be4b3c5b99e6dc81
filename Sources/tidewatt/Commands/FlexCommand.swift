import ArgumentParser
import Assets
import Documents
import Foundation
import Quantities
import Scheduling

/// `tidewatt flex …`: what a fleet can do, in three layers that are kept apart (docs/flexibility.md).
struct FlexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flex",
        abstract: words(
            "What a fleet can do: outer bounds, signals it can follow, power it can hold.",
            "车队的调节能力：外包络、可跟踪的曲线、可维持的功率。"),
        discussion: words(
            "Example: tidewatt flex check --fleet fleet.csv --signal signal.csv --disaggregate S.csv",
            "示例：tidewatt flex check --fleet fleet.csv --signal signal.csv --disaggregate S.csv"),
        subcommands: [FlexEnvelope.self, FlexCheck.self, FlexBlock.self, FlexGuaranteed.self])
}

/// The fleet that a subcommand is about, and the time.
struct FlexInput: ParsableArguments {
    @Option(help: help("Fleet CSV: one row a charging stay.", "车队 CSV：每行一次充电停留。"))
    var fleet: String
    @OptionGroup var horizon: HorizonOptions
    @Option(
        help: help(
            "kW that a slot may miss (default: 0.001, and a millionth of the largest power).",
            "每个时隙允许的偏差，千瓦（默认 0.001 加最大功率的百万分之一）。"),
        transform: Arguments.amount)
    var toleranceKw: Rational?

    func read(grid: String? = nil, atLeast slots: Int = 0) throws -> FlexibilityCase {
        guard let zone = Zone("Asia/Shanghai") else { preconditionFailure("the platform's own zone") }
        return try FlexibilityCase(
            fleet: FleetFile(FileAccess.read(fleet), file: fleet), grid: grid.map(FileAccess.grid), from: horizon.from,
            to: horizon.to, step: horizon.step, atLeast: slots, zone: zone)
    }

    /// A fleet of another day, moved by whole days onto the time of `flex`.
    func readScenario(_ path: String, like flex: FlexibilityCase) throws -> FlexibilityCase {
        let fleet = try FleetFile(FileAccess.read(path), file: path)
        func firstDay(_ fleet: FleetFile) -> CivilDay {
            flex.zone.civilDay(at: fleet.stays.map(\.interval.start).min() ?? flex.start)
        }
        let start = flex.start + Duration.days(1) * (firstDay(fleet) - firstDay(flex.fleet))
        return try FlexibilityCase(
            fleet: fleet, from: start, to: start + flex.step * flex.flexible.slotCount, step: flex.step, zone: flex.zone
        )
    }

    func signal(_ path: String) throws -> SignalFile { try SignalFile(FileAccess.read(path), file: path) }

    /// kW.
    func tolerance(for power: [Double]) -> Double {
        toleranceKw?.approximate ?? (0.001 + 1e-6 * power.reduce(0) { max($0, abs($1)) })
    }
}

extension FlexibilityCase {
    func time(_ slot: Int) -> String { zone.iso8601(start + step * slot) }

    var slotsJSON: JSONValue {
        [
            "start": .string(time(0)), "step_minutes": .int(step.wholeMilliseconds / 60_000),
            "count": .int(flexible.slotCount),
        ]
    }

    func name(_ vehicle: Int) -> String {
        if vehicle < fleet.stays.count { return fleet.stays[vehicle].session }
        return (grid?.nodes ?? []).flatMap(\.storages)[vehicle - fleet.stays.count].id
    }

    /// Why sets of slots do not say all, as written in JSON.
    var inexactness: [String] {
        flexible.inexactness.map(\.rawValue) + (nodes.isEmpty ? [] : ["shared-limits"])
    }

    var outOfReachJSON: JSONValue {
        .array(
            flexible.outOfReach.map {
                ["session_id": .string(name($0.vehicle)), "missing_kwh": .double($0.missing)]
            })
    }

    /// Stays that cannot be kept whatever is done, the first twenty.
    func outOfReachLines(_ say: Language) -> [String] {
        let list = flexible.outOfReach
        guard !list.isEmpty else { return [] }
        var lines = [say("No schedule can keep these departures:", "以下停留无论如何都无法按时充足：")]
        lines += list.prefix(20).map { "  \(name($0.vehicle))  −\(fixed($0.missing)) kWh" }
        if list.count > 20 { lines.append(say("  … and \(list.count - 20) more", "  …… 另有 \(list.count - 20) 次")) }
        return lines
    }
}

extension FlexibleFleet.Inexactness {
    func text(_ say: Language) -> String {
        switch self {
        case .lossesBothWays:
            say(
                "vehicles that give back lose energy on the way: bounds on sums of slots do not say all",
                "放电车辆存在充放损耗：按时隙求和的界不能完整描述")
        case .leastPower:
            say(
                "least charging powers are not looked at: what can be followed may need less than a pile's least current",
                "未考虑最小充电功率：可跟踪的曲线可能低于充电桩的最小电流")
        case .arrivalBelowMinimum:
            say(
                "vehicles that arrive below their minimum must climb first",
                "到达时低于最低电量的车辆须先充至最低电量")
        }
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Synchronization

/// What the tests of faults measure, beside what it has to be.
///
/// With `PINHOLE_FAULTS=FILE` in the environment, as `make faults` has it, those tests last as long as what they are
/// about demands, and their figures go to the file, a line each: what, expected, measured, ok or MISSED.
enum Figures {
    /// What a figure has to be.
    enum Bound: CustomStringConvertible {
        case equal(Double)
        case atMost(Double)
        case atLeast(Double)

        fileprivate func holds(for value: Double) -> Bool {
            switch self {
            case .equal(let bound): value == bound
            case .atMost(let bound): value <= bound
            case .atLeast(let bound): value >= bound
            }
        }

        var description: String {
            switch self {
            case .equal(let bound): Figures.text(bound)
            case .atMost(let bound): "<= \(Figures.text(bound))"
            case .atLeast(let bound): ">= \(Figures.text(bound))"
            }
        }
    }

    private static let file = ProcessInfo.processInfo.environment["PINHOLE_FAULTS"]
    private static let writing = Mutex<Void>(())

    /// Tells whether things are to last as long as they have to, and not a few seconds only.
    static let isFull = file != nil

    /// Notes a figure; throws if it is not what it has to be.
    static func note(_ what: String, _ value: Double, _ bound: Bound, _ unit: String = "") throws {
        let isGood = bound.holds(for: value)
        let measured = "\(text(value)) \(unit)".trimmingCharacters(in: .whitespaces)
        let line = "\(what)\t\(bound)\t\(measured)\t\(isGood ? "ok" : "MISSED")\n"
        if let file {
            try writing.withLock { _ in
                let handle = try FileHandle(forWritingTo: URL(filePath: file))
                try handle.seekToEnd()
                try handle.write(contentsOf: Data(line.utf8))
                try handle.close()
            }
        }
        guard isGood else { throw HarnessError("\(what): \(measured), expected \(bound)") }
    }

    /// The same with a figure that is a whole number.
    static func note(_ what: String, _ value: Int, _ bound: Bound, _ unit: String = "") throws {
        try note(what, Double(value), bound, unit)
    }

    /// A number with two digits behind the point, or none where it is whole.
    private static func text(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String((value * 100).rounded() / 100)
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later

/// Short forms of numbers.
enum ShortForm {
    /// `999`, `1.2k`, `12.3M`, `123M`, and so on in thousands.
    static func short(_ number: Double) -> String {
        var rest = max(0, number)
        var unit = 0
        while rest >= 999.5, unit < units.count - 1 {
            rest /= 1000
            unit += 1
        }
        guard unit > 0, rest < 99.95 else { return "\(Int(min(rest.rounded(), 1e15)))\(units[unit])" }
        let tenths = Int((rest * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)\(units[unit])"
    }

    /// `59s`, `2m05`, `3h20`, `5d01`.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(min(max(0, seconds), 1e12))
        switch whole {
        case ..<60: return "\(whole)s"
        case ..<3600: return "\(whole / 60)m\(twoDigits(whole % 60))"
        case ..<86400: return "\(whole / 3600)h\(twoDigits(whole / 60 % 60))"
        default: return "\(whole / 86400)d\(twoDigits(whole / 3600 % 24))"
        }
    }

    /// `25%` for 0.25; at most `999%`.
    static func percent(_ part: Double) -> String { "\(Int(min(max(0, part * 100), 999)))%" }

    private static let units = ["", "k", "M", "G", "T", "P"]

    private static func twoDigits(_ number: Int) -> String { "\(number / 10)\(number % 10)" }
}

// SPDX-License-Identifier: GPL-2.0-or-later

/// The format of an answer.
package enum ControlFormat: String, Hashable, Sendable {
    case text
    case json
}

// SPDX-License-Identifier: GPL-2.0-or-later

/// Stores an `Int` in fewer bits: there are two streams per connection, so each byte in `Stream` counts.
///
/// A value that does not fit wraps, as sequence numbers do.
@propertyWrapper struct Compact<Storage: FixedWidthInteger & Sendable>: Sendable {
    private var stored: Storage

    init(wrappedValue: Int) { stored = Storage(truncatingIfNeeded: wrappedValue) }

    var wrappedValue: Int {
        get { Int(truncatingIfNeeded: stored) }
        set { stored = Storage(truncatingIfNeeded: newValue) }
    }
}

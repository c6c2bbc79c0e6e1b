/// A number of which fewer bits are kept: there are as many of them as streams, and these are many.
///
/// What does not fit wraps, as sequence numbers do.
@propertyWrapper struct Compact<Storage: FixedWidthInteger & Sendable>: Sendable {
    private var stored: Storage

    init(wrappedValue: Int) { stored = Storage(truncatingIfNeeded: wrappedValue) }

    var wrappedValue: Int {
        get { Int(truncatingIfNeeded: stored) }
        set { stored = Storage(truncatingIfNeeded: newValue) }
    }
}

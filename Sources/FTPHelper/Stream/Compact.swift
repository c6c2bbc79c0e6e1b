/// A number of which 32 bits are kept: there are as many of them as streams, and these are many.
///
/// What is outside of 32 bits wraps, as sequence numbers do.
@propertyWrapper struct Compact: Sendable {
    private var stored: Int32

    init(wrappedValue: Int) { stored = Int32(truncatingIfNeeded: wrappedValue) }

    var wrappedValue: Int {
        get { Int(stored) }
        set { stored = Int32(truncatingIfNeeded: newValue) }
    }
}

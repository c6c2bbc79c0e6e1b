/// A port that NAT has lent to a data connection.
struct LentPort: Hashable, Sendable {
    /// The side that listens, under the address that NAT shows of it.
    let side: Session.Side
    /// Where the SYN arrived.
    let port: UInt16
    /// Where the side listens at its own address; 0 if it has named another (`loose`).
    let target: UInt16
}

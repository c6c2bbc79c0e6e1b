/// What the administrator allows.
package struct Policy: Sendable {
    /// Seconds after which an expectation that nobody used closes; the kernel's helper has the same 300.
    package var timeout: UInt32 = 300
    /// Honours an advertised address that is not the sender's (contract A4, the kernel's `loose=1`).
    package var isLoose = false
    /// Ends connections that try what no client does, and refuses pipelined announcements (contract A7).
    package var isStrict = false
    /// Opens ports below 1024 too (contract A5).
    package var allowsPrivilegedPorts = false
    /// Control connections that are followed at once; further ones pass without help.
    package var maximumConnections = 65536

    package init() {}
}

package import FTPHelper
package import Netfilter

/// The kernel that the daemon runs on: conntrack, the pinhole sets, raw sockets.
package struct LinuxKernel: ~Copyable, Kernel {
    private var conntrack: Conntrack
    private var pinholes: PinholeSet
    private var injector: PacketInjector

    package init(
        _ conntrack: consuming Conntrack,
        _ pinholes: consuming PinholeSet,
        _ injector: consuming PacketInjector
    ) {
        self.conntrack = conntrack
        self.pinholes = pinholes
        self.injector = injector
    }

    /// What data connections have on top of the mark of their control connection.
    package var dataMark: ConnectionMark? {
        get { conntrack.dataMark }
        set { conntrack.dataMark = newValue }
    }

    /// What control connections have in their mark whose packets are not to be queued.
    package var releaseMark: ConnectionMark? {
        get { conntrack.releaseMark }
        set { conntrack.releaseMark = newValue }
    }

    package mutating func entry(for tuple: Tuple) throws(SystemError) -> ConntrackEntry? {
        try conntrack.entry(for: tuple)
    }

    package mutating func entries(of tuple: Tuple) throws(SystemError) -> [ConntrackEntry] {
        try conntrack.entries(of: tuple)
    }

    package mutating func search(for tuple: Tuple) throws(SystemError) -> [ConntrackEntry] {
        try conntrack.search(for: tuple)
    }

    package mutating func beLiberal(_ mapping: Mapping) throws(SystemError) {
        try conntrack.beLiberal(mapping)
    }

    package mutating func establish(_ connection: ExpectedConnection) throws(SystemError) {
        try conntrack.establish(connection)
    }

    package mutating func open(_ expectation: Expectation, timeout: UInt32) throws(SystemError) {
        try pinholes.add(expectation, timeout: timeout)
    }

    package mutating func close(_ expectation: Expectation) throws(SystemError) {
        try pinholes.remove(expectation)
    }

    package mutating func admit(_ address: IPAddress) throws(SystemError) {
        try pinholes.admit(address)
    }

    package mutating func withdraw(_ address: IPAddress) throws(SystemError) {
        try pinholes.withdraw(address)
    }

    package mutating func release(_ mapping: Mapping) throws(SystemError) {
        try conntrack.release(mapping)
    }

    package mutating func recall(_ mapping: Mapping) throws(SystemError) {
        try conntrack.recall(mapping)
    }

    package mutating func inject(_ packet: [UInt8]) throws(SystemError) {
        try injector.send(packet)
    }
}

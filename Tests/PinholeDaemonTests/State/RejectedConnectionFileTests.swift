// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Linux
import TestFiles
import Testing

@testable import PinholeDaemon

@Suite struct RejectedConnectionFileTests {
    @Test func `the file is read as written, and a damaged file or one of another boot is refused`()
        throws
    {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/rejected"
        let identity = StateFile.identity(ofBoot: "this one")
        var file = try RejectedConnectionFile.create(for: path, identity: identity)
        file.write(key: (3, 7))
        file.write(5, RejectedConnections.wordCount - 1)
        try file.publish()
        let bytes = try #require(try PrivateFile.read(path, owner: nil))
        let found = try #require(RejectedConnectionFile.rejected(in: bytes, identity: identity))
        #expect(found.key == (3, 7))
        #expect(bytes[(bytes.count - 8)...].elementsEqual([5, 0, 0, 0, 0, 0, 0, 0]))
        #expect(RejectedConnectionFile.rejected(in: Array(bytes.dropLast(8)), identity: identity) == nil)
        #expect(RejectedConnectionFile.rejected(in: bytes + bytes.prefix(8), identity: identity) == nil)
        let other = StateFile.identity(ofBoot: "another one")
        #expect(RejectedConnectionFile.rejected(in: bytes, identity: other) == nil)
    }
}

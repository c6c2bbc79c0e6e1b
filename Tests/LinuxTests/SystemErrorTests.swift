// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux
import Testing

@Suite struct SystemErrorTests {
    @Test func `an error names the operation and the reason`() {
        #expect(
            SystemError("bind queue 21", code: EPERM).description == "bind queue 21: Operation not permitted"
        )
        #expect(SystemError("add it", code: 4352, meaning: "the set is full").reason == "the set is full")
    }

    @Test func `two errors are equal if operation and reason are`() {
        let error = SystemError("do it", code: EPERM)
        #expect(error == SystemError("do it", code: EPERM, meaning: "no"))
        #expect(error != SystemError("do it", code: EACCES))
        #expect(error != SystemError("do that", code: EPERM))
        let all = Set([error, SystemError("do it", code: EPERM, meaning: "no")])
        #expect(all.count == 1)
    }

    @Test func `a lack of memory or buffers is temporary`() {
        let momentary = [EPERM, ENOBUFS, ENOMEM, EAGAIN, ENOSPC, 0].filter {
            SystemError("do it", code: $0).isMomentary
        }
        #expect(momentary == [ENOBUFS, ENOMEM])
    }

    @Test func `an interrupted call is repeated, and any other failure is thrown`() throws {
        var results = [EINTR, EINTR, 0, EIO]
        func call() -> Int32 {
            let code = results.removeFirst()
            errno = code
            return code == 0 ? 7 : -1
        }
        #expect(try SystemError.check("do it", call) == 7)
        #expect(throws: SystemError("do it", code: EIO)) { try SystemError.check("do it", call) }
        #expect(results.isEmpty)
    }
}

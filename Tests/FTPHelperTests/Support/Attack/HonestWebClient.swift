// SPDX-License-Identifier: GPL-2.0-or-later

/// A browser, or whatever else speaks no FTP, that lets a page choose much of what it says.
struct HonestWebClient {
    /// One is sent at once, and one more each time that something comes back.
    private var requests: [[UInt8]]
    /// How often something has come back.
    private var answers = 0

    /// The last request is made first.
    init(requests: [[UInt8]]) { self.requests = requests }

    mutating func next() -> [Utterance] { requests.popLast().map { [Utterance($0)] } ?? [] }

    mutating func hear() -> [Utterance] {
        answers += 1
        return next()
    }

    /// What would let it log in, if the last thing that it has said was for that.
    var awaited: [UInt8] { HonestFTPClient.login[min(answers, HonestFTPClient.login.count - 1)] }
}

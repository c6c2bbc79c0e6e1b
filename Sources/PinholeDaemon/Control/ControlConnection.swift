import Glibc
import Netfilter

/// A conversation with the daemon, from the client's side: one request and its answer.
package enum ControlConnection {
    /// Seconds in which a daemon that works has begun to answer.
    private static let patience = 5

    /// Sends `request` to the daemon at `path` and hands over its answer piece by piece, as it comes.
    ///
    /// It returns when the daemon has said all; an answer that is an error is thrown.
    package static func ask(
        _ request: ControlRequest,
        at path: String,
        _ receive: (ArraySlice<UInt8>) throws(Obstacle) -> Void
    ) throws(Obstacle) {
        let stream: UnixStream
        do throws(SystemError) {
            stream = try UnixStream.connect(to: path)
        } catch {
            throw obstacle(error, at: path)
        }
        var answer: [UInt8] = []
        do throws(SystemError) {
            try stream.send("\(request.line)\n")
            // A daemon that is stopped (SIGSTOP) still has a socket that takes clients; events may then take as long as they
            // will.
            try stream.setPatience(seconds: patience)
            while !answer.contains(UInt8(ascii: "\n")),
                case .bytes = try stream.read(into: &answer, limit: 4096)
            {}
            try stream.setPatience(seconds: 0)
        } catch {
            throw Obstacle(error.description, mend: "look into the log of the daemon")
        }
        guard let end = answer.firstIndex(of: UInt8(ascii: "\n")) else {
            throw Obstacle(
                "the daemon at \(path) does not answer",
                mend: "look into its log, and whether it is stopped"
            )
        }
        try check(String(decoding: answer[..<end], as: UTF8.self))
        answer.removeSubrange(...end)
        while true {
            if !answer.isEmpty { try receive(answer[...]) }
            answer.removeAll(keepingCapacity: true)
            do throws(SystemError) {
                if try stream.read(into: &answer, limit: 65536) == .end { return }
            } catch {
                throw Obstacle(error.description, mend: "look into the log of the daemon")
            }
        }
    }

    /// Throws what the first line of an answer says if that is not `ok`.
    private static func check(_ line: String) throws(Obstacle) {
        if line == "ok" { return }
        let prefix = "error: "
        let words = line.dropFirst(prefix.count)
        guard line.hasPrefix(prefix), let colon = words.lastIndex(of: ":") else {
            throw Obstacle.senselessAnswer
        }
        let mend = words[words.index(after: colon)...].drop { $0 == " " }
        throw Obstacle(String(words[..<colon]), mend: String(mend))
    }

    private static func obstacle(_ error: SystemError, at path: String) -> Obstacle {
        switch error.code {
        case ENOENT, ECONNREFUSED: Obstacle("no daemon answers at \(path)", mend: "start it with pinhole run")
        case EACCES, EPERM: Obstacle("the daemon at \(path) is for root and its own group", mend: "use sudo")
        default: Obstacle(error.description, mend: "give the daemon's path with --socket")
        }
    }
}

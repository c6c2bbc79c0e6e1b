// SPDX-License-Identifier: GPL-2.0-or-later

/// The working directory of a client, as far as it follows from its session (RFC 959, section 4.1.1, and
/// appendix II).
///
/// It is known once PWD is answered or CWD has named an absolute path, and unknown again after anything that
/// is not understood. It is only for display: if it contains a symbolic link, which only the server knows,
/// `..` leads elsewhere.
struct WorkingDirectory: Hashable, Sendable {
    /// Maximum number of bytes; a longer directory is unknown.
    static let maximumSize = Transfer.maximumPathSize

    /// A command that changes or shows the directory, and waits for its reply.
    private struct Request: Hashable, Sendable {
        let ordinal: UInt32
        /// Whether the reply shows the directory.
        let isQuestion: Bool
        /// The directory if the command succeeds; empty if that is unknown.
        let target: [UInt8]
    }

    /// The directory and the pending request, if there are any.
    ///
    /// Immutable, and stored outside of the session because most sessions have neither.
    private final class Knowledge: Sendable {
        let path: [UInt8]
        let request: Request?

        init(_ path: [UInt8], _ request: Request?) {
            self.path = path
            self.request = request
        }
    }

    private var knowledge: Knowledge?

    /// Absolute; empty if unknown.
    var path: [UInt8] { knowledge?.path ?? [] }
    private var request: Request? { knowledge?.request }

    init() {}

    private mutating func know(_ path: [UInt8], _ request: Request?) {
        knowledge = path.isEmpty && request == nil ? nil : Knowledge(path, request)
    }

    static func == (one: WorkingDirectory, other: WorkingDirectory) -> Bool {
        one.path == other.path && one.request == other.request
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(path)
        hasher.combine(request)
    }

    /// Notes a CWD, CDUP or PWD with this ordinal.
    mutating func note(_ verb: Verb, _ argument: [UInt8], ordinal: UInt32) {
        // The directory to begin at depends on a reply that has not come yet.
        if request != nil { forget() }
        let target: [UInt8] =
            switch verb {
            case .cwd: argument.isEmpty ? [] : resolved(argument) ?? []
            case .cdup: resolved(Array("..".utf8)) ?? []
            default: []
            }
        know(path, Request(ordinal: ordinal, isQuestion: verb == .pwd, target: target))
    }

    /// Takes the final reply to the command with this ordinal.
    mutating func apply(_ reply: Reply, to ordinal: UInt32, in line: Span<UInt8>) {
        guard let request, request.ordinal == ordinal else { return }
        guard reply.isCompletion else {
            know(path, nil)
            return
        }
        know(request.isQuestion ? Self.quoted(in: line) : request.target, nil)
    }

    /// Forgets the directory, because commands may have passed unseen.
    mutating func forget() { self = WorkingDirectory() }

    /// The absolute form of a path; the path itself if that is unknown, and the directory if it is empty.
    func absolute(_ name: [UInt8]) -> [UInt8] {
        // A dash begins the options of LIST.
        guard let first = name.first else { return path }
        guard first != UInt8(ascii: "/"), first != UInt8(ascii: "-") else { return name }
        return resolved(name) ?? name
    }

    /// A path from here on, without `.` and `..`; `nil` if it is unknown or too long.
    private func resolved(_ name: [UInt8]) -> [UInt8]? {
        let slash = UInt8(ascii: "/")
        let isAbsolute = name.first == slash
        guard isAbsolute || !path.isEmpty, name.first != UInt8(ascii: "~") else { return nil }
        var parts: [ArraySlice<UInt8>] = []
        for part in ((isAbsolute ? [] : path + [slash]) + name).split(separator: slash) {
            switch String(decoding: part, as: UTF8.self) {
            case ".": break
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        let size = parts.reduce(0) { $0 + $1.count + 1 }
        guard size <= Self.maximumSize else { return nil }
        return parts.isEmpty ? [slash] : parts.flatMap { [slash] + $0 }
    }

    /// The absolute path between the quotation marks of a 257, in which they are doubled; empty if there is
    /// none.
    private static func quoted(in line: Span<UInt8>) -> [UInt8] {
        let mark = UInt8(ascii: "\"")
        var path: [UInt8] = []
        var offset = 0
        while offset < line.count, line[offset] != mark { offset += 1 }
        offset += 1
        while offset < line.count {
            if line[offset] == mark {
                guard offset + 1 < line.count, line[offset + 1] == mark else {
                    return path.first == UInt8(ascii: "/") ? path : []
                }
                offset += 1
            }
            path.append(line[offset])
            guard path.count <= maximumSize else { return [] }
            offset += 1
        }
        return []
    }
}

extension WorkingDirectory: Recordable {
    func write(into record: inout RecordWriter) {
        path.write(into: &record)
        (request != nil).write(into: &record)
        guard let request else { return }
        request.ordinal.write(into: &record)
        request.isQuestion.write(into: &record)
        request.target.write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        let path: [UInt8] = try record.next()
        guard try record.next(Bool.self) else {
            know(path, nil)
            return
        }
        let request = Request(
            ordinal: try record.next(),
            isQuestion: try record.next(),
            target: try record.next()
        )
        know(path, request)
    }
}

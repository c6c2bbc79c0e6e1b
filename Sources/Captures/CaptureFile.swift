// SPDX-License-Identifier: GPL-2.0-or-later
import CPcap
import Glibc
import Linux

/// A capture file, pcap or pcapng, that is read frame by frame.
///
/// The corresponding C functions are `pcap_fopen_offline_with_tstamp_precision` and `pcap_next_ex`.
@safe package struct CaptureFile: ~Copyable {
    /// The description of a frame.
    package struct Frame: Hashable, Sendable {
        /// The frame number, counted from 1 as in Wireshark.
        package let number: UInt64
        /// The time stamp in nanoseconds since 1970-01-01 00:00 UTC, at most `Int64.max`; frames may be out of order.
        package let nanoseconds: UInt64
        /// The size of the frame on the wire, in bytes; the capture may contain fewer.
        package let size: Int

        package init(number: UInt64, nanoseconds: UInt64, size: Int) {
            self.number = number
            self.nanoseconds = nanoseconds
            self.size = size
        }
    }

    /// Whether libpcap is installed; the first use loads it.
    private static let isSupported = cpcap_load()

    private let handle: OpaquePointer
    private let path: String
    /// The number of frames read so far.
    private var count: UInt64 = 0

    private init(adopting handle: OpaquePointer, path: String) {
        unsafe self.handle = handle
        self.path = path
    }

    deinit { unsafe cpcap_close(handle) }

    /// Opens a capture and reads its header; `-` is standard input.
    package static func open(_ path: String) throws(CaptureError) -> CaptureFile {
        guard isSupported else { throw .unsupported }
        let file: Int32
        do throws(SystemError) {
            // Sound: the path is NUL-terminated and read during the call.
            file = try SystemError.check("open \(path)") {
                unsafe path == "-" ? dup(STDIN_FILENO) : Glibc.open(path, O_RDONLY | O_CLOEXEC)
            }
        } catch {
            throw .unreadable(error)
        }
        var reason = [CChar](repeating: 0, count: Int(cpcap_reason_size))
        // Sound: the call takes ownership of the descriptor, and the buffer has the required size.
        guard let handle = unsafe cpcap_open(file, &reason) else {
            let bytes = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw .unrecognised(path: path, reason: String(decoding: bytes, as: UTF8.self))
        }
        return unsafe CaptureFile(adopting: handle, path: path)
    }

    /// The link type of the frames, a `DLT_...` of libpcap.
    package var linkType: Int32 { unsafe cpcap_link_type(handle) }

    /// The name and number of the link type, such as `IEEE802_11 (105)`.
    package var linkTypeName: String {
        // Sound: the name is a constant in the library.
        guard let name = unsafe cpcap_link_type_name(linkType) else { return "\(linkType)" }
        return unsafe "\(String(cString: name)) (\(linkType))"
    }

    /// Reads the next frame and calls `body` with its bytes; returns `false` at the end of the file.
    package mutating func next(
        _ body: (Frame, borrowing Span<UInt8>) -> Void
    ) throws(CaptureError) -> Bool {
        var frame = unsafe cpcap_frame()
        // Sound: the handle is open, and the frame's bytes stay valid until the next call.
        let result = unsafe cpcap_next(handle, &frame)
        guard result != 0 else { return false }
        guard result == 1 else {
            throw unsafe .broken(path: path, after: count, reason: String(cString: cpcap_reason(handle)))
        }
        count += 1
        let bytes = unsafe UnsafeBufferPointer(start: frame.bytes, count: Int(frame.captured))
        let description = unsafe Frame(
            number: count,
            nanoseconds: CaptureFile.nanoseconds(frame.seconds, frame.nanoseconds),
            size: Int(max(frame.size, frame.captured))
        )
        // Sound: the bytes are not changed before `body` returns.
        body(description, unsafe Span(_unsafeElements: bytes))
        return true
    }

    /// Converts a time stamp to nanoseconds since 1970; one out of range becomes 0 or `Int64.max`, which is in 2262.
    private static func nanoseconds(_ seconds: Int64, _ rest: Int64) -> UInt64 {
        // libpcap reads the unsigned 32-bit seconds of a pcap file as signed: negative numbers are after January 2038.
        let seconds = Int32(exactly: seconds).map { Int64(UInt32(bitPattern: $0)) } ?? seconds
        let (product, isTooFar) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !isTooFar else { return seconds < 0 ? 0 : UInt64(Int64.max) }
        let (sum, isPast) = product.addingReportingOverflow(rest)
        return isPast ? UInt64(Int64.max) : UInt64(max(0, sum))
    }
}

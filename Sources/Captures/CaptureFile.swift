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

    private let handle: OpaquePointer
    private let path: String
    /// The number of frames read so far.
    private var count: UInt64 = 0

    private init(adopting handle: OpaquePointer, path: String) {
        unsafe self.handle = handle
        self.path = path
    }

    deinit { unsafe pcap_close(handle) }

    /// Opens a capture and reads its header; `-` is standard input.
    package static func open(_ path: String) throws(CaptureError) -> CaptureFile {
        // Sound: the texts are NUL-terminated and read during the call.
        guard let stream = unsafe path == "-" ? fdopen(dup(STDIN_FILENO), "r") : fopen(path, "re") else {
            throw .unreadable(SystemError("open \(path)", code: errno))
        }
        var reason = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        let precision = UInt32(PCAP_TSTAMP_PRECISION_NANO)
        // Sound: the stream is open, and the buffer has the required size.
        guard let handle = unsafe pcap_fopen_offline_with_tstamp_precision(stream, precision, &reason) else {
            unsafe fclose(stream)
            let bytes = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw .unrecognised(path: path, reason: String(decoding: bytes, as: UTF8.self))
        }
        return unsafe CaptureFile(adopting: handle, path: path)
    }

    /// The link type of the frames, a `DLT_...` of libpcap.
    package var linkType: Int32 { unsafe pcap_datalink(handle) }

    /// The name and number of the link type, such as `IEEE802_11 (105)`.
    package var linkTypeName: String {
        // Sound: the name is a constant in the library.
        guard let name = unsafe pcap_datalink_val_to_name(linkType) else { return "\(linkType)" }
        return unsafe "\(String(cString: name)) (\(linkType))"
    }

    /// Reads the next frame and calls `body` with its bytes; returns `false` at the end of the file.
    package mutating func next(
        _ body: (Frame, borrowing Span<UInt8>) -> Void
    ) throws(CaptureError) -> Bool {
        var header: UnsafeMutablePointer<pcap_pkthdr>?
        var start: UnsafePointer<UInt8>?
        // Sound: the handle is open, and the header and the bytes stay valid until the next call.
        let result = unsafe pcap_next_ex(handle, &header, &start)
        guard result != PCAP_ERROR_BREAK else { return false }
        guard result == 1, let frame = unsafe header?.pointee else {
            throw unsafe .broken(path: path, after: count, reason: String(cString: pcap_geterr(handle)))
        }
        count += 1
        let bytes = unsafe UnsafeBufferPointer(start: start, count: Int(frame.caplen))
        // The field of microseconds has nanoseconds, as asked for when the file was opened.
        let description = Frame(
            number: count,
            nanoseconds: CaptureFile.nanoseconds(Int64(frame.ts.tv_sec), Int64(frame.ts.tv_usec)),
            size: Int(max(frame.len, frame.caplen))
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

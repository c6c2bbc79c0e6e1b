import CPcap
import Glibc
import Linux

/// A capture on disk, pcap or pcapng, read frame by frame.
///
/// The corresponding C functions are `pcap_fopen_offline_with_tstamp_precision` and `pcap_next_ex`.
@safe package struct CaptureFile: ~Copyable {
    /// What the capture says of a frame besides its bytes.
    package struct Frame: Hashable, Sendable {
        /// 1 for the first frame of the file; every frame counts, as in Wireshark.
        package let number: UInt64
        /// Nanoseconds since 1970 began, at most those of `Int64`; frames need not be in the order of time.
        package let nanoseconds: UInt64
        /// Bytes that the frame had on the wire, of which the capture may have kept fewer.
        package let size: Int

        package init(number: UInt64, nanoseconds: UInt64, size: Int) {
            self.number = number
            self.nanoseconds = nanoseconds
            self.size = size
        }
    }

    /// Whether libpcap is there.
    ///
    /// Asked once: that loads it, for all threads.
    private static let isSupported = cpcap_load()

    private let handle: OpaquePointer
    private let path: String
    /// How many frames have been read.
    private var count: UInt64 = 0

    private init(adopting handle: OpaquePointer, path: String) {
        unsafe self.handle = handle
        self.path = path
    }

    deinit { unsafe cpcap_close(handle) }

    /// Opens a capture and reads its header.
    package static func open(_ path: String) throws(CaptureError) -> CaptureFile {
        guard isSupported else { throw .unsupported }
        let file: Int32
        do throws(SystemError) {
            // Sound: the path is NUL-terminated and read during the call.
            file = try SystemError.check("open \(path)") { unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC) }
        } catch {
            throw .unreadable(error)
        }
        var reason = [CChar](repeating: 0, count: Int(cpcap_reason_size))
        // Sound: the descriptor is handed over, and the buffer has the size that the call wants.
        guard let handle = unsafe cpcap_open(file, &reason) else {
            let bytes = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw .unrecognised(path: path, reason: String(decoding: bytes, as: UTF8.self))
        }
        return unsafe CaptureFile(adopting: handle, path: path)
    }

    /// What every frame begins with: a `DLT_...` of libpcap.
    package var linkType: Int32 { unsafe cpcap_link_type(handle) }

    /// The same for people: `IEEE802_11 (105)`.
    package var linkTypeName: String {
        // Sound: the name is a constant of the library.
        guard let name = unsafe cpcap_link_type_name(linkType) else { return "\(linkType)" }
        return unsafe "\(String(cString: name)) (\(linkType))"
    }

    /// Reads the next frame and gives its bytes to `body`; `false` at the end of the file.
    package mutating func next(
        _ body: (Frame, borrowing Span<UInt8>) -> Void
    ) throws(CaptureError) -> Bool {
        var frame = unsafe cpcap_frame()
        // Sound: the handle is open, and what is filled in stays until its next call.
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
        // Sound: nobody changes the bytes before `body` returns.
        body(description, unsafe Span(_unsafeElements: bytes))
        return true
    }

    /// A time stamp as one number; one that is too far off becomes the nearest that is not, in 1970 or 2262.
    private static func nanoseconds(_ seconds: Int64, _ rest: Int64) -> UInt64 {
        // libpcap takes the 32 bits of a pcap file as signed, which they are not: negative is after January 2038.
        let seconds = Int32(exactly: seconds).map { Int64(UInt32(bitPattern: $0)) } ?? seconds
        let (product, isTooFar) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !isTooFar else { return seconds < 0 ? 0 : UInt64(Int64.max) }
        let (sum, isPast) = product.addingReportingOverflow(rest)
        return isPast ? UInt64(Int64.max) : UInt64(max(0, sum))
    }
}

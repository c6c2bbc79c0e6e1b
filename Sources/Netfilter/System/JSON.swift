import CNetfilter
import Glibc

/// A JSON value, and its text as libjansson writes it.
package indirect enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(UInt64)
    /// Written with as few of 15 significant digits as it needs, and at least one after the point.
    case number(Double)
    case string(String)
    case array([JSON])
    /// Members in the order in which they are to be written; no name twice.
    case object([Member])

    package struct Member: Hashable, Sendable {
        package let name: String
        package let value: JSON

        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The value on one line without needless blanks; other than ASCII is written as `\u....`.
    ///
    /// The corresponding C function is `json_dumps`. It fails only where memory is at an end, which ends any Swift
    /// program.
    package var text: String {
        // Sound: `value` is ours until `json_decref`; the text is NUL-terminated and ours until `free`.
        let value = unsafe tree
        defer { unsafe json_decref(value) }
        let flags = Int(JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY)
        let precision = cnetfilter_json_real_precision(15)
        guard let text = unsafe json_dumps(value, flags | precision) else {
            preconditionFailure("libjansson is out of memory")
        }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// Takes the chance numbers that libjansson needs for its hash tables, which it would read from a file at the first
    /// object (`json_object_seed`).
    package static func prepare() { json_object_seed(0) }

    /// The same value as libjansson has it, owned by the caller.
    private var tree: UnsafeMutablePointer<json_t>? {
        switch self {
        case .null:
            return unsafe json_null()
        case .bool(let value):
            return unsafe value ? json_true() : json_false()
        case .integer(let value):
            return unsafe json_integer(json_int_t(clamping: value))
        case .number(let value):
            // JSON has no infinity: libjansson refuses it, and null is what is left to say.
            return unsafe json_real(value) ?? json_null()
        case .string(let value):
            // Sound: the call copies that many bytes, which are UTF-8 as every String's are.
            return unsafe json_stringn(value, value.utf8.count)
        case .array(let elements):
            let array = unsafe json_array()
            // Sound: `_new` takes over the element, also where it fails.
            for element in elements { unsafe json_array_append_new(array, element.tree) }
            return unsafe array
        case .object(let members):
            let object = unsafe json_object()
            for member in members { unsafe json_object_set_new(object, member.name, member.value.tree) }
            return unsafe object
        }
    }
}

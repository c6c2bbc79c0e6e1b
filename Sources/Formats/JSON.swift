import CJansson
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
        let precision = cjansson_real_precision(15)
        guard let text = unsafe json_dumps(value, flags | precision) else {
            preconditionFailure("libjansson is out of memory")
        }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// Reads a text; `nil` if it is no JSON, or has a number that has no place here.
    ///
    /// The corresponding C function is `json_loadb`.
    package init?(parsing text: [UInt8]) {
        var error = json_error_t()
        // Sound: the bytes are read during the call, which writes the structure; the value is ours until `json_decref`.
        let tree = unsafe text.withUnsafeBytes {
            unsafe json_loadb($0.baseAddress, $0.count, Int(JSON_DECODE_ANY), &error)
        }
        guard let tree = unsafe tree else { return nil }
        defer { unsafe json_decref(tree) }
        unsafe self.init(copying: tree)
    }

    /// Copies a value of libjansson's; `nil` where a number in it is negative and whole.
    private init?(copying tree: UnsafeMutablePointer<json_t>) {
        // Sound: the accessors look at the type first, and what they return belongs to `tree`, which outlives the copy.
        switch unsafe tree.pointee.type {
        case JSON_OBJECT:
            var members: [Member] = []
            var place = unsafe json_object_iter(tree)
            while let current = unsafe place {
                guard let name = unsafe json_object_iter_key(current),
                    let inner = unsafe json_object_iter_value(current),
                    let value = unsafe JSON(copying: inner)
                else { return nil }
                members.append(Member(unsafe String(cString: name), value))
                unsafe place = unsafe json_object_iter_next(tree, current)
            }
            self = .object(members)
        case JSON_ARRAY:
            var elements: [JSON] = []
            for index in 0..<(unsafe json_array_size(tree)) {
                guard let inner = unsafe json_array_get(tree, index), let value = unsafe JSON(copying: inner)
                else { return nil }
                elements.append(value)
            }
            self = .array(elements)
        case JSON_STRING:
            guard let text = unsafe json_string_value(tree) else { return nil }
            self = .string(unsafe String(cString: text))
        case JSON_INTEGER:
            guard let value = UInt64(exactly: unsafe json_integer_value(tree)) else { return nil }
            self = .integer(value)
        case JSON_REAL: self = .number(unsafe json_real_value(tree))
        case JSON_TRUE: self = .bool(true)
        case JSON_FALSE: self = .bool(false)
        default: self = .null
        }
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

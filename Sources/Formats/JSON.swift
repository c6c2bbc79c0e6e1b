// SPDX-License-Identifier: GPL-2.0-or-later
import CJansson
import Glibc

/// A JSON value, encoded and parsed with libjansson.
package indirect enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(UInt64)
    /// Encoded with at most 15 significant digits and at least one digit after the point.
    case number(Double)
    case string(String)
    case array([JSON])
    /// The members in the order in which they are encoded; names must be unique.
    case object([Member])

    package struct Member: Hashable, Sendable {
        package let name: String
        package let value: JSON

        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The JSON text, on one line without spaces; characters outside ASCII are escaped as `\uXXXX`.
    ///
    /// The corresponding C function is `json_dumps`. It fails only if memory runs out, which ends the program.
    package var text: String {
        // Sound: `value` is owned until `json_decref`; the text is NUL-terminated and owned until `free`.
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

    /// Parses a JSON text; `nil` if it is invalid.
    ///
    /// A negative integer becomes a number.
    /// The corresponding C function is `json_loadb`.
    package init?(parsing text: [UInt8]) {
        var error = json_error_t()
        // Sound: the call reads the bytes and writes `error`; the value is owned until `json_decref`.
        let tree = unsafe text.withUnsafeBytes {
            unsafe json_loadb($0.baseAddress, $0.count, Int(JSON_DECODE_ANY), &error)
        }
        guard let tree = unsafe tree else { return nil }
        defer { unsafe json_decref(tree) }
        unsafe self.init(copying: tree)
    }

    /// Copies a libjansson value; `nil` if a name or a string in it is invalid.
    private init?(copying tree: UnsafeMutablePointer<json_t>) {
        // Sound: the accessors check the type, and their results belong to `tree`, which lives during the copy.
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
            let value = unsafe json_integer_value(tree)
            self = UInt64(exactly: value).map(JSON.integer) ?? .number(Double(value))
        case JSON_REAL: self = .number(unsafe json_real_value(tree))
        case JSON_TRUE: self = .bool(true)
        case JSON_FALSE: self = .bool(false)
        default: self = .null
        }
    }

    /// Seeds libjansson's hash tables (`json_object_seed`).
    ///
    /// Otherwise libjansson would read random numbers from a file at the first object, which the sandbox forbids.
    package static func prepare() { json_object_seed(0) }

    /// The value as a libjansson value, owned by the caller.
    private var tree: UnsafeMutablePointer<json_t>? {
        switch self {
        case .null:
            return unsafe json_null()
        case .bool(let value):
            return unsafe value ? json_true() : json_false()
        case .integer(let value):
            return unsafe json_integer(json_int_t(clamping: value))
        case .number(let value):
            // JSON has neither infinity nor NaN: libjansson rejects them, and null is encoded instead.
            return unsafe json_real(value) ?? json_null()
        case .string(let value):
            // Sound: the call copies that many bytes. They are UTF-8, as in every String.
            return unsafe json_stringn(value, value.utf8.count)
        case .array(let elements):
            let array = unsafe json_array()
            // Sound: `_new` takes ownership of the element, even if it fails.
            for element in elements { unsafe json_array_append_new(array, element.tree) }
            return unsafe array
        case .object(let members):
            let object = unsafe json_object()
            for member in members { unsafe json_object_set_new(object, member.name, member.value.tree) }
            return unsafe object
        }
    }
}

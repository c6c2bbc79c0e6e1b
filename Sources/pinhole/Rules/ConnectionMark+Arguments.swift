import Netfilter
import PinholeDaemon

extension ConnectionMark {
    /// The value of an option that is a mark; `nil` if it was not given.
    init?(_ option: Option, of arguments: Arguments) throws(UserError) {
        guard let text = arguments.value(of: option) else { return nil }
        guard let mark = ConnectionMark(parsing: text) else {
            throw UserError(
                "'\(text)' is no mark",
                hint: "give VALUE or VALUE/MASK, decimal or behind 0x, without bits beyond the mask",
                status: .usage
            )
        }
        self = mark
    }

    /// What `--bypass-mark` says: bits that connections do not have of themselves.
    ///
    /// The other bits are not touched. For `0/0` it is `nil`, too.
    init?(releasing arguments: Arguments) throws(UserError) {
        guard var mark = try ConnectionMark(.bypassMark, of: arguments) else { return nil }
        let text = arguments.value(of: .bypassMark) ?? ""
        if !text.contains("/") { mark = ConnectionMark(value: mark.value, mask: mark.value) }
        guard mark.mask != 0 else { return nil }
        guard mark.value != 0 else {
            throw UserError(
                "bypass-mark: 0 is the mark of any connection",
                hint: "give a bit that no other rule uses, as in 0x1000/0x1000",
                status: .usage
            )
        }
        self = mark
    }
}

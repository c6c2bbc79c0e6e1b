import Formats
import FTPHelper
import PinholeDaemon

/// What the keys of a part of the configuration file are about.
enum Section: Hashable {
    /// Everything: what stands before the first section.
    case general
    /// `[server ADDRESS]` or `[server ADDRESS/LENGTH]`.
    case server(AddressPrefix)

    /// Reads a section's name, without its brackets.
    init(_ name: String) throws(UserError) {
        guard !name.isEmpty else {
            self = .general
            return
        }
        let words = name.split(separator: " ")
        guard words.count == 2, words[0] == "server", name.utf8.count <= INIFile.maximumSection,
            let prefix = AddressPrefix(parsing: Array(words[1].utf8).span)
        else {
            throw UserError(
                "there is no section [\(name)]",
                hint: "write [server ADDRESS] or [server ADDRESS/LENGTH], without bits beyond the length"
            )
        }
        self = .server(prefix)
    }

    /// The keys that it may have.
    var keys: [Option] {
        switch self {
        case .general: RunCommand.keys
        case .server: RunCommand.serverKeys
        }
    }
}

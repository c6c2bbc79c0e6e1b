// SPDX-License-Identifier: GPL-2.0-or-later
package import Commands
import FTPHelper
import Glibc
import Linux
package import Messages
package import PinholeDaemon

/// The configuration of the daemon: a file, and the command line, which takes precedence.
///
/// Lines before the first section hold for everything. A section `[server ADDRESS]` or `[server ADDRESS/LENGTH]` changes some
/// keys for these servers.
package struct Configuration {
    /// The file that is read unless the command line names another one.
    package static let usualPath = "/etc/pinhole/pinhole.conf"

    package let path: String
    /// Set if the command line names the file; it has to exist then.
    private let isNamed: Bool
    private let arguments: Arguments

    package init(at path: String?, _ arguments: Arguments) {
        self.path = path ?? Self.usualPath
        isNamed = path != nil
        self.arguments = arguments
    }

    /// The settings of the file as it is now.
    package func settings() throws(UserError) -> Settings {
        let text: String
        do {
            text = try TextFile.read(path)
        } catch {
            guard error.code != ENOENT || isNamed else { return try settings(by: "") }
            throw UserError(error.description, hint: Self.hint(for: error.code))
        }
        return try settings(by: text)
    }

    private static func hint(for code: Int32) -> String {
        switch code {
        case ENOENT: "create the file, or name another one with --config"
        case EISDIR: "give the path of a file with --config"
        default: "make the file readable, or name another one with --config"
        }
    }

    /// The settings of a file's text.
    ///
    /// - Throws: All errors in it, each with its line.
    package func settings(by text: String) throws(UserError) -> Settings {
        let file = ConfigurationReader(text, at: path)
        if let failure = UserError(all: file.errors) { throw failure }
        var settings = file.general
        try Key.apply(arguments, to: &settings)
        for (prefix, serverSettings) in file.servers {
            var own = file.general
            for setting in serverSettings { try setting.key.set(setting.value, &own) }
            try Key.apply(arguments, to: &own)
            settings.policy.set(own.policy.rules, for: prefix)
        }
        for (prefix, ports) in settings.ftpsServers {
            var rules = settings.policy.rules(for: prefix)
            rules.ftpsPorts = ports
            settings.policy.set(rules, for: prefix)
        }
        return settings
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
package import Commands
import FTPHelper
import Glibc
import Linux
package import Messages
package import PinholeDaemon

/// The configuration of the daemon and of the rules: a file, and the command line, which takes precedence.
///
/// Lines before the first section hold for everything. A section `[server ADDRESS]` or `[server ADDRESS/LENGTH]` changes some
/// keys for these servers.
package struct Configuration {
    /// The file that is read unless the command line names another one.
    package static let usualPath = "/etc/pinhole/pinhole.conf"

    package let path: String
    /// Whether a missing file means the defaults; the file that the command line names has to exist.
    package let mayBeMissing: Bool
    /// What was typed; `nil` for the file alone.
    private let arguments: Arguments?

    /// The configuration of a command: its option `--config` names the file.
    package init(_ arguments: Arguments) {
        self.init(at: arguments.value(of: .config), arguments)
    }

    package init(at path: String?, _ arguments: Arguments?) {
        self.path = path ?? Self.usualPath
        mayBeMissing = path == nil
        self.arguments = arguments
    }

    /// The settings of the file as it is now.
    package func settings() throws(UserError) -> Settings {
        let text: String
        do {
            text = try TextFile.read(path)
        } catch {
            guard error.code != ENOENT || !mayBeMissing else { return try settings(by: "") }
            throw UserError(error.description, hint: Self.hint(for: error.code), status: .configuration)
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
        if let arguments { try Key.apply(arguments, to: &settings) }
        for (prefix, serverSettings) in file.servers {
            var own = file.general
            for setting in serverSettings { try setting.key.set(setting.value, &own) }
            if let arguments { try Key.apply(arguments, to: &own) }
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

// SPDX-License-Identifier: GPL-2.0-or-later
package import Commands
import Messages
import PinholeDaemon

/// A key of the configuration file.
///
/// The table `Key.all` is the only definition of names, values, defaults and descriptions. The parser of the file, and the
/// options of `pinholed` and of `pinhole rules`, use it. The sample of the configuration, the manual pages and docs/configuration.md are generated from it,
/// and a test compares them.
package struct Key: Sendable {
    /// What the key takes.
    enum Form: Hashable, Sendable {
        /// `yes` or `no`; as an option of the command line it has no value and means `yes`.
        case flag
        /// `yes`, `no` or a value; as an option it has no value and means `yes`.
        case flagOrValue(placeholder: String)
        /// `yes` or `no`, on the command line too.
        case yesOrNo
        /// One of these words.
        case choice(placeholder: String, [String])
        /// Anything else.
        case value(placeholder: String)
    }

    /// Where the key is allowed.
    enum Scope: Hashable, Sendable {
        /// Before the first section.
        case general
        /// Before the first section and in sections of servers.
        case anywhere
        /// In sections of servers.
        case server
    }

    /// Which program uses the key, and has it as an option.
    enum Reader: Hashable, Sendable {
        case daemon
        /// `pinhole rules`.
        case rules
        /// The daemon and `pinhole rules`.
        case both
        /// `pinhole sync`.
        case sync
    }

    /// When a running daemon that reads the file again uses a new value.
    enum Effect: Hashable, Sendable {
        case atOnce
        case atNextStart
    }

    let name: String
    /// The name as an option, if that is shorter.
    var optionName: String?
    let form: Form
    /// The default as it would be written in the file; `nil` if no value means the same as leaving the key out.
    let standard: String?
    /// The default in words, if the value alone is unclear.
    var standardNote: String?
    /// A sample value for a key without a default.
    var example: String?
    var scope = Scope.general
    var reader = Reader.daemon
    /// What it does, in a few words, for `--help`.
    let summary: String
    /// What it does, in sentences; code and other keys are in backquotes.
    let details: String
    /// Applies a value to the settings.
    let set: @Sendable (GivenValue, inout Settings) throws(UserError) -> Void

    /// Every key, in the order in which it is documented.
    static let all: [Key] = [
        ports, queues, socket, state, peerState, user, timeout, loose, strict, privilegedPorts, active,
        passive,
        natPorts, proxyProtocol, ftps, implicitTLS, bypassMark, dataMark, bypass, synproxy, backend,
        maximumConnections, maximumClientConnections, logLevel, syncLocal, syncPeer, syncPort, syncKey,
        ftpsPorts, ftpsActive, ftpsMaximum,
    ]

    /// The keys that can stand before the first section.
    static let general = all.filter { $0.scope != .server }

    /// The keys that are options of `pinholed`.
    package static let ofDaemon = general.filter { [.daemon, .both].contains($0.reader) }

    /// The keys that are options of `pinhole rules`.
    package static let ofRules = general.filter { [.rules, .both].contains($0.reader) }

    /// The keys that are options of `pinhole sync`.
    package static let ofSync = general.filter { $0.reader == .sync } + [peerState]

    /// The keys that the section of a server can have.
    static let ofServers = all.filter { $0.scope != .general }

    var effect: Effect {
        reader == .sync || StartupSetting(rawValue: name) != nil ? .atNextStart : .atOnce
    }

    /// The default as documents and help show it.
    var shownStandard: String? { standardNote ?? standard }

    /// The option with the same name.
    package var option: Option {
        let name = optionName ?? name
        return switch form {
        case .flag, .flagOrValue: Option(name, nil, summary)
        case .yesOrNo: Option(name, "YES/NO", summaryWithStandard)
        case .choice(let placeholder, _), .value(let placeholder):
            Option(name, placeholder, summaryWithStandard)
        }
    }

    private var summaryWithStandard: String { shownStandard.map { "\(summary) (\($0))" } ?? summary }

    /// Applies the options of the command line to the settings.
    static func apply(_ arguments: Arguments, to settings: inout Settings) throws(UserError) {
        for key in general {
            if let value = arguments.given(key.option) { try key.set(value, &settings) }
        }
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Linux
import Testing

@testable import pinhole

struct CommandLineTests {
    @Test(arguments: [
        (["frob"], "unknown subcommand 'frob': see pinhole --help"),
        (["chek"], "unknown subcommand 'chek': did you mean pinhole check? see pinhole --help"),
        (
            ["conections"],
            "unknown subcommand 'conections': did you mean pinhole connections? see pinhole --help"
        ),
        (["--hepl"], "unknown option '--hepl': did you mean pinhole --help? see pinhole --help"),
        (["stats", "--jsn"], "unknown option '--jsn': did you mean --json? see pinhole stats --help"),
        (["--frob"], "unknown option '--frob': see pinhole --help"),
        (["version", "--frob"], "unknown option '--frob': see pinhole version --help"),
        (
            ["run", "--timeout", "60"],
            "the subcommand run was removed: start the daemon with pinholed, which has the same options"
        ),
        (
            ["rules", "load", "--ftps-mark=0x1000"],
            "option --ftps-mark was renamed to --bypass-mark: use --bypass-mark with the same value"
        ),
        (["version", "-xy"], "unknown option '-x': see pinhole version --help"),
        (["version", "x"], "unexpected operand 'x': see pinhole version --help"),
        (["rules"], "load|watch|unload|print|create-sets is missing: see pinhole rules --help"),
        (["rules", "frob"], "unknown operand 'frob': use load, watch, unload, print or create-sets"),
        (["rules", "print", "--bypass=1"], "option '--bypass=1' takes no value: see pinhole rules --help"),
        (["rules", "print", "--ports"], "option '--ports' needs a value: see pinhole rules --help"),
        (
            ["rules", "print", "--ports", "ftp"],
            "--ports: 'ftp' is not a number: give a number from 1 to 65535"
        ),
        (["rules", "print", "--ports", "21,"], "--ports: '' is not a number: give a number from 1 to 65535"),
        (
            ["rules", "print", "--ports", "+21"],
            "--ports: '+21' is not a number: give a number from 1 to 65535"
        ),
        (["rules", "print", "--ports", "0"], "--ports: 0 is out of range: give a number from 1 to 65535"),
        (
            ["rules", "print", "--ports", "65536"],
            "--ports: 65536 is out of range: give a number from 1 to 65535"
        ),
        (["rules", "print", "--ports", "21,21"], "--ports: 21 is given twice: give different numbers"),
        (
            ["rules", "print", "--queues", "21"],
            "--queues: needs 2 or 3 numbers, not 1: give 2 or 3 numbers with commas between them"
        ),
        (
            ["rules", "print", "--queues", "1,2,3,4"],
            "--queues: needs 2 or 3 numbers, not 4: give 2 or 3 numbers with commas between them"
        ),
        (
            ["rules", "print", "--queues", "1,65535"],
            "--queues: the third number has no default after 65535: give 3 numbers with commas between them"
        ),
        (["rules", "print", "--queues", "7,7"], "--queues: 7 is given twice: give different numbers"),
    ])
    func `a wrong command line is reported in one line with status 64`(
        _ arguments: [String],
        _ complaint: String
    ) throws {
        let child = try ChildProcess.run(Program.path, arguments)
        #expect(child.status == 64)
        #expect(child.output == "")
        #expect(child.errors == "pinhole: \(complaint)\n")
    }

    @Test func `options may stand anywhere and be shortened, and the last one of a kind counts`() throws {
        let plain = try Program.run("rules", "print", "--queues", "5,6")
        #expect(plain.status == 0)
        #expect(try Program.run("rules", "--queues=7,8", "--qu", "5,6", "print").output == plain.output)
    }

    @Test func `a word after two dashes is not an option`() throws {
        #expect(try Program.run("rules", "--", "--help").status == 64)
    }

    @Test func `the version is printed by a subcommand and by an option`() throws {
        #expect(try Program.run("version").output == "pinhole \(Commands.Program.version)\n")
        #expect(try Program.run("--version").output == "pinhole \(Commands.Program.version)\n")
    }

    @Test func `an empty command line prints the help as an error`() throws {
        let child = try Program.run()
        #expect(child.status == 64)
        #expect(child.output == "")
        #expect(child.errors == (try Program.run("--help").output))
    }

    @Test(arguments: [["help"], ["-h"]])
    func `the help is available in several ways`(_ words: [String]) throws {
        let child = try ChildProcess.run(Program.path, words)
        #expect(child.status == 0)
        #expect(child.output == (try Program.run("--help").output))
    }

    @Test func `the help of a subcommand is available in several ways`() throws {
        let help = try Program.run("stats", "--help").output
        #expect(help.hasPrefix("usage: pinhole stats"))
        #expect(try Program.run("help", "stats").output == help)
        #expect(try Program.run("stats", "-h").output == help)
        #expect(try Program.run("help", "frob").status == 64)
    }

    @Test func `the help names every subcommand`() throws {
        let help = try Program.run("--help").output
        #expect(!Pinhole.commands.isEmpty)
        for command in Pinhole.commands {
            #expect(help.contains("  \(command.name) "), "\(command.name)")
            #expect(help.contains(command.summary), "\(command.name)")
        }
        for line in help.split(separator: "\n") { #expect(line.count <= Help.width, "\(line)") }
    }

    @Test func `the help of every subcommand has each of its options`() throws {
        for command in Pinhole.commands {
            let child = try Program.run(command.name, "--help")
            #expect(child.status == 0, "\(command.name)")
            #expect(child.output.hasPrefix("usage: pinhole \(command.name)"), "\(command.name)")
            for option in command.options + [.help] {
                #expect(child.output.contains("  \(option.usage) "), "\(command.name) \(option.name)")
            }
            for line in child.output.split(separator: "\n") { #expect(line.count <= Help.width, "\(line)") }
        }
    }

    @Test func `output that cannot be written is a failure`() throws {
        let child = try ChildProcess.run("sh", ["-c", "\"$0\" version > /dev/full", Program.path])
        #expect(child.status == 1)
        #expect(child.errors.hasPrefix("pinhole: write to standard output: "))
    }
}

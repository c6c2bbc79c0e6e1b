import Foundation
import Netfilter
import Testing

struct RulesPrintTests {
    @Test func `the defaults are the files of rules, one after the other`() throws {
        let files = try ["pinhole.ipset", "pinhole.iptables", "pinhole.ip6tables"].map {
            try String(contentsOf: Program.top.appending(path: "rules/\($0)"), encoding: .utf8)
        }
        #expect(try Program.run("rules", "print").output == files.joined())
    }

    @Test func `every port has its jumps, and every rule the queue and the bypass`() throws {
        let text = try Program.run("rules", "print", "--ports", "21,2121", "--queues", "5,6", "--bypass")
            .output
        let rules = text.split(separator: "\n").filter { $0.hasPrefix("-A ") }.map(String.init)
        let expected = ["pinhole4", "pinhole6"].flatMap { set in
            [
                "PREROUTING -m conntrack --ctstate NEW,ESTABLISHED --ctorigdstport 21 -j PINHOLE",
                "PREROUTING -m conntrack --ctstate NEW,ESTABLISHED --ctorigdstport 2121 -j PINHOLE",
                "OUTPUT -m conntrack --ctstate NEW,ESTABLISHED --ctorigdstport 21 -j PINHOLE",
                "OUTPUT -m conntrack --ctstate NEW,ESTABLISHED --ctorigdstport 2121 -j PINHOLE",
                "PINHOLE ! -i lo ! -o lo -p tcp ! --syn -j NFQUEUE --queue-num 5 --queue-bypass",
                "PREROUTING -p tcp --syn -j PINHOLE",
                "OUTPUT -p tcp --syn -j PINHOLE",
                "PINHOLE ! -i lo ! -o lo -m set --match-set \(set) dst,dst,src -j NFQUEUE --queue-num 6 --queue-bypass",
            ]
        }
        #expect(rules == expected.map { "-A \($0)" })
    }

    @Test func `for FTPS there are sets of its own, a rule that never lets wait, and a mark that passes by`()
        throws
    {
        let plain = try Program.run("rules", "print").output.split(separator: "\n")
        let text = try Program.run("rules", "print", "--ftps", "--ftps-mark", "0x1000").output
        let more = text.split(separator: "\n").filter { !plain.contains($0) }
        let released =
            "-A PINHOLE -p tcp -m connmark --mark 0x1000/0x1000 -m tcp --tcp-flags FIN,RST NONE -j RETURN"
        #expect(
            more.map(String.init) == [
                "create pinhole4-sessions hash:ip family inet",
                "create pinhole6-sessions hash:ip family inet6",
                released,
                "-A PINHOLE ! -i lo ! -o lo -m set --match-set pinhole4-sessions src -j NFQUEUE --queue-num 20 --queue-bypass",
                released,
                "-A PINHOLE ! -i lo ! -o lo -m set --match-set pinhole6-sessions src -j NFQUEUE --queue-num 20 --queue-bypass",
            ]
        )
    }
}

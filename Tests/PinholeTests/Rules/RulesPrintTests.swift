// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Linux
import Netfilter
import Testing

struct RulesPrintTests {
    @Test func `the default rules are those of the files, in order`() throws {
        let files = try ["pinhole.ipset", "pinhole.iptables", "pinhole.ip6tables"].map {
            try String(contentsOf: Program.top.appending(path: "rules/\($0)"), encoding: .utf8)
        }
        #expect(try Program.run("rules", "print").output == files.joined())
    }

    @Test func `every port has its jumps, and every rule its queue and bypass`() throws {
        let text = try Program.run("rules", "print", "--ports", "21,2121", "--queues", "5,6", "--bypass")
            .output
        let rules = text.split(separator: "\n").filter { $0.hasPrefix("-A ") }.map(String.init)
        func jumps(_ hook: String) -> [String] {
            let control = [21, 2121].map { port in
                "\(hook) -m conntrack --ctstate NEW,RELATED,ESTABLISHED --ctorigdstport \(port) -j PINHOLE"
            }
            let reversed = ["--sport 21", "--dport 21", "--sport 2121", "--dport 2121"].map { port in
                "\(hook) -p tcp -m tcp \(port) --tcp-flags SYN NONE -j PINHOLE-REVERSED"
            }
            return control + reversed
        }
        func family(_ set: String, _ header: Int, _ dataOffset: String, _ icmp: String) -> [String] {
            let short = (5...9).map { words in
                "tcp -m u32 --u32 \"\(dataOffset)=0x\(words)\" -m length --length \(header + 4 * words + 1):\(header + 40)"
            }
            let syns = ["! --tcp-flags FIN,SYN,RST,ACK SYN"] + [34, 253, 254].map { "--tcp-option \($0)" }
            let control =
                (syns.map { "tcp -m tcp \($0)" } + ["tcp -m length --length \(header + 41):65535"] + short
                + ["\(icmp) -m conntrack --ctstate RELATED"]).map { match in
                    "PINHOLE ! -i lo ! -o lo -p \(match) -j NFQUEUE --queue-num 5 --queue-bypass"
                }
            let reversed = [
                "conntrack --ctstate NEW", "set --match-set \(set) dst,dst,src",
                "set --match-set \(set) src,src,dst",
            ].map { match in
                "PINHOLE-REVERSED ! -i lo ! -o lo -p tcp -m \(match) -j NFQUEUE --queue-num 6 --queue-bypass"
            }
            let data = [
                "PREROUTING -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j PINHOLE",
                "OUTPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j PINHOLE",
                "PINHOLE ! -i lo ! -o lo -m set --match-set \(set) dst,dst,src -j NFQUEUE --queue-num 6 --queue-bypass",
            ]
            return jumps("PREROUTING") + jumps("OUTPUT") + control + reversed + data
        }
        let expected =
            family("pinhole4", 20, "0x0>>0x16&0x3c@0xc>>0x1c", "icmp")
            + family("pinhole6", 40, "0x34>>0x1c", "ipv6-icmp")
        #expect(rules == expected.map { "-A \($0)" })
    }

    @Test(arguments: PinholeSet.Backend.allCases)
    func `with SYNPROXY the SYN-ACKs of data connections are queued`(_ backend: PinholeSet.Backend)
        throws
    {
        let plain = try Program.run("rules", "print", "--backend", backend.rawValue).output.split(
            separator: "\n"
        )
        let text = try Program.run("rules", "print", "--synproxy", "--backend", backend.rawValue).output
        let more = text.split(separator: "\n").filter { !plain.contains($0) }.map(String.init)
        switch backend {
        case .iptables:
            let family = [
                "PREROUTING -p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK -m conntrack --ctstatus EXPECTED -j PINHOLE-REVERSED",
                "OUTPUT -p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK -m conntrack --ctstatus EXPECTED -j PINHOLE-REVERSED",
                "PINHOLE-REVERSED ! -i lo ! -o lo -p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK -j NFQUEUE --queue-num 20",
            ].map { "-A \($0)" }
            #expect(more == family + family)
        case .nft:
            #expect(
                more == [
                    "\t\ttcp flags & (syn | ack) == syn | ack counter queue num 20",
                    "\t\ttcp flags & (syn | ack) == syn | ack ct status expected iifname != \"lo\" jump reversed",
                    "\t\ttcp flags & (syn | ack) == syn | ack ct status expected oifname != \"lo\" jump reversed",
                ]
            )
        }
    }

    @Test func `FTPS has its own sets, a queue without waiting, and a mark that bypasses the queue`()
        throws
    {
        let plain = try Program.run("rules", "print").output.split(separator: "\n")
        let text = try Program.run("rules", "print", "--ftps", "10.2.0.2=3000", "--bypass-mark", "0x1000")
            .output
        let more = text.split(separator: "\n").filter { !plain.contains($0) }
        let released = ["PINHOLE", "PINHOLE-REVERSED"].map {
            "-A \($0) -p tcp -m connmark --mark 0x1000/0x1000 -m tcp --tcp-flags FIN,SYN,RST NONE -j RETURN"
        }
        #expect(
            more.map(String.init) == [
                "create pinhole4-sessions hash:ip family inet",
                "create pinhole6-sessions hash:ip family inet6",
                released[0], released[1],
                "-A PINHOLE ! -i lo ! -o lo -m set --match-set pinhole4-sessions src -j NFQUEUE --queue-num 22 --queue-bypass",
                released[0], released[1],
                "-A PINHOLE ! -i lo ! -o lo -m set --match-set pinhole6-sessions src -j NFQUEUE --queue-num 22 --queue-bypass",
            ]
        )
    }
}

import Testing

@testable import pinhole

struct ShortcutTests {
    @Test(arguments: [
        ("-A PREROUTING -m mark ! --mark 0x0 -j ACCEPT", true),
        ("-A OUTPUT -p tcp -m connmark --mark 0x2 -j RETURN", true),
        ("-A PREROUTING -p tcp -m tcp --dport 2121 -j ACCEPT", true),
        ("-A PREROUTING -p tcp -m tcp --dport 22 -j ACCEPT", false),
        ("-A PREROUTING -p udp -j ACCEPT", false),
        ("-A PREROUTING -i lo -j ACCEPT", false),
        ("-A PREROUTING -j CONNMARK --restore-mark", false),
        ("-A PINHOLE -m mark ! --mark 0x0 -j ACCEPT", false),
        ("-A POSTROUTING -j ACCEPT", false),
    ])
    func `a rule counts that lets packets of FTP by`(_ rule: String, _ counts: Bool) {
        let jumps = "-A PREROUTING -p tcp -j PINHOLE\n-A OUTPUT -p tcp -j PINHOLE"
        let saved = "*raw\n\(rule)\nCOMMIT\n*mangle\n\(rule)\n\(jumps)\nCOMMIT\n"
        #expect(Shortcut.all(in: saved, .mangle, ports: [21, 2121]).isEmpty != counts)
        let behind = "*mangle\n\(jumps)\n\(rule)\nCOMMIT\n"
        #expect(Shortcut.all(in: behind, .mangle, ports: [21, 2121]).isEmpty)
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Netfilter

/// A client, a gateway and a server, each in its own namespace.
///
///     10.1.0.2, fd01::2 (client) --- inside (gateway) outside --- (server) 10.2.0.2, fd02::2
///
/// The gateway forwards established and related connections, and new ones to port 21.
struct Gateway {
    let client: NetworkNamespace
    let gateway: NetworkNamespace
    let server: NetworkNamespace

    init() throws {
        client = try NetworkNamespace()
        gateway = try NetworkNamespace()
        server = try NetworkNamespace()
        // Turns off duplicate address detection, during which addresses are tentative and not usable.
        for namespace in [client, gateway, server] {
            for name in ["default", "all"] {
                try namespace.run("sysctl -q -w net.ipv6.conf.\(name).accept_dad=0")
            }
        }
        try Gateway.link(gateway, "inside", "1", to: client)
        try Gateway.link(gateway, "outside", "2", to: server)
        try gateway.run("sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
        for iptables in ["iptables", "ip6tables"] {
            try gateway.run("\(iptables) -w -P FORWARD DROP")
            try gateway.run(
                "\(iptables) -w -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
            )
            try gateway.run("\(iptables) -w -A FORWARD -p tcp --dport 21 --syn -j ACCEPT")
        }
    }

    /// Connects the gateway to a host with a veth pair, and makes the gateway the default route of the host.
    private static func link(
        _ gateway: NetworkNamespace,
        _ name: String,
        _ network: String,
        to host: NetworkNamespace
    ) throws {
        try gateway.run("ip link add \(name) type veth peer name cable netns \(host.path)")
        try gateway.run("ip addr add 10.\(network).0.1/24 dev \(name)")
        try gateway.run("ip addr add fd0\(network)::1/64 dev \(name) nodad")
        try gateway.run("ip link set \(name) up")
        try host.run("ip addr add 10.\(network).0.2/24 dev cable")
        try host.run("ip addr add fd0\(network)::2/64 dev cable nodad")
        try host.run("ip link set cable up")
        try host.run("ip route add default via 10.\(network).0.1")
        try host.run("ip -6 route add default via fd0\(network)::1")
    }
}

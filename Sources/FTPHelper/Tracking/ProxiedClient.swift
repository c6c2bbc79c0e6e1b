// SPDX-License-Identifier: GPL-2.0-or-later

/// The address of the client behind a load balancer, from the PROXY header.
///
/// It is an object because hardly any connection has one: all others spend only a word on it.
final class ProxiedClient {
    let address: IPAddress

    init(_ address: IPAddress) { self.address = address }
}

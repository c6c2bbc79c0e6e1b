/// The client behind a load balancer, by the PROXY header that this has put in front of the first command.
///
/// It is an object because hardly any connection has one: the others spend a word on it.
final class ProxiedClient {
    let address: IPAddress

    init(_ address: IPAddress) { self.address = address }
}

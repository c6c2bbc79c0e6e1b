/// Who is held to a share of what there is for all: an address, or the 64 leading bits of one of IPv6, of whose other bits
/// everybody has as many as they like.
struct Client: Hashable, Sendable {
    private let prefix: IPAddress

    init(_ address: IPAddress) {
        prefix =
            switch address {
            case .v4: address
            case .v6(let high, _): .v6(high: high, low: 0)
            }
    }
}

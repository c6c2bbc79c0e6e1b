import CNetfilter
package import FTPHelper
import Glibc

extension NetlinkWriter {
    /// Writes the tuple of a TCP connection as `CTA_TUPLE_ORIG`, `CTA_TUPLE_REPLY` or `CTA_TUPLE_MASTER`.
    package mutating func put(_ type: some BinaryInteger, tuple: Tuple) {
        nest(type) {
            $0.nest(CTA_TUPLE_IP.rawValue) {
                $0.put(tuple.source.address, v4: CTA_IP_V4_SRC.rawValue, v6: CTA_IP_V6_SRC.rawValue)
                $0.put(tuple.destination.address, v4: CTA_IP_V4_DST.rawValue, v6: CTA_IP_V6_DST.rawValue)
            }
            $0.nest(CTA_TUPLE_PROTO.rawValue) {
                $0.put(CTA_PROTO_NUM.rawValue, UInt8(IPPROTO_TCP))
                $0.put(CTA_PROTO_SRC_PORT.rawValue, tuple.source.port)
                $0.put(CTA_PROTO_DST_PORT.rawValue, tuple.destination.port)
            }
        }
    }

    /// Writes to what NAT is to change one end of a connection, as `CTA_NAT_SRC` or `CTA_NAT_DST`.
    ///
    /// Without a port the kernel keeps the connection's own where that is free, and takes another where it is not.
    package mutating func put(_ type: some BinaryInteger, translation address: IPAddress, port: UInt16?) {
        nest(type) {
            $0.put(address, v4: CTA_NAT_V4_MINIP.rawValue, v6: CTA_NAT_V6_MINIP.rawValue)
            $0.put(address, v4: CTA_NAT_V4_MAXIP.rawValue, v6: CTA_NAT_V6_MAXIP.rawValue)
            guard let port else { return }
            $0.nest(CTA_NAT_PROTO.rawValue) {
                $0.put(CTA_PROTONAT_PORT_MIN.rawValue, port)
                $0.put(CTA_PROTONAT_PORT_MAX.rawValue, port)
            }
        }
    }
}

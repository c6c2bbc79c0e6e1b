// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import PinholeDaemon
import Testing

@Suite struct ExpectationRenderingTests {
    @Test func `a translated expectation as JSON`() {
        let expected =
            #"{"id":1,"kind":"PORT","master":{"client":"10.1.0.2:40112","server":"10.2.0.2:21"},"#
            + #""from":"10.2.0.2","to":"10.2.0.100:5001","#
            + #""translated":{"from":"10.2.0.2","to":"10.1.0.2:5001"},"expires_in":299.2}"#
        #expect(Samples.expectation.json(at: Samples.now).text == expected)
    }

    @Test func `an IPv6 expectation without NAT as JSON is the same on both sides`() {
        let expected =
            #"{"id":2,"kind":"EPSV","master":{"client":"[fd01::2]:40113","server":"[fd02::2]:21"},"#
            + #""from":"fd01::2","to":"[fd02::2]:5002","#
            + #""translated":{"from":"fd01::2","to":"[fd02::2]:5002"},"expires_in":12.0}"#
        #expect(Samples.plainExpectation.json(at: Samples.now).text == expected)
    }

    @Test func `a translated expectation as text has conntrack's format`() {
        #expect(
            Samples.expectation.text(at: Samples.now)
                == "299 proto=6 PORT src=10.2.0.2 dst=10.2.0.100 sport=0 dport=5001 "
                + "master-src=10.1.0.2 master-dst=10.2.0.2 sport=40112 dport=21 "
                + "nat-src=10.2.0.2 nat-dst=10.1.0.2 nat-dport=5001 id=1"
        )
    }

    @Test func `an expectation without NAT as text has no NAT fields`() {
        #expect(
            Samples.plainExpectation.text(at: Samples.now)
                == "12 proto=6 EPSV src=fd01::2 dst=fd02::2 sport=0 dport=5002 "
                + "master-src=fd01::2 master-dst=fd02::2 sport=40113 dport=21 id=2"
        )
    }

    @Test func `an expired expectation has 0 seconds left`() {
        let late = Instant(nanoseconds: 400_000_000_000)
        #expect(Samples.expectation.text(at: late).hasPrefix("0 proto=6"))
        #expect(Samples.expectation.json(at: late).text.hasSuffix(#""expires_in":0.0}"#))
    }

    @Test func `the expectation of an encrypted session has its port ranges and number of users`() {
        let expected =
            #"{"id":3,"kind":"FTPS","master":{"client":"10.1.0.2:40112","server":"10.2.0.2:21"},"#
            + #""from":"10.1.0.2","to":"10.2.0.100:49000-50000","#
            + #""translated":{"from":"10.1.0.2","to":"10.2.0.2:49000-50000"},"expires_in":299.2,"live":2}"#
        #expect(Samples.sessionExpectation.json(at: Samples.now).text == expected)
        #expect(
            Samples.sessionExpectation.text(at: Samples.now)
                == "299 proto=6 FTPS src=10.1.0.2 dst=10.2.0.100 sport=0 dport=49000-50000 "
                + "master-src=10.1.0.2 master-dst=10.2.0.2 sport=40112 dport=21 "
                + "nat-src=10.1.0.2 nat-dst=10.2.0.2 nat-dport=49000-50000 id=3 live=2"
        )
    }
}

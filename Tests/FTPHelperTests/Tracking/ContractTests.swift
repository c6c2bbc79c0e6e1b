import FTPHelper
import Testing

/// The client 10.1.0.2, seen by the server as 10.2.0.100; the server 10.2.0.2.
let snat = Mapping(
    original: Tuple(source: Endpoint(v4(10, 1, 0, 2), 40112), destination: Endpoint(v4(10, 2, 0, 2), 21)),
    reply: Tuple(source: Endpoint(v4(10, 2, 0, 2), 21), destination: Endpoint(v4(10, 2, 0, 100), 40112))
)

@Suite struct ContractTests {
    @Test func `a PORT behind SNAT names the address that the server sees`() {
        var dialogue = Dialogue(snat)
        dialogue.logIn()
        #expect(dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n") == "PORT 10,2,0,100,19,137\r\n")
        #expect(dialogue.tracker.expectations.map(\.to.description) == ["10.2.0.100:5001"])
        #expect(dialogue.tracker.expectations.map(\.translatedTo.description) == ["10.1.0.2:5001"])
        #expect(dialogue.send(.server, "200 ok\r\n") == "200 ok\r\n")
        #expect(dialogue.send(.client, "PO") == "PO")
        #expect(dialogue.send(.client, "RT 10,1") == "RT ")
        dialogue.acknowledge(.server)
        #expect(dialogue.send(.client, ",0,2,1") == " ")
        dialogue.acknowledge(.server)
        #expect(dialogue.send(.client, "9,138\r\nLIST\r\n") == "10,2,0,100,19,138\r\nLIST\r\n")
        #expect(dialogue.statistics.edits == 2)
    }
}

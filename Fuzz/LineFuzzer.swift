// SPDX-License-Identifier: GPL-2.0-or-later

/// Lines: whatever announces something can be rewritten and says then what it was to say, and is held in time.
///
/// The first byte chooses who speaks and over which protocol, the second where the line is cut; the rest is a line.
@c(LLVMFuzzerTestOneInput)
public func fuzzLine(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Sound: libFuzzer's input is `count` bytes long and stays where it is during the call.
    let input = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: start, count: count))
    guard input.count > 2, input.count < 600 else { return 0 }
    let choice = input[0]
    let cut = Int(input[1])
    var line: [UInt8] = []
    for index in 2..<input.count where input[index] != UInt8(ascii: "\n") { line.append(input[index]) }
    line.append(UInt8(ascii: "\n"))
    let own: IPAddress = choice & 1 == 0 ? .v4(0x0a01_0002) : .v6(high: 0xfd01 << 48, low: 2)
    let other: IPAddress =
        choice & 1 == 0 ? .v4(0xcbc8_c8c8) : .v6(high: 0xfd02_1111_2222_3333, low: 0x4444_5555_6666_7777)
    if choice & 2 == 0 {
        checkCommand(line, cut, own, Endpoint(other, 60999))
    } else {
        let kinds: [Expectation.Kind] = [.pasv, .epsv, .lpsv]
        checkReply(line, cut, kinds[Int(choice >> 2) % 3], own, Endpoint(other, 60999))
    }
    return 0
}

private func checkCommand(_ line: [UInt8], _ cut: Int, _ own: IPAddress, _ endpoint: Endpoint) {
    guard let command = Command(parsing: line.span) else { return }
    precondition(command.argument.upperBound <= line.count)
    guard let announcement = Announcement(command, in: line.span, on: own) else { return }
    precondition(announcement.port != 0)
    let start = announcement.field.lowerBound
    let end = start + 1 + cut % (line.count - start - 1)
    let held = Announcement.start(inPartialCommand: line.span.extracting(0..<end))
    precondition(held.map { $0 <= start } == true, "a part of the field would go on")
    let edited = replacing(line, announcement, endpoint)
    let again = Command(parsing: edited.span).flatMap { Announcement($0, in: edited.span, on: own) }
    precondition(
        again?.address == endpoint.address && again?.port == endpoint.port,
        "the edited line says something else"
    )
    precondition(again?.kind == announcement.kind)
}

private func checkReply(
    _ line: [UInt8],
    _ cut: Int,
    _ kind: Expectation.Kind,
    _ own: IPAddress,
    _ endpoint: Endpoint
) {
    guard let reply = Reply(parsing: line.span), reply.code == Announcement.code(of: kind),
        let announcement = Announcement(kind, in: line.span, on: own)
    else { return }
    precondition(announcement.port != 0)
    // What would be held too long goes on: of a line cut that far behind its field nothing is rewritten.
    let start = announcement.field.lowerBound
    let end = start + 1 + cut % min(line.count - start - 1, 200)
    let held = Announcement.start(kind, inPartialReply: line.span.extracting(0..<end))
    precondition(held.map { $0 <= start } == true, "a part of the field would go on")
    let edited = replacing(line, announcement, endpoint)
    let again = Announcement(kind, in: edited.span, on: own)
    let address = announcement.address == nil ? nil : endpoint.address
    precondition(
        again?.address == address && again?.port == endpoint.port,
        "the edited line says something else"
    )
}

private func replacing(_ line: [UInt8], _ announcement: Announcement, _ endpoint: Endpoint) -> [UInt8] {
    line[..<announcement.field.lowerBound] + announcement.field(for: endpoint)
        + line[announcement.field.upperBound...]
}

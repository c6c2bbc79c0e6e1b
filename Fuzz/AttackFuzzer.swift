// SPDX-License-Identifier: GPL-2.0-or-later

/// Attacks: whatever the other end sends, nothing opens towards an honest one that it has not announced itself.
///
/// The input is what the attacker decides, see `Attack`.
@c(LLVMFuzzerTestOneInput)
public func fuzzAttack(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Sound: libFuzzer's input is `count` bytes long and stays where it is during the call.
    let input = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: start, count: count))
    var bytes: [UInt8] = []
    for index in 0..<input.count { bytes.append(input[index]) }
    var attack = Attack(bytes)
    if let complaint = attack.play() { fatalError(complaint) }
    return 0
}

// SPDX-License-Identifier: GPL-2.0-or-later

/// The memory of a transfer, apart from its connection.
final class TransferBox {
    var transfer: Transfer

    init(_ transfer: Transfer) { self.transfer = transfer }
}

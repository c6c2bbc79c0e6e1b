// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Repeats `body` until it succeeds; after ten seconds its error is thrown.
///
/// A descriptor that one test has closed can stay open for a moment: a process that another test forks has copies of all
/// descriptors until it calls exec.
func eventually<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
    for _ in 0..<10_000 {
        if let value = try? body() { return value }
        usleep(1000)
    }
    return try body()
}

import Glibc

/// Does `body` until it does not fail, for ten seconds at most; then its error is thrown.
///
/// What one test has closed may stay open for a moment: a program that another one starts has copies of all
/// descriptors until it is really started.
func eventually<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
    for _ in 0..<10_000 {
        if let value = try? body() { return value }
        usleep(1000)
    }
    return try body()
}

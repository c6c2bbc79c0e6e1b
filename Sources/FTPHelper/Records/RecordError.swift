/// A record that is none, or of another version: it ends too early, or says what cannot be.
struct RecordError: Error {}

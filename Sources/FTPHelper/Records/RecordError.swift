// SPDX-License-Identifier: GPL-2.0-or-later

/// A record is corrupt or of another version: it ends too early, or has an impossible value.
struct RecordError: Error {}

// SPDX-License-Identifier: GPL-2.0-or-later

/// The commands that the session distinguishes; every other command is `other`.
package enum Verb: UInt8, Hashable, Sendable {
    case other, user, pass, acct, rein, auth, abor
    case port, eprt, lprt
    case pasv, epsv, lpsv
    case retr, size
    /// Not a command: marks an entry of `VerbQueue` that was answered before the transfer in front of it.
    case answered
    // `VerbQueue` stores four bits per entry, so the sixteen cases above use up its values. The cases below
    // are queued as one of them (`awaited`). To queue a seventeenth, widen the entries of `VerbQueue.oldest`,
    // which changes `inlineCapacity` and each shift and mask there, and add one to `KeptConnection.version`.
    case stor, stou, appe, list, nlst, mlsd
    case rest, type
    case cwd, cdup, pwd

    /// The verb as which the command is queued: one of the first sixteen cases, because `VerbQueue` has room
    /// for no other.
    ///
    /// All transfers are answered in the same way.
    var awaited: Verb {
        switch self {
        case .stor, .stou, .appe, .list, .nlst, .mlsd: .retr
        case .rest, .type, .cwd, .cdup, .pwd: .other
        case .other, .user, .pass, .acct, .rein, .auth, .abor, .port, .eprt, .lprt, .pasv, .epsv, .lpsv,
            .retr, .size, .answered:
            self
        }
    }

    /// The transfer that the command starts; `nil` if none.
    var transfers: TransferCommand? {
        switch self {
        case .retr: .retr
        case .stor: .stor
        case .stou: .stou
        case .appe: .appe
        case .list: .list
        case .nlst: .nlst
        case .mlsd: .mlsd
        default: nil
        }
    }

    /// The kind of expectation that the command itself announces; `nil` if none.
    package var announces: Expectation.Kind? {
        switch self {
        case .port: .port
        case .eprt: .eprt
        case .lprt: .lprt
        default: nil
        }
    }

    /// The kind of expectation that the reply to the command announces; `nil` if none.
    package var solicits: Expectation.Kind? {
        switch self {
        case .pasv: .pasv
        case .epsv: .epsv
        case .lpsv: .lpsv
        default: nil
        }
    }
}

extension Verb {
    /// Returns the verb for a name, packed as `Command` packs it; `nil` for a word that no FTP standard or
    /// known implementation uses.
    static func named(_ packed: UInt64) -> Verb? {
        if let verb = tracked[packed] { return verb }
        return known.contains(packed) ? .other : nil
    }

    private static let tracked: [UInt64: Verb] = [
        pack("USER"): .user, pack("PASS"): .pass, pack("ACCT"): .acct, pack("REIN"): .rein,
        pack("AUTH"): .auth, pack("ABOR"): .abor, pack("PORT"): .port, pack("EPRT"): .eprt,
        pack("LPRT"): .lprt, pack("PASV"): .pasv, pack("EPSV"): .epsv, pack("LPSV"): .lpsv,
        // CPSV makes the server the TLS client (SSL-FXP). Some routers write P@SW in place of PASV, to
        // disable other helpers.
        pack("CPSV"): .pasv, pack("P@SW"): .pasv,
        pack("RETR"): .retr, pack("SIZE"): .size, pack("STOR"): .stor, pack("STOU"): .stou,
        pack("APPE"): .appe, pack("LIST"): .list, pack("NLST"): .nlst, pack("MLSD"): .mlsd,
        pack("REST"): .rest, pack("TYPE"): .type,
        pack("CWD"): .cwd, pack("XCWD"): .cwd, pack("CDUP"): .cdup, pack("XCUP"): .cdup,
        pack("PWD"): .pwd, pack("XPWD"): .pwd,
    ]

    /// All other commands of RFC 959, 775, 1639, 2228, 2389, 2640, 3659, 7151 and the IANA registry of FTP
    /// extensions, and those of common servers and clients: PRET of drftpd, XAUT of Serv-U, MACB of Macintosh
    /// clients, OPEN of proxies, and so on.
    private static let known: Set<UInt64> = Set(
        [
            "ADAT", "ALLO", "AVBL", "CCC", "CLNT", "COMB", "CONF", "CSID", "DELE",
            "DSIZ", "ENC", "ESTA", "ESTP", "FEAT", "HASH", "HELP", "HOST", "LANG", "MACB", "MAIL",
            "MD5", "MDTM", "MFCT", "MFF", "MFMT", "MIC", "MKD", "MLFL", "MLST", "MMD5", "MODE",
            "MRCP", "MRSQ", "MSAM", "MSND", "MSOM", "NOOP", "OPEN", "OPTS", "PBSZ", "PRET",
            "PROT", "QUIT", "RANG", "RMD", "RMDA", "RNFR", "RNTO", "SITE", "SMNT", "SPSV",
            "SSCN", "STAT", "STRU", "SYST", "THMB", "XAUT", "XCRC", "XMD5",
            "XMKD", "XRCP", "XRMD", "XRSQ", "XSEM", "XSEN", "XSHA", "XSHA1", "XSHA256",
            "XSHA512",
        ].map(pack)
    )

    /// Commands that, with an argument, have a *quoting* reply: one that may contain lines that the server
    /// did not write itself (contract S1).
    ///
    /// Unknown commands count as such, too. The STAT of BSD servers, for example, passes on the output of
    /// `ls`, including file names with line feeds. Text that servers show after a login or a CWD is not a
    /// problem, because they mark or indent each line of it.
    static let quoting: Set<UInt64> = Set(["HELP", "LANG", "MLST", "SITE", "STAT"].map(pack))

    private static func pack(_ name: String) -> UInt64 {
        name.utf8.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

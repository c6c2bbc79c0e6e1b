/// The commands that tracking tells apart; every other one is `other`.
package enum Verb: UInt8, Hashable, Sendable {
    case other, user, pass, acct, rein, auth, abor
    case port, eprt, lprt
    case pasv, epsv, lpsv
    case retr, size
    /// Has been answered before the transfer in front of it; a place in `VerbQueue`, and no command.
    case answered
    // Those from here on wait for their replies as another one (`awaited`).
    case stor, stou, appe, list, nlst, mlsd
    case rest, type

    /// As what it waits for its reply: one of the first sixteen, of which `VerbQueue` has room for the numbers.
    ///
    /// All transfers are answered alike.
    var awaited: Verb {
        switch self {
        case .stor, .stou, .appe, .list, .nlst, .mlsd: .retr
        case .rest, .type: .other
        default: self
        }
    }

    /// What it transfers over a data connection.
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

    /// The kind of expectation that the command itself announces.
    package var announces: Expectation.Kind? {
        switch self {
        case .port: .port
        case .eprt: .eprt
        case .lprt: .lprt
        default: nil
        }
    }

    /// The kind of expectation that the reply to the command announces.
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
    /// The command of that name, packed as `Command` packs it; `nil` for a word that no FTP standard or server has.
    static func named(_ packed: UInt64) -> Verb? {
        if let verb = tracked[packed] { return verb }
        return known.contains(packed) ? .other : nil
    }

    private static let tracked: [UInt64: Verb] = [
        pack("USER"): .user, pack("PASS"): .pass, pack("ACCT"): .acct, pack("REIN"): .rein,
        pack("AUTH"): .auth, pack("ABOR"): .abor, pack("PORT"): .port, pack("EPRT"): .eprt,
        pack("LPRT"): .lprt, pack("PASV"): .pasv, pack("EPSV"): .epsv, pack("LPSV"): .lpsv,
        // Asks that the server be the TLS client (SSL-FXP); and what some routers make of PASV to hinder other helpers.
        pack("CPSV"): .pasv, pack("P@SW"): .pasv,
        pack("RETR"): .retr, pack("SIZE"): .size, pack("STOR"): .stor, pack("STOU"): .stou,
        pack("APPE"): .appe, pack("LIST"): .list, pack("NLST"): .nlst, pack("MLSD"): .mlsd,
        pack("REST"): .rest, pack("TYPE"): .type,
    ]

    /// RFC 959, 775, 1639, 2228, 2389, 2640, 3659, 7151, the IANA registry of FTP extensions, and what common servers and
    /// clients have besides: drftpd's PRET, Serv-U's XAUT, the Macintosh clients' MACB, a proxy's OPEN, and so on.
    private static let known: Set<UInt64> = Set(
        [
            "ADAT", "ALLO", "AVBL", "CCC", "CDUP", "CLNT", "COMB", "CONF", "CSID", "CWD", "DELE",
            "DSIZ", "ENC", "ESTA", "ESTP", "FEAT", "HASH", "HELP", "HOST", "LANG", "MACB", "MAIL",
            "MD5", "MDTM", "MFCT", "MFF", "MFMT", "MIC", "MKD", "MLFL", "MLST", "MMD5", "MODE",
            "MRCP", "MRSQ", "MSAM", "MSND", "MSOM", "NOOP", "OPEN", "OPTS", "PBSZ", "PRET",
            "PROT", "PWD", "QUIT", "RANG", "RMD", "RMDA", "RNFR", "RNTO", "SITE", "SMNT", "SPSV",
            "SSCN", "STAT", "STRU", "SYST", "THMB", "XAUT", "XCRC", "XCUP", "XCWD", "XMD5",
            "XMKD", "XPWD", "XRCP", "XRMD", "XRSQ", "XSEM", "XSEN", "XSHA", "XSHA1", "XSHA256",
            "XSHA512",
        ].map(pack)
    )

    /// Commands whose replies may contain lines that the server did not write itself.
    ///
    /// BSD's `STAT` prints the output of `ls`, in which a file's name may have line feeds. The messages that servers show after a
    /// login or a CWD are no danger: servers mark or indent each of their lines.
    static let quoting: Set<UInt64> = Set(["HELP", "LANG", "MLST", "SITE", "STAT"].map(pack))

    private static func pack(_ name: String) -> UInt64 {
        name.utf8.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

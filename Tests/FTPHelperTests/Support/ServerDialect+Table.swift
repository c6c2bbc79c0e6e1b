// SPDX-License-Identifier: GPL-2.0-or-later

/// The servers, each with where its words are from.
///
/// Greeting, login, 227, 229 and whatever is odd are as the source has them. What that does not say is worded as RFC
/// 959 or the server's kin word it.
extension ServerDialect {
    static let all = [
        vsftpd, proftpd, pureFTPd, iis6, iis10, fileZilla0, fileZilla1, servU, wuFTPd, glFTPd, drFTPD, zOS,
        ibmI,
        multiNet, tcpware, hpVMS, netWare, titan, cerberus, crushFTP, gene6, bulletProof, xlight,
        xlightInChinese,
        busybox, inetutils, linuxFTPd, tnftpd, apache, pyftpdlib, aioftp, sftpGo, twisted, wsFTP, jetDirect,
        brother,
        dataLogger, axis, axisBoard, hikvision, siemens, modicon, apc, sambar,
    ]

    /// vsftpd 3.0.3: `prelogin.c`, `postlogin.c`.
    ///
    /// It reads nothing but ABOR during a transfer.
    static let vsftpd = ServerDialect(
        "vsftpd",
        """
        220 (vsFTPd 3.0.3)
        > OPTS UTF8 ON
        200 Always in UTF8 mode.
        > USER anonymous
        331 Please specify the password.
        > PASS x
        230 Login successful.
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-Features:
         EPRT
         EPSV
         MDTM
         PASV
         REST STREAM
         SIZE
         TVFS
         UTF8
        211 End
        > TYPE I
        200 Switching to Binary mode.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > RETR f
        150 Opening BINARY mode data connection for f (300000 bytes).
        > NOOP
        > STAT
        226 Transfer complete.
        200 NOOP ok.
        211-FTP server status:
             Connected to 10.1.0.2
             Logged in as ftp
             TYPE: BINARY
             No session bandwidth limit
             Session timeout in seconds is 300
             Control connection is plain text
             Data connections will be plain text
             At session startup, client count was 1
             vsFTPd 3.0.3 - secure, fast, stable
        211 End of status
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > LIST
        150 Here comes the directory listing.
        226 Directory send OK.
        > PORT 10,1,0,2,19,137
        200 PORT command successful. Consider using PASV.
        > STOR f
        150 Ok to send data.
        226 Transfer complete.
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command successful. Consider using EPSV.
        > RETR f
        150 Opening BINARY mode data connection for f (300000 bytes).
        > ABOR
        426 Failure writing network stream.
        226 ABOR successful.
        > ABOR
        225 No transfer to ABOR.
        > RETR g
        550 Failed to open file.
        > XYZZY
        500 Unknown command.
        > PORT 10,1,0,2,19,137
        500 Illegal PORT command.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > QUIT
        221 Goodbye.
        """
    )

    /// ProFTPD 1.3.8: `data.c`, `mod_core.c`, `mod_xfer.c`, `mod_auth.c`; its `DisplayLogin` stands in front of the 230.
    static let proftpd = ServerDialect(
        "ProFTPD",
        """
        220 ProFTPD Server (Debian) [10.2.0.2]
        > USER anonymous
        331 Anonymous login ok, send your complete email address as your password
        > PASS x
        230-Welcome, archive user anonymous@10.1.0.2 !
         
         The local time is: Sun Nov 29 14:00:00 2026
         220 and 227 (1,2,3,4,5,6) are no codes here.
         
        230 Anonymous access granted, restrictions apply
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-Features:
         CLNT
         EPRT
         EPSV
         HOST
         LANG en-US.UTF-8*
         MDTM
         MFF modify;UNIX.group;UNIX.mode;
         REST STREAM
         SIZE
         TVFS
         UTF8
        211 End
        > TYPE I
        200 Type set to I
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > RETR f
        150 Opening BINARY mode data connection for f (300000 bytes)
        > NOOP
        200 NOOP: data transfer in progress
        > PASV
        450 PASV: data transfer in progress
        226 Transfer complete
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > MLSD
        150 Opening BINARY mode data connection for MLSD
        226 Transfer complete
        > PORT 10,1,0,2,19,137
        200 PORT command successful
        > STOR f
        150 Opening BINARY mode data connection for f
        226 Transfer complete
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command successful
        > RETR f
        150 Opening BINARY mode data connection for f (300000 bytes)
        > ABOR
        426 Transfer aborted. Data connection closed
        226 Abort successful
        > RETR g
        550 g: No such file or directory
        > XYZZY
        500 XYZZY not understood
        > EPSV ALL
        200 EPSV ALL command successful
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > QUIT
        221 Goodbye.
        """
    )

    /// Pure-FTPd 1.0.50: `messages_en.h`, `ftpd.c`.
    ///
    /// A transfer that the client cuts off is answered by another 150.
    static let pureFTPd = ServerDialect(
        "pure-ftpd",
        """
        220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------
        220-You are user number 1 of 50 allowed.
        220-Local time is now 14:00. Server port: 21.
        220-Only anonymous FTP is allowed here
        220-IPv6 connections are also welcome on this server.
        220 You will be disconnected after 15 minutes of inactivity.
        > USER anonymous
        230-Your bandwidth usage is restricted
        230 Anonymous user logged in
        > PASS x
        230 Any password will work
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-Extensions supported:
         UTF8
         EPRT
         IDLE
         MDTM
         SIZE
         MFMT
         REST STREAM
         MLST type*;size*;sizd*;modify*;UNIX.mode*;UNIX.uid*;UNIX.gid*;unique*;
         MLSD
         PRET
         AUTH TLS
         PBSZ
         PROT
         TVFS
         ESTA
         PASV
         EPSV
         ESTP
        211 End.
        > TYPE I
        200 TYPE is now 8-bit binary
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150-Accepted data connection
        150 293.0 kbytes to download
        > NOOP
        500 ?
        226-File successfully transferred
        226 0.014 seconds (measured here), 20.41 Mbytes per second
        > EPSV
        229 Extended Passive mode OK (|||5001|)
        > MLSD
        150 Accepted data connection
        226-Options: -a -l 
        226 5 matches total
        > PORT 10,1,0,2,19,137
        200 PORT command successful
        > STOR f
        150 Connecting to port 5001
        226-File successfully transferred
        226 0.003 seconds (measured here), 95.37 Mbytes per second
        > EPRT |1|10.1.0.2|5001|
        200 PORT command successful
        > RETR f
        150-Connecting to port 5001
        150 293.0 kbytes to download
        > ABOR
        426 ABORT
        226 Since you see this ABOR must've succeeded
        > EPSV
        229 Extended Passive mode OK (|||5001|)
        > RETR f
        150-Accepted data connection
        150 293.0 kbytes to download
        > STAT
        > ABOR
        150 6.039 seconds (measured here), 0.62 Mbytes per second
        211 https://www.pureftpd.org/
        226 Since you see this ABOR must've succeeded
        > NOOP
        200 Zzz...
        > RETR g
        550 Can't open g: No such file or directory
        > XYZZY
        500 Unknown command
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221-Goodbye. You uploaded 293 and downloaded 586 kbytes.
        221 Logout.
        """
    )

    /// IIS 5 and 6: Microsoft's `reply.txt` for the FTP service, and FileZilla's forum; it knows no EPSV.
    static let iis6 = ServerDialect(
        "IIS 6",
        """
        220-Microsoft FTP Service
        220 All access is logged.
        > USER anonymous
        331 Anonymous access allowed, send identity (e-mail name) as password.
        > PASS x
        230-Welcome to FTP.MICROSOFT.COM. Also visit http://www.microsoft.com/downloads.
        230 Anonymous user logged in.
        > SYST
        215 Windows_NT
        > FEAT
        211-FEAT
            SIZE
            MDTM
        211 END
        > TYPE I
        200 Type set to I.
        > EPSV
        500 'EPSV': command not understood
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > RETR f
        125 Data connection already open; Transfer starting.
        > NOOP
        226 Transfer complete.
        200 NOOP command successful.
        > PORT 10,1,0,2,19,137
        200 PORT command successful.
        > LIST
        150 Opening ASCII mode data connection for /bin/ls.
        226 Transfer complete.
        > EPRT |1|10.1.0.2|5001|
        500 'EPRT |1|10.1.0.2|5001|': command not understood
        > PORT 10,1,0,2,19,137
        200 PORT command successful.
        > STOR f
        150 Opening BINARY mode data connection for f.
        > ABOR
        426 Connection closed; transfer aborted.
        226 ABOR command successful.
        > RETR g
        550 g: The system cannot find the file specified. 
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > QUIT
        221  
        """
    )

    /// IIS 7 to 10: logs in the issues of FluentFTP and WinSCP, and write-ups of exercises.
    static let iis10 = ServerDialect(
        "IIS 7 to 10",
        """
        220 Microsoft FTP Service
        > OPTS UTF8 ON
        200 OPTS UTF8 command successful - UTF8 encoding now ON.
        > USER elf
        331 Password required
        > PASS x
        230 User logged in.
        > SYST
        215 Windows_NT
        > FEAT
        211-Extended features supported:
         LANG EN*
         UTF8
         AUTH TLS;TLS-C;SSL;TLS-P;
         PBSZ
         PROT C;P;
         CCC
         HOST
         SIZE
         MDTM
         REST STREAM
        211 END
        > TYPE I
        200 Type set to I.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > NLST
        125 Data connection already open; Transfer starting.
        226 Transfer complete.
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > RETR f
        150 Opening BINARY mode data connection.
        > NOOP
        200 noop command successful.
        226 Transfer complete.
        > PORT 10,1,0,2,19,137
        200 PORT command successful.
        > STOR f
        125 Data connection already open; Transfer starting.
        226 Transfer complete.
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command successful.
        > RETR f
        125 Data connection already open; Transfer starting.
        > ABOR
        426 Connection closed; transfer aborted.
        226 ABOR command successful.
        > RETR g
        550-The system cannot find the file specified. 
         Win32 error:   The system cannot find the file specified. 
         Error details: File system returned an error.
        550 End
        > EPRT |1|10.1.0.2|5001|
        501-Server cannot accept argument.
         Win32 error:   The parameter is incorrect. 
         Error details: The argument is not valid.
        501 End
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > QUIT
        221 Goodbye.
        """
    )

    /// FileZilla Server 0.9.41 to 0.9.60: `ControlSocket.cpp`, and logs in FluentFTP's issue 187.
    static let fileZilla0 = ServerDialect(
        "FileZilla Server 0.9",
        """
        220-FileZilla Server 0.9.60 beta
        220-written by Tim Kosse (tim.kosse@filezilla-project.org)
        220 Please visit https://filezilla-project.org/
        > AUTH TLS
        502 Explicit TLS authentication not allowed
        > USER anonymous
        331 Password required for anonymous
        > PASS x
        230 Logged on
        > SYST
        215 UNIX emulated by FileZilla
        > FEAT
        211-Features:
         MDTM
         REST STREAM
         SIZE
         MLST type*;size*;modify*;
         MLSD
         UTF8
         CLNT
         MFMT
         EPSV
         EPRT
        211 End
        > CLNT x
        200 Don't care
        > OPTS UTF8 ON
        202 UTF8 mode is always enabled. No need to send this command.
        > TYPE I
        200 Type set to I
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > MLSD
        150 Opening data channel for directory listing of "/"
        226 Successfully transferred "/"
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > RETR f
        150 Opening data channel for file download from server of "/f"
        > NOOP
        200 OK
        226 Successfully transferred "/f"
        > PORT 10,1,0,2,19,137
        200 Port command successful
        > STOR f
        150 Opening data channel for file upload to server of "/f"
        226 Successfully transferred "/f"
        > EPRT |1|10.1.0.2|5001|
        200 Port command successful
        > RETR f
        150 Opening data channel for file download from server of "/f"
        > ABOR
        426 Connection closed; transfer aborted.
        226 ABOR command successful
        > RETR g
        550 File not found
        > XYZZY
        500 Syntax error, command unrecognized.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Goodbye
        """
    )

    /// FileZilla Server 1.x: logs in write-ups of exercises.
    static let fileZilla1 = ServerDialect(
        "FileZilla Server 1",
        """
        220-FileZilla Server 1.12.6
        220 Please visit https://filezilla-project.org/
        > OPTS UTF8 ON
        202 UTF8 mode is always enabled. No need to send this command
        > USER u
        331 Please, specify the password.
        > PASS x
        230 Login successful.
        > SYST
        215 UNIX emulated by FileZilla.
        > FEAT
        211-Features:
         MDTM
         REST STREAM
         SIZE
         MLST type*;size*;modify*;perms*;
         MLSD
         AUTH SSL
         AUTH TLS
         PROT
         PBSZ
         UTF8
         TVFS
         EPSV
         EPRT
         MFMT
        211 End
        > TYPE I
        200 Type set to I
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > MLSD
        150 About to start data transfer.
        226 Operation successful
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > RETR f
        150 About to start data transfer.
        > NOOP
        200 NOOP ok.
        226 Operation successful
        > PORT 10,1,0,2,19,137
        200 PORT command successful.
        > STOR f
        150 About to start data transfer.
        226 Operation successful
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command successful.
        > RETR f
        150 About to start data transfer.
        > ABOR
        426 Connection closed; transfer aborted.
        226 Closing data connection.
        > RETR g
        550 Couldn't open the file
        > XYZZY
        500 Wrong command.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Goodbye.
        """
    )

    /// Serv-U 4 to 15: logs of its users, ICS's source for the FEAT, aioftp's issue 69 for the point behind the 229.
    static let servU = ServerDialect(
        "Serv-U",
        """
        220 Serv-U FTP Server v15.1 ready...
        > USER u
        331 User name okay, need password.
        > PASS x
        230-Hello u from 10.1.0.2,
        230-
        230-227 users have visited in the last 24 hours.
        230 User logged in, proceed.
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-Extensions supported
         UTF8
         OPTS MODE;MLST;UTF8
         CLNT
         CSID Name; Version;
         HOST domain
         AUTH TLS;SSL;TLS-C;TLS-P;
         PBSZ
         PROT
         CCC
         SSCN
         RMDA directoryname
         DSIZ
         AVBL
         EPRT
         EPSV
         MODE Z
         THMB BMP|JPEG|GIF|TIFF|PNG max_width max_height pathname
         REST STREAM
         SIZE
         MDTM
         MFMT
         MLST Type*;Size*;Create;Modify*;Perm;Win32.ea;Win32.dt;Win32.dl
         XCRC filename;start;end
        211 End (for details use "HELP commmand" where command is the command of interest)
        > TYPE I
        200 Type set to I.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 Opening BINARY mode data connection for f (300000 Bytes).
        > NOOP
        200 Command okay.
        226 Transfer complete. 300,000 bytes transferred. 292.97 KB/sec.
        > EPSV
        229 Entering Extended Passive Mode (|||5001|).
        > LIST
        150 Opening BINARY mode data connection for /bin/ls.
        226 Transfer complete. 300,000 bytes transferred. 292.97 KB/sec.
        > PORT 10,1,0,2,19,137
        200 PORT Command successful.
        > STOR f
        150 Opening BINARY mode data connection for f.
        226 Transfer complete.
        > EPRT |1|10.1.0.2|5001|
        200 EPRT Command successful.
        > RETR f
        150 Opening BINARY mode data connection for f (300000 Bytes).
        > ABOR
        426 Data connection closed, file transfer f aborted.
        226 ABOR command successful.
        > RETR g
        550 /g: No such file or directory.
        > PORT 10,1,0,2,19,137
        501 Cannot accept data connection, invalid IP or port.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Goodbye, closing session.
        """
    )

    /// wu-ftpd 2.6.2: `ftpd.c`, `ftpcmd.y`.
    ///
    /// It answers commands during a transfer after the transfer.
    static let wuFTPd = ServerDialect(
        "wu-ftpd",
        """
        220 ftp.example.org FTP server (Version wu-2.6.2(1) Fri Nov 29 12:00:00 GMT 2002) ready.
        > USER anonymous
        331 Guest login ok, send your complete e-mail address as password.
        > PASS x
        230-Please read the file README
        230-  it was last modified on Mon Jan  7 11:29:01 2002 - 9457 days ago
        230-
        230-The response 'x' is not valid
        230-Next time please use your e-mail address as your password
        230-        for example: joe@10.1.0.2
        230 Guest login ok, access restrictions apply.
        > SYST
        215 UNIX Type: L8
        > FEAT
        500 'FEAT': command not understood.
        > TYPE I
        200 Type set to I.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 Opening BINARY mode data connection for f (300000 bytes).
        > NOOP
        226 Transfer complete.
        200 NOOP command successful.
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > LIST
        150 Opening ASCII mode data connection for /bin/ls.
        226-Transfer complete.
        226-Quotas off
        226 Transfer complete.
        > PORT 10,1,0,2,19,137
        200 PORT command successful.
        > STOU f
        150 FILE: f.1
        226 Transfer complete (unique file name:f.1).
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command successful.
        > RETR f
        150 Opening BINARY mode data connection for f (300000 bytes).
        > ABOR
        426 Transfer aborted. Data connection closed.
        226 Abort successful
        > ABOR
        225 ABOR command successful.
        > PORT 10,1,0,2,19,137
        500 Illegal PORT Command
        > LPSV
        228 Entering Long Passive Mode (4,4,10,2,0,2,2,19,137)
        > RETR g
        550 g: No such file or directory.
        > CWD pub
        250-Please read the file README
        250-  it was last modified on Mon Jan  7 11:29:01 2002 - 9457 days ago
        250 CWD command successful.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221-You have transferred 600000 bytes in 3 files.
        221-Total traffic for this session was 601824 bytes in 4 transfers.
        221-Thank you for using the FTP service on ftp.example.org.
        221 Goodbye.
        """
    )

    /// glFTPd 2: its own documentation, FlashFXP's logs in Ubuntu's forum, and the FEAT of slftp's source.
    static let glFTPd = ServerDialect(
        "glFTPd",
        """
        220 MrRobby (glFTPd 2.01 Linux+TLS) ready.
        > AUTH SSL
        500 'AUTH SSL': Command not understood.
        > USER glftpd
        331 Password required for glftpd.
        > PASS x
        230-                                _____
        230- ______________________________|__   |____ ________________________________
        230- \\     _      /   _     /  _     /   |    |    _     /  _     /    _      /
        230-  \\    \\     /    /    /   /____/.   |    |    /    /   /____/.    /_____/
        230-   \\________/____/    /______    |___|____|___/    /______    |____|
        230- .-=----------- /____/ ---- |____| --------- /____/ ---- |____| -------=-.
        230 User glftpd logged in.
        > FEAT
        211- Extensions supported:
         AUTH TLS
         AUTH SSL
         PBSZ
         PROT
         CPSV
         SSCN
         MDTM
         SIZE
         REST STREAM
         SYST
         EPRT
         EPSV
         CEPR
        211 End
        > SYST
        215 UNIX Type: L8
        > TYPE I
        200 Type set to I.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > STAT -l
        213- status of -l:
        total 1
        drwxrwxrwx   2 glftpd   glftpd         5 Nov 29 14:00 incoming
        213 End of Status
        > RETR f
        150 Opening BINARY mode data connection for f (300000 bytes) using SSL/TLS.
        226- [Ul: 0.0MB] [Dl: 0.3MB] [Speed: 292.97K/s] [Free: 3212MB]
        226  [Section: DEFAULT] [Credits: 14.6MB] [Ratio: UL&DL: Unlimited]
        > CPSV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > STOR f
        150 Opening BINARY mode data connection for f.
        226-+-------------------=[ Zipscript v1.0 ]=-----------------+
        226-| f: passed                                              |
        226- [Ul: 0.3MB] [Speed: 292.97K/s]
        226 Transfer complete.
        > PORT 10,1,0,2,19,137
        200 PORT command successful.
        > LIST
        150 Opening ASCII mode data connection for directory listing.
        226- [Ul: 0.3MB] [Dl: 0.3MB]
        226  [Section: DEFAULT]
        > RETR g
        550 g: No such file or directory.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 Opening BINARY mode data connection for f (300000 bytes).
        > ABOR
        426 Connection closed, transfer aborted.
        226 Abort successful.
        > QUIT
        221- Goodbye!
        221 Goodbye.
        """
    )

    /// drftpd: `DataConnectionHandler.java`, `FtpStatus.properties`; the FEAT is in slftp's source.
    ///
    /// A slave may serve the data, hence `PRET` and `CPSV`.
    static let drFTPD = ServerDialect(
        "drftpd",
        """
        220 Distributed FTP Daemon http://drftpd.org : Service ready for new user
        > USER u
        331 User name okay, need password for u
        > PASS x
        230- There are currently 3 users online.
        230 User logged in, proceed
        > SYST
        215 UNIX Type: drftpd
        > FEAT
        211-Extensions supported:
         PRET
         AUTH SSL
         PBSZ
         CPSV
         SSCN
         CLNT
         NOOP
         MLST type*,x.crc32*,size*,modify*,unix.owner*,unix.group*,x.slaves*,x.xfertime*
        211 End
        > TYPE I
        200 Command okay
        > PRET RETR f
        200 OK, planning to use slave1 for upcoming download
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 File status okay; about to open data connection from slave1.
        > NOOP
        226- Checksum from transfer: 12AB34CD
        226 Transfer complete, 293KB in 1.0 seconds (292KB/s)
        200 NOOP command successful
        > PRET STOR g
        200 OK, planning to use slave1 for upcoming upload
        > CPSV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > STOR g
        150 File status okay; about to open data connection to slave1.
        226 Transfer complete, 293KB in 1.0 seconds (292KB/s)
        > PORT 10,1,0,2,19,137
        200 PORT command successful.
        > LIST
        150 File status okay; about to open data connection
        226 Closing data connection
        > PASV
        500 You need to use a client supporting PRET (PRE Transfer) to use PASV
        > PRET LIST
        200 OK, will use master for upcoming transfer
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > ABOR
        226 Closing data connection
        > RETR h
        550 Requested action not taken
        > QUIT
        221 Goodbye
        """
    )

    /// z/OS: IBM's "IP User's Guide and Commands" (SC27-3662), Virtel's and OCLC's logs.
    static let zOS = ServerDialect(
        "z/OS",
        """
        220-FTPD1 IBM FTP CS V2R3 at ZOS1.COMPANY.COM, 08:41:36 on 2019-05-24.
        220 Connection will close if idle for more than 5 minutes.
        > USER user1
        331 Send password please.
        > PASS x/new/new
        230-Password was changed.
        230 USER1 is logged on.  Working directory is "USER1.".
        > SYST
        215 MVS is the operating system of this server. FTP Server is running on z/OS.
        > FEAT
        211- Extensions supported
         AUTH TLS
         PBSZ
         PROT
         MDTM
         SIZE
         UTF8
         LANG en*
         REST STREAM
        211 End
        > SITE FILETYPE=JES
        200 SITE command was accepted
        > TYPE I
        200 Representation type is Image
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > LIST
        125 List started OK
        250 List completed successfully.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > RETR 'USER1.F'
        125 Sending data set USER1.F FIXrecfm 80
        > NOOP
        250 Transfer completed successfully.
        200 OK
        > PORT 10,1,0,2,19,137
        200 Port request OK.
        > STOR F
        125-Tracks allocated
        125 Storing data set USER1.F
        250-Transfer completed successfully.
        250 It is known to JES as JOB00227
        > EPRT |1|10.1.0.2|5001|
        200 EPRT request OK
        > RETR 'USER1.F'
        125 Sending data set USER1.F FIXrecfm 80
        > ABOR
        426 Data connection closed. Transfer of data set was aborted.
        226 Abort successful.
        > RETR 'USER1.G'
        550 Data set USER1.G not found
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Quit command received. Goodbye.
        """
    )

    /// IBM i: a widely known exercise's capture (fran.csg.stercomm.com), and "OS/400 TCP/IP Configuration and Reference".
    static let ibmI = ServerDialect(
        "IBM i",
        """
        220-QTCP at fran.csg.stercomm.com.
        220 Connection will close if idle more than 5 minutes.
        > OPTS UTF8 ON
        501 OPTS unsuccessful; specified subcommand not recognized.
        > USER cdts3500
        331 Enter password.
        > PASS x
        230 CDTS3500 logged on.
        > SYST
        215  OS/400 is the remote operating system. The TCP/IP version is "V5R2M0".
        > SITE NAMEFMT
        250  Now using naming format "0".
        > PWD
        257 "CDTS3500" is current library.
        > TYPE I
        200 Representation type is binary IMAGE.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > RETR qgpl/apkeyf.apkeyf
        150 Retrieving member APKEYF in file APKEYF in library QGPL.
        > NOOP
        250 File transfer completed successfully.
        200 NOOP subcommand completed successfully.
        > EPSV
        229 Entering Extended Passive Mode (|||5001|).
        > LIST
        125 List started.
        250 List completed.
        > PORT 10,1,0,2,19,137
        200 PORT subcommand request successful.
        > STOR qgpl/oademo
        150 Sending file to member OADEMO in file OADEMO in library QGPL.
        226 File transfer completed successfully.
        > EPRT |1|10.1.0.2|5001|
        200 EPRT subcommand request successful.
        > RETR qgpl/apkeyf.apkeyf
        150 Retrieving member APKEYF in file APKEYF in library QGPL.
        > ABOR
        426 Data connection closed; transfer ended.
        226 ABOR subcommand successful.
        > RETR qgpl/none.none
        550 Specified library does not exist or cannot be accessed.
        > XYZZY
        501 Specified subcommand not recognized.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > QUIT
        221 QUIT subcommand received.
        """
    )

    /// MultiNet for OpenVMS: "MultiNet User's Guide", and the archive mvb.saic.com.
    static let multiNet = ServerDialect(
        "VMS, MultiNet",
        """
        220 mvb.saic.com MultiNet FTP Server Process V5.2(16) at Tue 13-Jan-2009 6:38AM-PST
        > USER anonymous
        331 Anonymous user ok. Send real ident as password.
        > PASS x
        230-
        230-    Greetings, and welcome to the DECUS tape archives here at Mvb.Saic.Com.
        230-    This archive contains submissions of the VMS and L&T SIGs of the U.S.
        230-
        230 Guest User X logged into ANONYMOUS_ROOT:[000000] at Tue 13-Jan-2009 6:38AM-PST, job 20c0d.
        > SYST
        215 VMS MultiNet V5.2(16)
        > FEAT
        500 FEAT not implemented.
        > TYPE I
        200 Type I ok.
        > PASV
        227 Entering passive mode; use PORT 10,2,0,2,19,137
        > RETR F.TXT;1
        150 IMAGE retrieve of ANONYMOUS_ROOT:[000000]F.TXT;1 (586 disk blocks) started.
        > NOOP
        226 Transfer completed.  300000 (8) bytes transferred.
        200 NOOP ok.
        > EPSV
        500 EPSV not implemented.
        > PORT 10,1,0,2,19,137
        200 Port 19.137 at Host 10.1.0.2 accepted.
        > LIST
        150 List started.
        226 Transfer completed.
        > PORT 10,1,0,2,19,137
        200 Port 19.137 at Host 10.1.0.2 accepted.
        > STOR F.TXT
        125 IMAGE store of ANONYMOUS_ROOT:[000000]F.TXT;2 started.
        > ABOR
        426 Transfer aborted.
        226 ABOR ok.
        > RETR G.TXT
        550 No such file "G.TXT"
        > PASV
        227 Entering passive mode; use PORT 10,2,0,2,19,137
        > QUIT
        221 QUIT command received. Goodbye.
        """
    )

    /// TCPware for OpenVMS: WinSCP's and FluentFTP's sources for greeting and SYST.
    static let tcpware = ServerDialect(
        "VMS, TCPware",
        """
        220 ftp.bedrock.net FTP-OpenVMS FTPD V5.5-3 (c) 2001 Process Software
        > USER u
        331 Password required for u.
        > PASS x
        230 User U logged in, default directory $DISK1:[U]
        > SYST
        215 VMS system type. VMS V5.5-2.
        > TYPE I
        200 TYPE set to IMAGE.
        > PASV
        227 Entering passive mode (10,2,0,2,19,137)
        > LIST
        150 Opening data connection for *.*;* (10.1.0.2,5001)
        226 File transfer completed ok
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > RETR F.TXT
        150 Opening data connection for F.TXT (10.1.0.2,5001) (300000 bytes)
        > NOOP
        226 File transfer completed ok
        200 NOOP command successful.
        > PORT 10,1,0,2,19,137
        200 PORT command successful.
        > STOR F.TXT
        150 Opening data connection for F.TXT (10.1.0.2,5001)
        > ABOR
        426 Data connection closed.
        226 Abort successful.
        > RETR G.TXT
        550 %RMS-E-FNF, file not found
        > PASV
        227 Entering passive mode (10,2,0,2,19,137)
        > QUIT
        221 Goodbye.
        """
    )

    /// HP TCP/IP Services for OpenVMS, whose server descends from BSD's: FluentFTP for SYST.
    static let hpVMS = ServerDialect(
        "VMS, TCP/IP Services",
        """
        220 vms.example.org FTP Server (Version 5.6) Ready.
        > USER u
        331 Username u requires a Password
        > PASS x
        230-  Welcome to OpenVMS (TM) Alpha Operating System, Version V8.4
        230 User logged in.
        > SYST
        215 VMS OpenVMS V8.4
        > TYPE I
        200 TYPE set to IMAGE.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR F.TXT
        150 Opening data connection for DISK$USER:[U]F.TXT;1 (10.1.0.2,5001) (300000 bytes)
        226 Transfer complete.
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > NLST
        150 Opening data connection for *.*;* (10.1.0.2,5001)
        > NOOP
        226 NLST Directory transfer complete
        200 NOOP command successful.
        > PORT 10,1,0,2,19,137
        200 PORT command successful.
        > STOR F.TXT
        150 Opening data connection for DISK$USER:[U]F.TXT; (10.1.0.2,5001)
        226 Transfer complete.
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command successful.
        > RETR G.TXT
        550-Failed to open DISK$USER:[U]G.TXT for input.
        550 File not found
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Goodbye.
        """
    )

    /// NetWare's NWFTPD: Nmap's signatures for its greetings.
    static let netWare = ServerDialect(
        "NetWare",
        """
        220 Service Ready for new User
        > USER u
        331 Password Needed for Login
        > PASS x
        230 User u Logged in Successfully
        > SYST
        215 NETWARE Type : L8
        > FEAT
        502 Command Not Implemented
        > TYPE I
        200 TYPE set to I
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 Opening data connection for f (300000 bytes)
        > NOOP
        226 Transfer complete
        200 NOOP Command Successful
        > PORT 10,1,0,2,19,137
        200 PORT Command OK
        > LIST
        150 Opening data connection
        226 Transfer complete
        > PORT 10,1,0,2,19,137
        200 PORT Command OK
        > STOR f
        150 Opening data connection
        > ABOR
        426 Data Connection closed, Transfer Aborted
        226 ABOR Command Successful
        > EPSV
        502 Command Not Implemented
        > RETR g
        550 g : No such file or directory
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Closing Session
        """
    )

    /// Titan FTP Server: WinSCP's `FtpFileSystem.cpp` for greeting and SYST.
    static let titan = ServerDialect(
        "Titan",
        """
        220 Titan FTP Server 10.47.1892 Ready.
        > USER u
        331 User name okay, need password.
        > PASS x
        230-Welcome u from 10.1.0.2. You are now logged in to the server.
        230 User logged in, proceed.
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-Extensions supported:
         COMB filename;part;part
         MLST type*;size*;modify*;create*;perm*;
         SIZE
         MDTM
         XCRC filename;start;end
         REST STREAM
         AUTH SSL
         AUTH TLS
         CCC
         PROT
         PBSZ
         MODE Z
         EPRT
         EPSV
        211 END
        > TYPE I
        200 Type set to I.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > RETR f
        150 File status okay; about to open data connection.
        > NOOP
        200 Command okay.
        226 Transfer complete. 300000 bytes transferred. 292.97 KBps.
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > MLSD
        150 File status okay; about to open data connection.
        226 Closing data connection.
        > PORT 10,1,0,2,19,137
        200 Command okay.
        > STOR f
        150 File status okay; about to open data connection.
        > ABOR
        426 Connection closed; transfer aborted.
        226 Closing data connection.
        > EPRT |1|10.1.0.2|5001|
        200 Command okay.
        > RETR g
        550 Requested action not taken. File unavailable.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > QUIT
        221 Session Ended. Downloaded 292KB, Uploaded 0KB. Goodbye u from 10.1.0.2.
        """
    )

    /// Cerberus FTP Server: WinSCP's `FtpFileSystem.cpp` and Nmap's signatures for the greeting.
    static let cerberus = ServerDialect(
        "Cerberus",
        """
        220-Cerberus FTP Server - Home Edition
        220-This is the UNLICENSED Home Edition and may be used for home, personal use only
        220-Welcome to Cerberus FTP Server
        220 Created by Cerberus, LLC
        > USER u
        331 User u, password please
        > PASS x
        230 Password Ok, User logged in
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-Supported Features:
         SIZE
         REST STREAM
         MDTM
         MFMT
         MLST type*;size*;modify*;create*;perm*;
         EPSV
         EPRT
         UTF8
         XCRC
         HASH SHA-1*;SHA-256;SHA-512;MD5;CRC32
        211 End
        > TYPE I
        200 Type Binary
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 Opening data connection
        > NOOP
        200 NOOP command successful
        226 Transfer complete
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > MLSD
        150 Opening data connection
        226 Transfer complete
        > PORT 10,1,0,2,19,137
        200 Port command received
        > STOR f
        150 Opening data connection
        > ABOR
        426 Data connection closed, transfer aborted
        226 ABOR command successful
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command received
        > RETR g
        550 File not found
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Session Timed Out or Goodbye
        """
    )

    /// CrushFTP 7 to 10: its tunnel's source for the 227, FluentFTP for the greeting.
    static let crushFTP = ServerDialect(
        "CrushFTP",
        """
        220-Welcome to CrushFTP!
        220 CrushFTP Server Ready!
        > USER u
        331 Username OK.  Need password.
        > PASS x
        230-Welcome!
        230 Password OK.  Connected.
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-Extensions supported:
         AUTH TLS
         PBSZ
         PROT P
         EPSV
         EPRT
         MDTM
         REST STREAM
         SIZE
         MLST Type*;Size*;Modify*;Perm*;UNIX.owner*;UNIX.group*;
         MFMT
         UTF8
        211 END
        > TYPE I
        200 Command ok : BINARY type selected.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 Opening BINARY mode data connection for f (300000 bytes). D.L. 0K/s
        > NOOP
        200 Command OK. (NOOP)
        226-Download File Size:300000 bytes @ 293K/sec.
        226 Transfer complete. (f)
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > MLSD
        150 Opening ASCII mode data connection for file list.
        226 Directory transfer complete.
        > PORT 10,1,0,2,19,137
        200 PORT command successful. 10.1.0.2:5001
        > STOR f
        150 Opening BINARY mode data connection for f.
        226-Upload File Size:300000 bytes @ 293K/sec.
        226 Transfer complete. (f)
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command successful. 10.1.0.2:5001
        > RETR f
        150 Opening BINARY mode data connection for f (300000 bytes). D.L. 0K/s
        > ABOR
        226-ABOR command received, connections terminated.
        226 ABOR command successful.
        > RETR g
        550 g: No such file or directory.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Goodbye. Control connection closed.
        """
    )

    /// Gene6 FTP Server 3: ZTag's tests for the greeting, ICS's `OverbyteIcsFtpCli.pas` for the FEAT.
    static let gene6 = ServerDialect(
        "Gene6",
        """
        220 Gene6 FTP Server v3.10.0 (Build 2) ready...
        > USER u
        331 Password required for u.
        > PASS x
        230 User u logged in.
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-Extensions supported:
         AUTH TLS
         CCC
         CLNT
         CPSV
         EPRT
         EPSV
         MDTM
         MFCT
         MFMT
         MLST type*;size*;create;modify*;
         PASV
         PBSZ
         PROT
         REST STREAM
         SIZE
         SSCN
         TVFS
         UTF8
         XCRC "filename" SP EP
         XMD5 "filename" SP EP
         XSHA1 "filename" SP EP
        211 End.
        > CLNT x
        200 Noted.
        > TYPE I
        200 Type set to I.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 Data connection accepted from 10.1.0.2:5001; transfer starting for f (300000 bytes).
        > NOOP
        200 NOOP command successful.
        226 Transfer ok.
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > MLSD
        150 Data connection accepted from 10.1.0.2:5001; transfer starting.
        226 Transfer ok.
        > PORT 10,1,0,2,19,137
        200 Port command successful.
        > STOR f
        150 Opening BINARY mode data connection for f.
        > ABOR
        426 Data connection closed, transfer aborted.
        225 ABOR command successful.
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command successful.
        > RETR g
        550 'g': no such file or directory.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Goodbye.
        """
    )

    /// BulletProof FTP Server 2: Nmap's signatures for the greeting.
    static let bulletProof = ServerDialect(
        "BulletProof",
        """
        220 BulletProof FTP Server ready ...
        > USER u
        331 Password required for u.
        > PASS x
        230-Welcome to the server
        230-You are user 1 of 100
        230 User u logged in.
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-Extensions supported:
         MDTM
         SIZE
         REST STREAM
         XCRC
        211 End
        > TYPE I
        200 Type set to I.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > RETR f
        150 Opening BINARY mode data connection for f (300000 bytes).
        > NOOP
        226 File sent ok
        200 NOOP command successful.
        > PORT 10,1,0,2,19,137
        200 Port command successful.
        > STOR f
        150 Opening BINARY mode data connection for f.
        > ABOR
        426 Data connection closed, file transfer aborted.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > LIST
        150 Opening ASCII mode data connection for /bin/ls.
        226 File sent ok
        > RETR g
        550 'g': no such file or directory.
        > QUIT
        221 Goodbye.
        """
    )

    /// Xlight FTP Server 3: logs in Ubuntu's forum ("FTP NAT problem").
    static let xlight = ServerDialect(
        "Xlight",
        """
        220 Xlight FTP Server 3.9 ready...
        > USER backupall
        331 Password required for backupall
        > PASS x
        230 Login OK
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-Features:
         LANG EN
         MLST type*;size*;modify*;
         UTF8
         EPSV
         EPRT
         SIZE
         MDTM
         REST STREAM
        211 End
        > TYPE I
        200 Type set to I.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 Opening BINARY mode data connection for f (300000 bytes).
        > NOOP
        200 NOOP command successful
        226 Transfer complete (292.968 KB/s).
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > LIST
        150 Opening BINARY mode data connection for /bin/ls
        226 Transfer complete.
        > PORT 10,1,0,2,19,137
        200 PORT command successful
        > STOR f
        150 Opening BINARY mode data connection for f
        > ABOR
        426 Connection closed; transfer aborted.
        226 ABOR command successful
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command successful
        > RETR g
        550 /g: No such file or directory
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Goodbye
        """
    )

    /// The same in Chinese, as a Huawei router's user shows it.
    static let xlightInChinese = ServerDialect(
        "Xlight, in Chinese",
        """
        220 Xlight FTP 3.9 就绪...
        > USER mm
        331 需要密码 mm
        > PASS x
        230 登录成功
        > PORT 10,1,0,2,19,137
        200 PORT命令执行成功
        > RETR huaweiftp.txt
        150 正在打开二进制模式数据连接为 huaweiftp.txt (9 比特).
        226 传送完毕 (0.035 KB/s).
        > PASV
        227 进入被动模式 (10,2,0,2,19,137)
        > EPSV
        229 进入扩展被动模式 (|||5001|)
        > QUIT
        221 再见
        """
    )

    /// BusyBox: `networking/ftpd.c`.
    static let busybox = ServerDialect(
        "busybox",
        """
        220 Operation successful
        > USER anonymous
        331 Specify password
        > PASS x
        230 Operation successful
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-Features:
         EPSV
         PASV
         REST STREAM
         MDTM
         SIZE
        211 Ok
        > TYPE I
        200 Operation successful
        > PASV
        227 PASV ok (10,2,0,2,19,137)
        > RETR f
        150 Opening BINARY connection for f (300000 bytes)
        > NOOP
        226 Operation successful
        200 Operation successful
        > EPSV
        229 EPSV ok (|||5001|)
        > LIST
        150 Directory listing
        226 Operation successful
        > PORT 10,1,0,2,19,137
        200 Operation successful
        > STOR f
        150 Ok to send data
        226 Operation successful
        > STAT
        211-Server status:
         TYPE: BINARY
        211 Ok
        > EPRT |1|10.1.0.2|5001|
        502 Error
        > RETR f
        425 Use PORT/PASV first
        > ABOR
        500 Error
        > PASV
        227 PASV ok (10,2,0,2,19,137)
        > RETR g
        550 Error
        > QUIT
        221 Operation successful
        """
    )

    /// GNU inetutils 2.4: `ftpd/ftpd.c`, `ftpcmd.y`.
    static let inetutils = ServerDialect(
        "inetutils",
        """
        220 server FTP server (GNU inetutils 2.4) ready.
        > USER ftp
        331 Guest login ok, type your name as password.
        > PASS x
        230 Guest login ok, access restrictions apply.
        > SYST
        215 UNIX Type: L8 Version: Linux
        > FEAT
        211-Supported extensions:
         EPRT
         EPSV
         LPRT
         LPSV
         MDTM
         REST STREAM
         SIZE
        211 End
        > TYPE I
        200 Type set to I.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 Opening BINARY mode data connection for 'f' (300000 bytes).
        > NOOP
        226 Transfer complete.
        200 NOOP command successful.
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > LIST
        150 Opening ASCII mode data connection for '/bin/ls'.
        226 Transfer complete.
        > LPSV
        228 Entering Long Passive Mode (4,4,10,2,0,2,2,19,137)
        > PORT 10,1,0,2,19,137
        200 PORT command successful.
        > STOR f
        150 Opening BINARY mode data connection for 'f'.
        226 Transfer complete.
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command successful.
        > LPRT 4,4,10,1,0,2,2,19,137
        200 LPRT command successful.
        > RETR f
        150 Opening BINARY mode data connection for 'f' (300000 bytes).
        > ABOR
        426 Transfer aborted. Data connection closed.
        226 Abort successful
        > ABOR
        225 ABOR command successful.
        > RETR g
        550 g: No such file or directory.
        > XYZZY
        500 'XYZZY': command not understood.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Goodbye.
        """
    )

    /// Linux's port of BSD's server, netkit's, with SSL or without: `ftpd.c`.
    static let linuxFTPd = ServerDialect(
        "netkit",
        """
        220 server FTP server (Version 6.4/OpenBSD/Linux-ftpd-0.17) ready.
        > USER u
        331 Password required for u.
        > PASS x
        230- Linux server 6.1.0 #1 SMP x86_64 GNU/Linux
        230 User u logged in.
        > SYST
        215 UNIX Type: L8 (Linux)
        > FEAT
        500 'FEAT': command not understood.
        > TYPE I
        200 Type set to I.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 Opening BINARY mode data connection for 'f' (300000 bytes).
        > STAT
        213 Status: 131072 of 300000 bytes transferred
        226 Transfer complete.
        > EPSV
        229 Extended Passive Mode OK (|||5001|)
        > LIST
        150 Opening ASCII mode data connection for '/bin/ls'.
        226 Transfer complete.
        > PORT 10,1,0,2,19,137
        200 PORT command successful.
        > STOR f
        150 Opening BINARY mode data connection for 'f'.
        226 Transfer complete.
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command successful.
        > RETR f
        150 Opening BINARY mode data connection for 'f' (300000 bytes).
        > ABOR
        426 Transfer aborted. Data connection closed.
        226 Abort successful
        > RETR g
        550 g: No such file or directory.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Goodbye.
        """
    )

    /// NetBSD's server and its portable form: `ftpd.c`, `ftpcmd.y`, `version.h`.
    static let tnftpd = ServerDialect(
        "tnftpd",
        """
        220-
        220 server FTP server (NetBSD-ftpd 20100320) ready.
        > USER anonymous
        331 Guest login ok, type your name as password.
        > PASS x
        230-
            NetBSD 9.3 (GENERIC) #0: Thu Aug  4 15:30:37 UTC 2022
            
            Welcome to NetBSD!
            
        230 Guest login ok, access restrictions apply.
        > SYST
        215 UNIX Type: L8 Version: NetBSD-ftpd 20100320
        > FEAT
        211-Features supported
         MDTM
         MLST Type*;Size*;Modify*;Perm*;Unique*;
         REST STREAM
         SIZE
         TVFS
        211 End
        > TYPE I
        200 Type set to I.
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > MLSD
        150 Opening ASCII mode data connection for 'MLSD'.
        226 MLSD complete.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 Opening BINARY mode data connection for 'f' (300000 bytes).
        > STAT
        213 Status: 131072 of 300000 bytes transferred
        > NOOP
        226 Transfer complete.
        200 NOOP command successful.
        > LPSV
        228 Entering Long Passive Mode (4,4,10,2,0,2,2,19,137)
        > PORT 10,1,0,2,19,137
        200 PORT command successful.
        > STOR f
        150 Opening BINARY mode data connection for 'f'.
        226 Transfer complete.
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command successful.
        > RETR f
        150 Opening BINARY mode data connection for 'f' (300000 bytes).
        > ABOR
        426 Transfer aborted. Data connection closed.
        226 Abort successful.
        > RETR g
        550 g: No such file or directory.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221-
            Data traffic for this session was 600000 bytes in 3 files.
            Total traffic for this session was 603041 bytes in 4 transfers.
        221 Thank you for using the FTP service on server.
        """
    )

    /// Apache FtpServer: `FtpStatus.properties`.
    static let apache = ServerDialect(
        "Apache FtpServer",
        """
        220 Service ready for new user.
        > USER anonymous
        331 Guest login okay, send your complete e-mail address as password.
        > PASS x
        230 User logged in, proceed.
        > SYST
        215 UNIX Type: Apache FtpServer
        > FEAT
        211-Extensions supported
         SIZE
         MDTM
         REST STREAM
         LANG en;zh-tw;ja;is
         MLST Size;Modify;Type;Perm
         AUTH SSL
         AUTH TLS
         MODE Z
         UTF8
         TVFS
         MD5
         MMD5
         MFMT
        211 End
        > TYPE I
        200 Command TYPE okay.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 File status okay; about to open data connection.
        > NOOP
        226 Transfer complete.
        200 Command NOOP okay.
        > EPSV
        229 Entering Passive Mode (|||5001|)
        > MLSD
        150 File status okay; about to open data connection.
        226 Closing data connection.
        > PORT 10,1,0,2,19,137
        200 Command PORT okay.
        > STOU
        150 File status okay; about to open data connection.
        250 f: Transfer started.
        226 f: Transfer complete.
        > EPRT |1|10.1.0.2|5001|
        200 Command EPRT okay.
        > RETR f
        150 File status okay; about to open data connection.
        > ABOR
        426 Data connection error.
        226 ABOR command successful.
        > STAT
        211-Apache FtpServer
        Connected to 10.2.0.2
        Connected from 10.1.0.2
        Logged in as anonymous
        211 End of status.
        > PORT 10,1,0,2,19,137
        501 PORT IP is not same as 10.1.0.2.
        > RETR g
        550 /g: No such file or directory.
        > XYZZY
        502 Command XYZZY not implemented.
        > REIN
        220 Service ready for new user.
        > USER anonymous
        331 Guest login okay, send your complete e-mail address as password.
        > PASS x
        230 User logged in, proceed.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Goodbye.
        """
    )

    /// pyftpdlib 1.5: `handlers.py`.
    static let pyftpdlib = ServerDialect(
        "pyftpdlib",
        """
        220 pyftpdlib 1.5.7 ready.
        > USER anonymous
        331 Username ok, send password.
        > PASS x
        230 Login successful.
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-Features supported:
         EPRT
         EPSV
         MDTM
         MFMT
         MLST type*;perm*;size*;modify*;unique*;unix.mode;unix.uid;unix.gid;
         REST STREAM
         SIZE
         TVFS
         UTF8
        211 End FEAT.
        > TYPE I
        200 Type set to: Binary.
        > PASV
        227 Entering passive mode (10,2,0,2,19,137).
        > RETR f
        125 Data connection already open. Transfer starting.
        > NOOP
        200 I successfully did nothing'.
        > STAT
        211-FTP server status:
         pyftpdlib 1.5.7
         Connected to: 10.2.0.2:21
         Data connection open:
         Total bytes sent: 131072
        211 End of status.
        226 Transfer complete.
        > EPSV
        229 Entering extended passive mode (|||5001|).
        > MLSD
        150 File status okay. About to open data connection.
        226 Transfer complete.
        > PORT 10,1,0,2,19,137
        200 Active data connection established.
        > STOR f
        125 Data connection already open. Transfer starting.
        226 Transfer complete.
        > EPRT |1|10.1.0.2|5001|
        200 Active data connection established.
        > RETR f
        125 Data connection already open. Transfer starting.
        > ABOR
        426 Transfer aborted via ABOR.
        226 ABOR command successful.
        > ABOR
        225 No transfer to abort.
        > EPRT |1|10.1.0.2|5001|
        501 Rejected data connection to foreign address.
        > RETR g
        550 No such file or directory.
        > XYZZY
        500 Command "XYZZY" not understood.
        > PASV
        227 Entering passive mode (10,2,0,2,19,137).
        > QUIT
        221 Goodbye.
        """
    )

    /// aioftp 0.21: `server.py`.
    ///
    /// A user who needs no password gets the success only in reply to PASS.
    static let aioftp = ServerDialect(
        "aioftp",
        """
        220 welcome
        > USER anonymous
        230 anonymous login
        > PASS x
        503 already logged in
        > SYST
        215 UNIX Type: L8
        > FEAT
        502 'feat' not implemented
        > TYPE I
        200 
        > PASV
        227-listen socket created
        227 (10,2,0,2,19,137)
        > RETR f
        150 data transfer started
        > NOOP
        502 'noop' not implemented
        226 data transfer done
        > EPSV
        229 listen socket created (|||5001|)
        > MLSD
        150 mlsd transfer started
        200 mlsd transfer done
        > RETR f
        150 data transfer started
        > ABOR
        426 transfer aborted
        226 abort successful
        > PORT 10,1,0,2,19,137
        502 'port' not implemented
        > PASV
        227-listen socket already exists
        227 (10,2,0,2,19,137)
        > RETR g
        550 path does not exists
        > QUIT
        221 bye
        """
    )

    /// SFTPGo: ftpserverlib, `handle_files.go`, `handle_misc.go`, `transfer_pasv.go`.
    ///
    /// ABOR gets its 226 first, then the transfer its error.
    static let sftpGo = ServerDialect(
        "SFTPGo",
        """
        220 SFTPGo 2.5.6 ready
        > USER u
        331 OK
        > PASS x
        230 Password ok, continue
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-These are my features
         CLNT
         UTF8
         SIZE
         MDTM
         REST STREAM
         EPRT
         EPSV
         AVBL
         COMB
        211 end
        > OPTS UTF8 ON
        200 I'm in UTF8 only anyway
        > TYPE I
        200 Type set to binary
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 Using transfer connection
        > NOOP
        200 OK
        226 Closing transfer connection
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > LIST
        150 Using transfer connection
        226 Closing transfer connection
        > PORT 10,1,0,2,19,137
        200 PORT command successful
        > STOR f
        150 Using transfer connection
        226 Closing transfer connection
        > EPRT |1|10.1.0.2|5001|
        200 EPRT command successful
        > RETR f
        150 Using transfer connection
        > ABOR
        226 ABOR successful; closing transfer connection
        550 Issue during transfer: use of closed network connection
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR g
        550 Could not access file "/g": no such file
        > XYZZY
        500 Unknown command "XYZZY"
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > QUIT
        221 Goodbye
        """
    )

    /// Twisted: `twisted/protocols/ftp.py`, whose 227 has no parentheses and whose 229 has a point behind.
    static let twisted = ServerDialect(
        "Twisted",
        """
        220 Twisted 22.4.0 FTP Server
        > USER anonymous
        331 Guest login ok, type your email address as password.
        > PASS x
        230 Anonymous login ok, access restrictions apply.
        > SYST
        215 UNIX Type: L8
        > FEAT
        211-Features:
         FEAT
         MDTM
         PASV
         SIZE
         TYPE A;I
        211 End
        > TYPE I
        200 Type set to I.
        > PASV
        227 =10,2,0,2,19,137
        > RETR f
        125 Data connection already open, starting transfer
        226 Transfer Complete.
        > EPSV
        229 Entering Extended Passive Mode (|||5001|).
        > LIST
        125 Data connection already open, starting transfer
        226 Transfer Complete.
        > PORT 10,1,0,2,19,137
        200 PORT OK
        > STOR f
        150 File status okay; about to open data connection.
        > NOOP
        226 Transfer Complete.
        200 NOOP OK
        > ABOR
        502 Command 'ABOR' not implemented
        > RETR g
        550 g: No such file or directory.
        > PASV
        227 =10,2,0,2,19,137
        > QUIT
        221 Goodbye.
        """
    )

    /// Ipswitch's WS_FTP Server: a log in FluentFTP's issue 712.
    static let wsFTP = ServerDialect(
        "WS_FTP",
        """
        220 ftps.example.com X2 WS_FTP Server 8.5.0(88966137)
        > USER nutec
        331 Enter password
        > PASS x
        230-User logged in
        Welcome to UL SFTP
        230 User logged in
        > FEAT
        211-Extensions supported
         SIZE
         XMD5
         XSHA1
         XQUOTA
         LANG EN, ES, FR, GE
         MDTM
         MLST size*;type*;perm*;create*;modify*;
         REST STREAM
         TVFS
         UTF8
         AUTH SSL;TLS-P;
         PBSZ
         PROT C;P;
        211 end
        > OPTS UTF8 ON
        200 Command OPTS succeed
        > SYST
        215 UNIX
        > TYPE I
        200 Transfer mode set to BINARY
        > EPSV
        229 Entering Extended Passive Mode (|||5001|)
        > MLSD
        150 Transferring directory
        226 Transfer completed.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > RETR f
        150 Opening BINARY data connection to download f
        226 Transfer complete
        > PORT 10,1,0,2,19,137
        200 Command PORT succeed
        > STOR f
        150 Opening BINARY data connection to upload f
        > ABOR
        426 Transfer aborted
        226 Command ABOR succeed
        > QUIT
        221 Good-Bye
        """
    )

    /// HP JetDirect: Nmap's book for the greeting, OpenVAS's detection for what follows the login.
    static let jetDirect = ServerDialect(
        "HP JetDirect",
        """
        220 JD FTP Server Ready
        > USER anonymous
        331 Username Ok, send identity (e-mail address) as password.
        > PASS x
        230- Hewlett-Packard FTP Print Server Version 2.0
        Directory:       Description:
        ----------------------------------------------------
        PORT1            Print to port 1   HP LaserJet 4250
        To print a file, use the command: put <filename> [portx]
         
        Ready to print to PORT1
         
        230 User logged in.
        > TYPE I
        200 Type set to I. Using binary mode to transfer files.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > STOR page.ps
        150 Opening BINARY mode data connection.
        226 Transfer complete.
        > PORT 10,1,0,2,19,137
        200 PORT command successful. Connected to port 5001
        > LIST
        150 Opening ASCII mode data connection for LIST.
        226- Ready to print to PORT1
        226 Transfer complete.
        > NOOP
        200 Command OK
        > ABOR
        226 Abort complete.
        > EPSV
        502 Command not implemented.
        > PORT 10,1,0,2,19,137
        200 PORT command successful. Connected to port 5001
        > STOR page.ps
        452 Printer is busy. Try later.
        > QUIT
        221 Goodbye.
        """
    )

    /// Brother's print servers: Nmap's signature for the greeting.
    static let brother = ServerDialect(
        "Brother print server",
        """
        220 FTP print service:V-1.13/Use the network password for the ID if updating.
        > USER anonymous
        230 User logged in, proceed.
        > PORT 10,1,0,2,19,137
        200 Command okay.
        > STOR page.ps
        150 File status okay; about to open data connection.
        226 Closing data connection. Requested file action successful.
        > PASV
        502 Command not implemented.
        > PORT 10,1,0,2,19,137
        200 Command okay.
        > QUIT
        221 Service closing control connection.
        """
    )

    /// A measuring instrument whose manual lists all responses of its "FTP server".
    static let dataLogger = ServerDialect(
        "instrument",
        """
        220 FTP server ready.
        > USER u
        331 User name OK. Need password.
        > PASS x
        230 User logged in.
        > TYPE I
        200 Command OK.
        > PORT 10,1,0,2,19,137
        200 Command OK.
        > LIST
        150 File status OK; About to open data connection.
        226 Closing data connection.
        > PASV
        227 Entering Passive Mode <10,2,0,2,19,137>
        > RETR f
        150 File status OK; About to open data connection.
        > NOOP
        200 Command OK.
        226 Closing data connection.
        > EPSV
        502 Command not implemented.
        > PASV
        510 port open fails.
        > RETR g
        550 g : No such file.
        > PASV
        227 Entering Passive Mode <10,2,0,2,19,137>
        > QUIT
        221 Goodbye.
        """
    )

    /// Axis's cameras: ZTag's signature for the greeting.
    static let axis = ServerDialect(
        "Axis camera",
        """
        220 AXIS 206 Network Camera 4.40.1 (Sep 29 2005) ready.
        > USER root
        331 User name okay, need password.
        > PASS x
        230 User logged in, proceed.
        > SYST
        215 UNIX Type: L8
        > TYPE I
        200 Command okay.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR etc/passwd
        150 Opening data connection.
        226 Transfer complete.
        > PORT 10,1,0,2,19,137
        200 Command okay.
        > STOR etc/sysconfig
        150 Opening data connection.
        226 Transfer complete.
        > EPSV
        500 Syntax error, command unrecognized.
        > NOOP
        200 Command okay.
        > ABOR
        226 Closing data connection.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Goodbye.
        """
    )

    /// Axis's developer board: a dump in Nessus's `find_service`, whose greeting ends in a bare LF.
    static let axisBoard = ServerDialect(
        "Axis developer board",
        ending: "\n",
        """
        220 Axis Developer Board LX release 2.1.0 (Jul 27 2004) ready.
        > STAT
        503 Bad sequence of commands.
        > USER root
        331 User name okay, need password.
        > PASS x
        230 User logged in, proceed.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > LIST
        150 Opening data connection.
        226 Transfer complete.
        > PORT 10,1,0,2,19,137
        200 Command okay.
        > QUIT
        221 Goodbye.
        """
    )

    /// Hikvision's cameras and recorders run vsftpd's or BusyBox's words behind a greeting of their own.
    static let hikvision = ServerDialect(
        "Hikvision camera",
        """
        220 Welcome to Network Video Server FTP service.
        > USER admin
        331 Please specify the password.
        > PASS x
        230 Login successful.
        > TYPE I
        200 Switching to Binary mode.
        > EPSV
        229 Entering Extended Passive Mode (|||5001|).
        > LIST
        150 Here comes the directory listing.
        226 Directory send OK.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > RETR f
        150 Opening BINARY mode data connection for f (300000 bytes).
        > NOOP
        226 File send OK.
        200 NOOP ok.
        > PORT 10,1,0,2,19,137
        200 PORT command successful. Consider using PASV.
        > STOR f
        150 Ok to send data.
        226 File receive OK.
        > RETR g
        550 Failed to open file.
        > QUIT
        221 Goodbye.
        """
    )

    /// Siemens's communications processors (CP 343-1 and 443-1): their manual's list of commands.
    static let siemens = ServerDialect(
        "Siemens CP",
        """
        220 CP 443-1 FTP-Server ready.
        > USER u
        331 Password required for u
        > PASS x
        230 User logged in
        > SYST
        215 UNIX Type: L8
        > TYPE I
        200 Type set to I
        > PASV
        227 Entering Passive Mode (10, 2, 0, 2, 19, 137)
        > RETR /cpu1/db10.dat
        150 Opening data connection
        226 Transfer complete
        > PORT 10,1,0,2,19,137
        200 PORT command successful
        > STOR /cpu1/db10.dat
        150 Opening data connection
        226 Transfer complete
        > NOOP
        200 OK
        > FEAT
        502 Command not implemented
        > EPSV
        502 Command not implemented
        > RETR /cpu1/db11.dat
        550 File not found
        > PASV
        227 Entering Passive Mode (10, 2, 0, 2, 19, 137)
        > QUIT
        221 Goodbye
        """
    )

    /// Schneider's Modicon (Quantum Ethernet module): VxWorks's `ftpdLib.c`, CERN's honeyd script, Digital Bond's capture.
    static let modicon = ServerDialect(
        "Modicon",
        """
        220 VxWorks FTP server (VxWorks 5.4) ready.
        > USER u
        331 Password required
        > PASS x
        230 User logged in
        > SYST
        215 UNIX Type: L8 Version: VxWorks
        > HELP
        214-The following commands are recognized:
        HELP	USER	PASS	QUIT	LIST	NLST
        RETR	STOR	CWD	TYPE	PORT	PWD
        STRU	MODE	ALLO	ACCT	PASV	NOOP
        214 End of command list.
        > TYPE I
        200 Type set to I, binary mode
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR FLASH1:wwwroot/f
        150 Opening BINARY mode data connection
        226 Transfer complete
        > PORT 10,1,0,2,19,137
        200 Port set okay
        > LIST
        150 Opening ASCII mode data connection
        226 Transfer complete
        > NOOP
        200 Okay
        > EPSV
        500 Command not recognized
        > RETR g
        550 File "g" not found or permission problem
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > STOR f
        150 Opening BINARY mode data connection
        > ABOR
        500 Command not recognized
        226 Transfer complete
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > QUIT
        221 Bye...see you later
        """
    )

    /// APC's management cards: Nmap's signature, whose greeting's last line is empty.
    static let apc = ServerDialect(
        "APC",
        """
        220- APC FTP server ready.
        220 
        > USER apc
        331 Password required
        > PASS x
        230 User logged in.
        > TYPE I
        200 TYPE Command okay.
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137).
        > RETR event.txt
        150 File status okay; opening data connection.
        226 Closing data connection; File transfer successful.
        > PORT 10,1,0,2,19,137
        200 PORT Command okay.
        > STOR config.ini
        150 File status okay; opening data connection.
        226 Closing data connection; File transfer successful.
        > QUIT
        221 Thank you for using APC FTP.
        """
    )

    /// Sambar: Nmap's signature, whose greeting talks of a proxy.
    static let sambar = ServerDialect(
        "Sambar",
        """
        220-FTP Server ready
        220-Use USER user@host for native FTP proxy
        220 Your FTP Session will expire after 300 seconds of inactivity.
        > USER anonymous@ftp.example.org
        331 Enter password
        > PASS x
        230 Login OK
        > PASV
        227 Entering Passive Mode (10,2,0,2,19,137)
        > RETR f
        150 Opening data connection
        226 Transfer complete
        > PORT 10,1,0,2,19,137
        200 PORT command okay
        > QUIT
        221 Goodbye
        """
    )
}

// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

@testable import Configuration

/// What the documents say about the keys of the configuration.
///
/// With `PINHOLE_DOCUMENTS=write` these tests write it.
struct GeneratedDocumentsTests {
    /// Compares a document with what it should be, or writes it.
    private func check(_ path: String, _ expected: String) throws {
        if ProcessInfo.processInfo.environment["PINHOLE_DOCUMENTS"] == "write" {
            try expected.write(to: Program.top.appending(path: path), atomically: true, encoding: .utf8)
        }
        let text = try Documents.text(of: path)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let wanted = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let hint = "write it with PINHOLE_DOCUMENTS=write swift test --filter GeneratedDocumentsTests"
        for (index, pair) in zip(lines, wanted).enumerated() where pair.0 != pair.1 {
            Issue.record("\(path):\(index + 1): '\(pair.0)' should be '\(pair.1)'; \(hint)")
            return
        }
        #expect(lines.count == wanted.count, "\(path); \(hint)")
    }

    @Test func `the sample of the configuration is generated from the keys`() throws {
        try check("dist/conf/pinhole.conf", GeneratedDocuments.sample)
    }

    @Test func `the manual of the configuration describes the keys`() throws {
        let text = try Documents.text(of: "man/pinhole.conf.5")
        let parts = [
            "keys": GeneratedDocuments.keyItems(Key.general), "shared": GeneratedDocuments.sharedKeys,
            "server keys": GeneratedDocuments.keyItems(Key.all.filter { $0.scope == .server }),
        ]
        try check("man/pinhole.conf.5", GeneratedDocuments.inserting(parts, into: text))
    }

    @Test func `the manual of the daemon describes the options of the keys`() throws {
        let text = try Documents.text(of: "man/pinholed.8")
        let parts = ["options": GeneratedDocuments.optionItems(Key.ofDaemon)]
        try check("man/pinholed.8", GeneratedDocuments.inserting(parts, into: text))
    }

    @Test func `the manual of the commands describes the options of the rules`() throws {
        let text = try Documents.text(of: "man/pinhole.8")
        let parts = [
            "rules options": GeneratedDocuments.optionItems(Key.ofRules),
            "sync options": GeneratedDocuments.optionItems(Key.ofSync),
        ]
        try check("man/pinhole.8", GeneratedDocuments.inserting(parts, into: text))
    }

    @Test func `the document of the configuration describes the keys`() throws {
        let text = try Documents.text(of: "docs/configuration.md")
        let parts = [
            "options": GeneratedDocuments.optionTable, "rules options": GeneratedDocuments.rulesTable,
            "sync options": GeneratedDocuments.syncTable,
            "server keys": GeneratedDocuments.serverTable,
            "shared": GeneratedDocuments.names(Key.all.filter { $0.scope == .anywhere }),
            "next start": GeneratedDocuments.names(Key.ofDaemon.filter { $0.effect == .atNextStart }),
        ]
        try check("docs/configuration.md", GeneratedDocuments.inserting(parts, into: text))
    }

    @Test func `every document has its generated parts`() throws {
        let counts = [
            "man/pinhole.conf.5": 3, "man/pinholed.8": 1, "man/pinhole.8": 2, "docs/configuration.md": 6,
        ]
        for (path, count) in counts {
            let text = try Documents.text(of: path)
            #expect(text.components(separatedBy: "generated: ").count - 1 == count, "\(path)")
            #expect(text.components(separatedBy: "end of what is generated").count - 1 == count, "\(path)")
        }
    }
}

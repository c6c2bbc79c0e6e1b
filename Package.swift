// swift-tools-version: 6.3
// SPDX-License-Identifier: GPL-2.0-or-later
import PackageDescription

/// Settings shared by every Swift target: memory safety is checked and a warning is an error.
let fenced: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "pinhole",
    targets: [
        // C libraries, and what Glibc's module leaves out.
        .systemLibrary(
            name: "CNetfilter",
            pkgConfig: "libmnl",
            providers: [.apt(["libmnl-dev", "libnetfilter-queue-dev"])]
        ),
        .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),
        // Without `pkgConfig`: ncursesw's has flags that the package manager refuses, with a warning in each build.
        .systemLibrary(name: "CNcurses", providers: [.apt(["libncurses-dev"])]),
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "CHTTP", linkerSettings: [.linkedLibrary("microhttpd")]),

        // The pure core: no IO, no clock, no import.
        //
        // Optimised in debug builds too: the models play millions of packets through it.
        .target(
            name: "FTPHelper",
            swiftSettings: fenced + [.unsafeFlags(["-O"], .when(configuration: .debug))]
        ),

        // The fences, the only Swift that touches C pointers: one for each thing that is spoken to.
        .target(
            name: "Linux",
            dependencies: ["CLinux", "CSeccomp", "FTPHelper"],
            swiftSettings: fenced
        ),
        .target(
            name: "Netfilter",
            dependencies: ["CNetfilter", "CLinux", "FTPHelper", "Linux"],
            swiftSettings: fenced
        ),
        .target(name: "Formats", dependencies: ["CJansson", "Linux"], swiftSettings: fenced),
        .target(name: "Captures", dependencies: ["CPcap", "FTPHelper", "Linux"], swiftSettings: fenced),
        .target(name: "HTTP", dependencies: ["CHTTP", "CLinux", "Linux"], swiftSettings: fenced),
        .target(name: "Terminal", dependencies: ["CNcurses", "Linux"], swiftSettings: fenced),

        // What users are told, and what they type.
        .target(name: "Messages", swiftSettings: fenced),
        .target(
            name: "Commands",
            dependencies: ["FTPHelper", "Linux", "Messages", "Netfilter"],
            swiftSettings: fenced
        ),

        // The shell: performs what the core decides.
        .target(
            name: "PinholeDaemon",
            dependencies: ["FTPHelper", "Linux", "Netfilter", "Formats", "Messages"],
            swiftSettings: fenced
        ),
        .target(
            name: "Configuration",
            dependencies: [
                "FTPHelper", "Linux", "Netfilter", "Formats", "Messages", "Commands", "PinholeDaemon",
            ],
            swiftSettings: fenced
        ),

        // What else `pinhole` does.
        .target(
            name: "FirewallRules",
            dependencies: ["FTPHelper", "Linux", "Netfilter", "Messages", "PinholeDaemon"],
            swiftSettings: fenced
        ),
        .target(
            name: "Inspection",
            dependencies: [
                "FTPHelper", "Linux", "Netfilter", "Formats", "HTTP", "Messages", "PinholeDaemon",
                "Configuration", "FirewallRules",
            ],
            swiftSettings: fenced
        ),
        .target(
            name: "Replay",
            dependencies: ["FTPHelper", "Captures", "PinholeDaemon"],
            swiftSettings: fenced
        ),

        .target(
            name: "Replication",
            dependencies: ["FTPHelper", "Linux", "Formats", "Messages", "PinholeDaemon"],
            swiftSettings: fenced
        ),

        // The programs.
        .executableTarget(
            name: "pinholed",
            dependencies: ["Linux", "Messages", "Commands", "PinholeDaemon", "Configuration"],
            swiftSettings: fenced
        ),
        .executableTarget(
            name: "pinhole",
            dependencies: [
                "FTPHelper", "Linux", "Netfilter", "Formats", "Captures", "HTTP", "Terminal", "Messages",
                "Commands", "PinholeDaemon", "Configuration", "FirewallRules", "Inspection", "Replay",
                "Replication",
            ],
            swiftSettings: fenced
        ),

        // What the core costs.
        .target(name: "CAllocations", path: "Benchmarks/CAllocations"),
        .executableTarget(
            name: "core-benchmark",
            dependencies: ["FTPHelper", "CAllocations"],
            path: "Benchmarks/Core",
            swiftSettings: fenced
        ),

        // System calls that fail when a test wants them to.
        .target(name: "CFaults", path: "Tests/CFaults", cSettings: [.define("_GNU_SOURCE")]),
        // Packets that several tests make.
        .target(
            name: "TestPackets",
            dependencies: ["FTPHelper"],
            path: "Tests/TestPackets",
            swiftSettings: fenced
        ),
        // Files that several tests make.
        .target(
            name: "TestFiles",
            dependencies: ["Linux"],
            path: "Tests/TestFiles",
            swiftSettings: fenced
        ),

        .testTarget(
            name: "FTPHelperTests",
            dependencies: ["FTPHelper"],
            exclude: ["Dialects"],
            swiftSettings: fenced
        ),
        .testTarget(
            name: "NetfilterTests",
            dependencies: ["Netfilter", "Linux", "FTPHelper", "CFaults"],
            exclude: ["Scripts"],
            swiftSettings: fenced
        ),
        .testTarget(
            name: "LinuxTests",
            dependencies: ["Linux", "FTPHelper", "TestFiles"],
            swiftSettings: fenced
        ),
        .testTarget(name: "FormatsTests", dependencies: ["Formats", "Linux"], swiftSettings: fenced),
        .testTarget(
            name: "CapturesTests",
            dependencies: ["Captures", "Linux", "FTPHelper"],
            swiftSettings: fenced
        ),
        .testTarget(name: "MessagesTests", dependencies: ["Messages"], swiftSettings: fenced),
        .testTarget(
            name: "PinholeDaemonTests",
            dependencies: [
                "PinholeDaemon", "Netfilter", "Linux", "Formats", "FTPHelper", "Messages", "TestFiles",
                "TestPackets",
            ],
            swiftSettings: fenced
        ),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: [
                "Configuration", "Commands", "PinholeDaemon", "Netfilter", "FTPHelper", "Messages",
            ],
            swiftSettings: fenced
        ),
        .testTarget(
            name: "FirewallRulesTests",
            dependencies: ["FirewallRules", "Netfilter"],
            swiftSettings: fenced
        ),
        .testTarget(
            name: "InspectionTests",
            dependencies: ["Inspection", "FirewallRules"],
            swiftSettings: fenced
        ),
        .testTarget(
            name: "ReplayTests",
            dependencies: ["Replay", "PinholeDaemon", "Captures", "Formats", "FTPHelper", "TestPackets"],
            swiftSettings: fenced
        ),
        .testTarget(
            name: "ReplicationTests",
            dependencies: ["Replication", "FTPHelper"],
            swiftSettings: fenced
        ),
        .testTarget(
            name: "PinholeTests",
            dependencies: [
                "pinhole", "pinholed", "Commands", "Configuration", "PinholeDaemon", "Messages", "FTPHelper",
                "Netfilter", "Linux", "Formats", "Terminal",
            ],
            exclude: [
                "Rules/pinhole.nft-list", "Scripts", "Support/hostile-daemon", "Support/nft-without-queue",
            ],
            swiftSettings: fenced
        ),
        .testTarget(
            name: "GatewayTests",
            dependencies: ["pinhole", "pinholed"],
            resources: [.copy("Scripts")],
            swiftSettings: fenced
        ),
    ]
)

// swift-tools-version: 6.1
import Foundation
import PackageDescription

// The floors of the house: a target imports only targets on lower floors. One row per target; targets are made from the rows,
// and LayeringTests reads them against every `import` line under Sources.

let system: [(name: String, pkgConfig: String?, debian: String?)] = [
    ("CLinux", nil, nil),
    ("CMPI", "ompi-c", "libopenmpi-dev"),
    ("COpenBLAS", "openblas", "libopenblas-dev"),
    ("CPCRE2", "libpcre2-8", "libpcre2-dev"),
]

let packages: [String: (url: String, from: Version, package: String)] = [
    "ArgumentParser": ("https://github.com/apple/swift-argument-parser", "1.8.2", "swift-argument-parser"),
    "Crypto": ("https://github.com/apple/swift-crypto", "4.5.2", "swift-crypto"),
    "HTTPTypes": ("https://github.com/apple/swift-http-types", "1.8.0", "swift-http-types"),
    "Hummingbird": ("https://github.com/hummingbird-project/hummingbird", "2.28.1", "hummingbird"),
    "Logging": ("https://github.com/apple/swift-log", "1.14.0", "swift-log"),
    "NIOCore": ("https://github.com/apple/swift-nio", "2.101.0", "swift-nio"),
    "SwiftCSV": ("https://github.com/swiftcsv/SwiftCSV", "0.10.0", "SwiftCSV"),
    "SwiftProtobuf": ("https://github.com/apple/swift-protobuf", "1.39.0", "swift-protobuf"),
    "Yams": ("https://github.com/jpsim/Yams", "6.2.2", "Yams"),
]

let floors: [(floor: Int, name: String, imports: [String])] = [
    (1, "Support", ["CLinux"]),
    (2, "Hub", ["Crypto", "Support"]),
    (2, "Kernels", ["CLinux", "COpenBLAS"]),
    (2, "MessagePassing", ["CMPI", "Support"]),
    (3, "Tensors", ["Kernels", "Support"]),
    (4, "Formats", ["Hub", "Support", "Tensors"]),
    (4, "Templates", ["Support"]),
    (4, "Tokenizers", ["CPCRE2", "Support"]),
    (5, "Data", ["Crypto", "Formats", "Support", "SwiftCSV", "Templates", "Tensors", "Tokenizers"]),
    (5, "Models", ["Formats", "Support", "Tensors"]),
    (5, "Optimizers", ["Support", "Tensors"]),
    (6, "Adapters", ["Formats", "Models", "Support", "Tensors"]),
    (6, "Objectives", ["Models", "Support", "Tensors"]),
    (6, "Parallelism", ["MessagePassing", "Models", "Optimizers", "Support", "Tensors"]),
    (7, "Conversion", ["Data", "Formats", "Models", "Support", "Tensors", "Tokenizers"]),
    (7, "Evaluation", ["Data", "Models", "Objectives", "Support", "Tensors", "Tokenizers"]),
    (7, "Planning", ["Adapters", "Data", "Optimizers", "Parallelism", "Support", "Yams"]),
    (7, "Reporting", ["Support", "SwiftProtobuf"]),
    (8, "Doctor", ["CLinux", "Crypto", "Kernels", "MessagePassing", "Reporting", "Support", "Tensors"]),
    (
        8, "Training",
        [
            "Adapters", "Crypto", "Data", "Evaluation", "Formats", "Hub", "Kernels", "MessagePassing", "Models", "Objectives", "Optimizers",
            "Parallelism", "Planning", "Reporting", "Support", "Tensors", "Tokenizers",
        ]
    ),
    (8, "Watching", ["HTTPTypes", "Hummingbird", "Logging", "NIOCore", "Reporting", "Support"]),
    (9, "TriageData", ["Support"]),
    (
        9, "trainer",
        [
            "Adapters", "ArgumentParser", "Conversion", "Data", "Doctor", "Evaluation", "Formats", "Kernels", "MessagePassing", "Models",
            "Parallelism", "Planning", "Reporting", "Support", "Tensors", "Tokenizers", "Training", "Watching",
        ]
    ),
]

var floorOf = Dictionary(uniqueKeysWithValues: floors.map { ($0.name, $0.floor) })
for (name, _, _) in system { floorOf[name] = 0 }
for name in packages.keys { floorOf[name] = 0 }
for target in floors {
    for name in target.imports where floorOf[name, default: .max] >= target.floor {
        fatalError("\(target.name) (floor \(target.floor)) may not import \(name)")
    }
}

let language: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-warnings-as-errors"]),
]

// Kernels are compiled for the machine they run on, and optimised in debug builds too: a test suite on -Onone loops takes hours.
let processor = ProcessInfo.processInfo.environment["TRAINER_CPU"] ?? "native"
let kernelFlags: [SwiftSetting] = [.unsafeFlags(["-Ounchecked", "-Xcc", "-march=\(processor)"])]

func dependency(_ name: String) -> Target.Dependency {
    packages[name].map { .product(name: name, package: $0.package) } ?? .target(name: name)
}

// What lies beside a target's Swift files: definitions that some of those were made from, and files that the build puts into the program.
let definitions = ["Reporting": ["TensorBoard/Events.proto"]]
let embedded: [String: [Resource]] = ["Reporting": [.embedInCode("Page")]]

let sources: [Target] = floors.map { floor in
    let settings = language + (floor.name == "Kernels" ? kernelFlags : [])
    let path = "Sources/\(floor.name)"
    let dependencies = floor.imports.map(dependency)
    let exclude = ["README.md"] + definitions[floor.name, default: []]
    return floor.floor == 9
        ? .executableTarget(name: floor.name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: settings)
        : .target(
            name: floor.name, dependencies: dependencies, path: path, exclude: exclude, resources: embedded[floor.name, default: []],
            swiftSettings: settings)
}

let shims: [Target] = system.map { name, pkgConfig, debian in
    .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig, providers: debian.map { [.apt([$0])] })
}

// Tests/<Target>Tests tests <Target> and may use what it imports and all that lies on lower floors; TestSupport holds what the suites share.
let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }

let testSupport = Target.target(
    name: "TestSupport", dependencies: ["Support", dependency("Crypto")], path: "Tests/TestSupport", swiftSettings: language)
let tests: [Target] = floors.filter { exists("Tests/\($0.name)Tests") }.map { floor in
    let path = "Tests/\(floor.name)Tests"
    let used = Set(floor.imports + floors.filter { $0.floor < floor.floor }.map(\.name)).sorted()
    return .testTarget(
        name: "\(floor.name)Tests", dependencies: ["TestSupport", .target(name: floor.name)] + used.map(dependency), path: path,
        exclude: exists("\(path)/Fixtures") ? ["Fixtures"] : [], swiftSettings: language)
}

// Tests of the whole: they start built programs or read the repository. RankChecks is what tests of message passing start under mpirun.
let wholes: [(name: String, imports: [String])] = [
    ("EndToEndTests", ["Adapters", "Formats", "Models", "Planning", "Reporting", "Support", "Tensors"]),
    ("FuzzTests", ["FuzzReaders"]),
    ("RepositoryTests", ["Planning", "Support"]),
]
let testsOfTheWhole: [Target] = wholes.map { whole in
    .testTarget(
        name: whole.name, dependencies: ["TestSupport"] + whole.imports.map(dependency), path: "Tests/\(whole.name)", swiftSettings: language)
}
let rankChecks = Target.executableTarget(
    name: "RankChecks",
    dependencies: ["Adapters", "Formats", "MessagePassing", "Models", "Objectives", "Parallelism", "Support", "Tensors"].map(dependency),
    path: "Tests/RankChecks", swiftSettings: language)
// Fuzz gives damaged files to the readers that FuzzReaders lists; FuzzTests gives them a few.
let fuzzed = ["Adapters", "Crypto", "Data", "Formats", "Models", "Planning", "Support", "Templates", "Tensors", "Tokenizers", "Training"]
let fuzz: [Target] = [
    .target(name: "FuzzReaders", dependencies: fuzzed.map(dependency), path: "Tests/FuzzReaders", swiftSettings: language),
    .executableTarget(name: "Fuzz", dependencies: ["FuzzReaders"], path: "Tests/Fuzz", exclude: ["Corpus"], swiftSettings: language),
]

let package = Package(
    name: "trainer",
    products: [
        .executable(name: "trainer", targets: ["trainer"]),
        .library(name: "TrainerCore", targets: floors.filter { $0.floor < 9 }.map(\.name)),
    ],
    dependencies: packages.values.sorted { $0.package < $1.package }.map { .package(url: $0.url, from: $0.from) },
    targets: shims + sources + [testSupport, rankChecks] + fuzz + tests + testsOfTheWhole
)

import Foundation
public import Support

/// Where weights come from: `trainer_provenance.json` beside an adapter or a model that a run wrote.
public struct Provenance: Codable, Equatable, Sendable {
    public static let fileName = "trainer_provenance.json"

    public enum Kind: String, Codable, Sendable {
        case adapter, model
        /// A base model with an adapter in its weights.
        case merged
    }

    /// Of the layout of this record.
    public var formatVersion = 1
    /// Program and version.
    public var madeBy: String
    public var kind: Kind
    public var base: Base
    /// nil for what was merged from an adapter without a record.
    public var training: Training?
    /// Of merged models.
    public var merge: Merge?

    public init(madeBy: String, kind: Kind, base: Base, training: Training? = nil, merge: Merge? = nil) {
        self.madeBy = madeBy
        self.kind = kind
        self.base = base
        self.training = training
        self.merge = merge
    }

    /// The model that was trained on.
    public struct Base: Codable, Equatable, Sendable {
        /// Relative to the folder the program was started in.
        public var path: String
        public var modelType: String
        /// How the blocks' linear layers were stored in training if not as in the files: `nf4`.
        public var quantization: String?
        public var files: [File]
        public var tensors: [Tensor]

        public init(path: String, modelType: String, quantization: String?, files: [File], tensors: [Tensor]) {
            self.path = path
            self.modelType = modelType
            self.quantization = quantization
            self.files = files
            self.tensors = tensors
        }
    }

    public struct Tensor: Codable, Equatable, Sendable {
        /// In Hugging Face's spelling, whatever the container.
        public var name: String
        public var shape: [Int]
        /// The type in the file, and in memory while it was trained on.
        public var fileType: String
        public var trainedAs: String
        /// Of the file's values as float32: 16 hexadecimal digits, equal in any container and type that holds the same numbers.
        public var fingerprint: String
        /// Of the values that training saw, where they are others: those decoded from NF4.
        public var trainedFingerprint: String?

        public init(name: String, shape: [Int], fileType: String, trainedAs: String, fingerprint: String, trainedFingerprint: String? = nil) {
            self.name = name
            self.shape = shape
            self.fileType = fileType
            self.trainedAs = trainedAs
            self.fingerprint = fingerprint
            self.trainedFingerprint = trainedFingerprint
        }
    }

    public struct File: Codable, Equatable, Sendable {
        /// Relative to the folder the program was started in; of a model's files the name in its folder.
        public var path: String
        public var bytes: Int
        /// nil if the file was changed during the run.
        public var sha256: String?

        public init(path: String, bytes: Int, sha256: String?) {
            self.path = path
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    public struct Training: Codable, Equatable, Sendable {
        /// The resolved configuration as YAML, its paths relative, and the SHA-256 of that.
        public var configuration: String
        public var configurationHash: String
        public var method: String
        public var seed: Int
        public var ranks: Int
        public var steps: Int
        public var epochs: Double
        /// Rows, tokens and trained tokens that all steps together took.
        public var rowsSeen: Int
        public var tokensSeen: Int
        public var trainedTokensSeen: Int
        /// Files of the rows, and how many were kept of those read.
        public var trainingFiles: [File]
        public var validationFiles: [File]
        public var rowsRead: Int
        public var rowsKept: Int
        public var rowsHeldOut: Int
        /// SHA-256 of the chat template that made the rows; nil if they are no chats.
        public var templateHash: String?
        public var tokenizer: String
        public var lossBefore: Double?
        public var lossAfter: Double?

        public init(
            configuration: String, configurationHash: String, method: String, seed: Int, ranks: Int, steps: Int, epochs: Double, rowsSeen: Int,
            tokensSeen: Int, trainedTokensSeen: Int, trainingFiles: [File], validationFiles: [File], rowsRead: Int, rowsKept: Int, rowsHeldOut: Int,
            templateHash: String?, tokenizer: String, lossBefore: Double?, lossAfter: Double?
        ) {
            self.configuration = configuration
            self.configurationHash = configurationHash
            self.method = method
            self.seed = seed
            self.ranks = ranks
            self.steps = steps
            self.epochs = epochs
            self.rowsSeen = rowsSeen
            self.tokensSeen = tokensSeen
            self.trainedTokensSeen = trainedTokensSeen
            self.trainingFiles = trainingFiles
            self.validationFiles = validationFiles
            self.rowsRead = rowsRead
            self.rowsKept = rowsKept
            self.rowsHeldOut = rowsHeldOut
            self.templateHash = templateHash
            self.tokenizer = tokenizer
            self.lossBefore = lossBefore
            self.lossAfter = lossAfter
        }
    }

    /// How an adapter came into the weights, and how the result was compared with base and adapter.
    public struct Merge: Codable, Equatable, Sendable {
        /// `original` or `nf4`: the values that the adapter was added to.
        public var onto: String
        /// The type of the written weights.
        public var dtype: String
        public var positions: Int
        public var largestDifference: Double
        public var meanDivergence: Double
        public var greedyAgreement: Double

        public init(
            onto: String, dtype: String, positions: Int, largestDifference: Double, meanDivergence: Double, greedyAgreement: Double
        ) {
            self.onto = onto
            self.dtype = dtype
            self.positions = positions
            self.largestDifference = largestDifference
            self.meanDivergence = meanDivergence
            self.greedyAgreement = greedyAgreement
        }
    }
}

extension Provenance {
    /// Far above the record of the largest models: a hundred thousand tensors have 30 MB.
    private static let largestRecord = 64 << 20

    /// The record in a folder; nil if there is none.
    ///
    /// - Throws: `format` for a record that can't be read, or that a later version wrote.
    public static func read(folder: String) throws(TrainerError) -> Provenance? {
        let path = "\(folder)/\(fileName)"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let file = try MappedFile(path: path)
        guard file.bytes.count <= largestRecord else {
            throw TrainerError(.format, path, "has \(ByteCount(file.bytes.count)), more than any record", remedy: "Remove it")
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let record = withExtendedLifetime(file, { try? decoder.decode(Provenance.self, from: Data(file.bytes)) }), record.formatVersion == 1
        else {
            throw TrainerError(
                .format, path, "is no record that this program knows", remedy: "Remove the file if the adapter is to be used without it")
        }
        return record
    }

    /// - Throws: `file` if it can't be written.
    public func write(folder: String) throws(TrainerError) {
        let path = "\(folder)/\(Self.fileName)"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        guard let data = try? encoder.encode(self) else { throw TrainerError(.file, path, "can't be encoded: a number in it is not finite") }
        try FileSystem().replace(path, with: [UInt8](data) + [0x0A])
    }
}

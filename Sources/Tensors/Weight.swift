/// The matrix of a linear layer as it is stored: dense, in ggml's blocks, or NF4 with its constants.
///
/// `values` is `[N, K]`: N outputs, K inputs. Products decode a panel of anything but float32 into scratch first.
public struct Weight {
    public let values: Tensor
    /// Present if and only if the element type is NF4.
    public let constants: NF4Constants?

    public init(_ values: Tensor, constants: NF4Constants? = nil) {
        precondition((values.elementType == .nf4) == (constants != nil), "Weight.init: NF4 codes and constants come together")
        self.values = values
        self.constants = constants
    }

    public var rows: Int { values.rows }
    public var columns: Int { values.columns }
    public var isDense: Bool { values.elementType == .float32 }
}

/// The doubly quantised block maxima of an NF4 weight (Dettmers et al. 2023, arXiv:2305.14314, section 3).
///
/// Block `b` of 64 elements has the maximum `blockMaxima[b / 256] * dynamic(codes[b]) + offset`; b is its number in the whole matrix.
public struct NF4Constants {
    public static let elementsPerMaximum = 64
    public static let maximaPerBlock = 256

    /// The blocks of so many elements, and the blocks of their maxima.
    public static func blockCount(_ elements: Int) -> Int { elements / elementsPerMaximum }
    public static func superblockCount(_ elements: Int) -> Int { (blockCount(elements) + maximaPerBlock - 1) / maximaPerBlock }

    /// `[1, N * K / 64]`, uint8.
    public let codes: Tensor
    /// `[1, ceil(blocks / 256)]`, float32; of the whole matrix, also where the weight is a part of one.
    public let blockMaxima: Tensor
    /// `[1, 1]`, float32: the mean that was subtracted before the second quantisation.
    public let offset: Tensor
    /// Where the blocks lie in the matrix that was quantised: the number of the first, and how many are left out after each row.
    public let firstBlock: Int
    public let skippedBlocks: Int

    public init(codes: Tensor, blockMaxima: Tensor, offset: Tensor, firstBlock: Int = 0, skippedBlocks: Int = 0) {
        self.codes = codes
        self.blockMaxima = blockMaxima
        self.offset = offset
        self.firstBlock = firstBlock
        self.skippedBlocks = skippedBlocks
    }
}

import Kernels
import Testing

@Suite struct NF4Tests {
    /// One tensor's quantised bytes.
    private struct Quantised {
        var codes: [UInt8]
        var absmax: [Float]
        var absmaxCodes: [UInt8]
        var maxima: [Float]
        var offset: Float = 0

        init(_ input: [Float], pieces: [Int]? = nil) {
            let blocks = input.count / 64
            codes = Array(repeating: 0, count: 32 * blocks)
            absmax = Array(repeating: 0, count: blocks)
            absmaxCodes = Array(repeating: 0, count: blocks)
            maxima = Array(repeating: 0, count: (blocks + 255) / 256)
            var first = 0
            for count in pieces ?? [blocks] {
                let piece = Array(input[64 * first..<64 * (first + count)])
                var (pieceCodes, pieceAbsmax) = ([UInt8](repeating: 0, count: 32 * count), [Float](repeating: 0, count: count))
                nf4Quantise(codes: &pieceCodes, absmax: &pieceAbsmax, input: piece, count: piece.count)
                codes.replaceSubrange(32 * first..<32 * (first + count), with: pieceCodes)
                absmax.replaceSubrange(first..<first + count, with: pieceAbsmax)
                first += count
            }
            offset = doubleQuantise(codes: &absmaxCodes, blockMaxima: &maxima, absmax: absmax, blockCount: blocks)
        }

        func decoded(_ range: Range<Int>) -> [Float] {
            var output = [Float](repeating: 7, count: range.count)
            decodeNF4(output: &output, codes: codes, absmaxCodes: absmaxCodes, absmaxBlockMaxima: maxima, offset: offset, range: range)
            return output
        }
    }

    @Test("codes, double-quantised constants and decoded values are bitsandbytes' bit for bit, whole and partial groups")
    func reference() throws {
        var fixture = try QuantisationFixture("nf4.bin")
        for blocks in [1, 5, 255, 256, 257, 700] {
            let quantised = Quantised(weights(blocks: blocks))
            #expect(quantised.codes == fixture.take(32 * blocks), "codes of \(blocks) blocks")
            #expect(quantised.absmaxCodes == fixture.take(blocks), "codes of the maxima of \(blocks) blocks")
            #expect(bits(quantised.maxima) == bits(fixture.floats((blocks + 255) / 256)))
            #expect(bits([quantised.offset]) == bits(fixture.floats(1)))
            let wanted = fixture.take(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            #expect(digest(quantised.decoded(0..<64 * blocks)) == wanted, "decoded values of \(blocks) blocks")
        }
        #expect(fixture.isAtEnd)
    }

    @Test("values at, just above and just below every threshold, subnormals, NaN and infinities have bitsandbytes' codes")
    func special() throws {
        var fixture = try QuantisationFixture("nf4_special.bin")
        let input = fixture.floats(6 * 64)
        var codes = [UInt8](repeating: 0, count: 6 * 32)
        var absmax = [Float](repeating: 0, count: 6)
        nf4Quantise(codes: &codes, absmax: &absmax, input: input, count: input.count)
        #expect(codes == fixture.take(6 * 32))
        let wanted = fixture.floats(6)
        #expect(bits(absmax.filter { !$0.isNaN }) == bits(wanted.filter { !$0.isNaN }) && absmax[4].isNaN)
    }

    @Test("pieces of a tensor quantise as the whole, and any range of blocks decodes as in the whole")
    func pieces() {
        let input = weights(blocks: 700)
        let whole = Quantised(input)
        let pieces = Quantised(input, pieces: [256, 256, 188])
        #expect(pieces.codes == whole.codes && bits(pieces.absmax) == bits(whole.absmax) && pieces.absmaxCodes == whole.absmaxCodes)
        let decoded = whole.decoded(0..<input.count)
        for range in [0..<64, 64..<64, 64 * 255..<64 * 258, 64 * 699..<64 * 700] {
            #expect(bits(whole.decoded(range)) == bits(Array(decoded[range])))
        }
        let worst = zip(input, decoded).map { abs($0 - $1) }.max() ?? 0
        #expect(worst > 0 && worst < 0.2 * (input.map(abs).max() ?? 0))
    }
}

import Glibc
import Kernels
import TestSupport
import Testing

@Suite struct RotaryTests {
    @Test("rotate: pairs i and i + D/2 turn by the angle of the row's position, other columns stay", arguments: [8, 64, 80])
    func rotate(headSize: Int) {
        let (rows, heads, half, positionCount) = (4, 3, headSize / 2, 9)
        let rowStride = heads * headSize + 5
        let angles = randomFloats(positionCount * half, seed: 1, scale: 3)
        let (cosine, sine) = (angles.map { cosf($0) }, angles.map { sinf($0) })
        let positions: [Int32] = [0, 8, 3, 3]
        let input = randomFloats(rows * rowStride, seed: 2)
        var wanted = input
        for row in 1..<rows {
            for head in 0..<heads {
                for i in 0..<half {
                    let (first, table) = (row * rowStride + head * headSize + i, Int(positions[row]) * half + i)
                    let (a, b) = (Double(input[first]), Double(input[first + half]))
                    let (c, s) = (Double(cosine[table]), Double(sine[table]))
                    wanted[first] = Float(a * c - b * s)
                    wanted[first + half] = Float(b * c + a * s)
                }
            }
        }
        var values = input
        func turn(inverse: Bool) {
            rotaryRotate(
                values: &values, rowStride: rowStride, headCount: heads, headSize: headSize, cosine: cosine, sine: sine, positions: positions,
                rows: 1..<rows, inverse: inverse)
        }
        turn(inverse: false)
        expectClose(values, wanted, absolute: 3e-7, "turned")
        turn(inverse: true)
        expectClose(values, input, absolute: 5e-7, "turned back")
    }

    @Test("inverse: is the transpose, so it is the backward")
    func transpose() {
        let angles = randomFloats(32, seed: 3, scale: 3)
        let (cosine, sine) = (angles.map { cosf($0) }, angles.map { sinf($0) })
        let (a, b) = (randomFloats(64, seed: 4), randomFloats(64, seed: 5))
        var (forward, backward) = (a, b)
        rotaryRotate(
            values: &forward, rowStride: 64, headCount: 1, headSize: 64, cosine: cosine, sine: sine, positions: [0], rows: 0..<1, inverse: false)
        rotaryRotate(
            values: &backward, rowStride: 64, headCount: 1, headSize: 64, cosine: cosine, sine: sine, positions: [0], rows: 0..<1, inverse: true)
        #expect(abs(dot(forward.doubles, b.doubles) - dot(a.doubles, backward.doubles)) < 1e-6)
    }
}

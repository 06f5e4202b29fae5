import Support
import TestSupport
import Testing

@testable import Tensors

@Suite struct CPUDeviceProductsTests {
    private func random(_ count: Int, _ seed: UInt64) -> [Float] {
        let philox = Philox(seed: seed, purpose: .initialValues)
        return (0..<count).map { 2 * Philox.unit(philox.words(UInt64($0)).0) - 1 }
    }

    /// The weight `[rows, columns]` as stored in a type, and the values it then stands for.
    private func weight(_ rows: Int, _ columns: Int, _ type: ElementType, _ seed: UInt64, on device: CPUDevice) throws -> (Weight, [Float]) {
        let dense = try device.tensor(random(rows * columns, seed), .weights).reshaped(rows: rows, columns: columns)
        let weight: Weight
        switch type {
        case .float32: weight = Weight(dense)
        case .nf4:
            let blocks = rows * columns / NF4Constants.elementsPerMaximum
            weight = Weight(
                try device.zeros(rows, columns, .nf4, .weights),
                constants: NF4Constants(
                    codes: try device.zeros(1, blocks, .uint8, .weights),
                    blockMaxima: try device.zeros(1, (blocks + 255) / 256, .float32, .weights), offset: try device.zeros(1, 1, .float32, .weights)))
            try device.quantiseNF4(weight, dense)
        default:
            weight = Weight(try device.zeros(rows, columns, type, .weights))
            device.encode(weight.values, dense)
        }
        let decoded = try device.zeros(rows, columns, .float32, .scratch)
        device.decode(decoded, weight, rows: 0..<rows)
        return (weight, decoded.values())
    }

    /// `left [m, k] · rightᵀ`, in Double; `right` is `[n, k]`.
    private func product(_ left: [Float], _ right: [Float], m: Int, n: Int, k: Int) -> [Float] {
        left.withUnsafeBufferPointer { left in
            right.withUnsafeBufferPointer { right in
                (0..<m * n).map { place in
                    let (row, column) = (place / n * k, place % n * k)
                    var (sum, d) = (0.0, 0)
                    // Not a range: in a debug build that is ten times slower.
                    while d < k {
                        sum += Double(left[row + d]) * Double(right[column + d])
                        d += 1
                    }
                    return Float(sum)
                }
            }
        }
    }

    private func turned(_ values: [Float], rows: Int, columns: Int) -> [Float] {
        (0..<rows * columns).map { values[$0 % rows * columns + $0 / rows] }
    }

    @Test(
        "linear and its input gradient: weights of every stored type, alone or stacked, written or added, agree with a Double loop",
        arguments: [ElementType.float32, .bfloat16, .float16, .nf4], [1, 2, 3])
    func linear(type: ElementType, threads: Int) throws {
        let device = try CPUDevice(threadCount: threads)
        let (t, n, k) = (70, 96, 128)
        let (first, firstValues) = try weight(n, k, type, 1, on: device)
        let (second, secondValues) = try weight(n / 2, k, type, 2, on: device)
        let all = firstValues + secondValues
        let width = n + n / 2
        let input = random(t * k, 3)
        let inputTensor = try device.tensor(input).reshaped(rows: t, columns: k)
        let forward = product(input, all, m: t, n: width, k: k)
        let gradient = random(t * width, 4)
        let gradientTensor = try device.tensor(gradient).reshaped(rows: t, columns: width)
        let backward = product(gradient, turned(all, rows: width, columns: k), m: t, n: k, k: width)
        let output = try device.tensor([Float](repeating: 5, count: t * width)).reshaped(rows: t, columns: width)
        try device.linear(output, inputTensor, [first, second], adding: [])
        // Sums of 128 to 144 products of size 1 in float32.
        expectClose(output.values(), forward, relative: 3e-6, "output")
        for adds in [false, true] {
            let inputGradient = try device.tensor([Float](repeating: 5, count: t * k)).reshaped(rows: t, columns: k)
            try device.linearInputGradient(inputGradient, gradientTensor, [first, second], adding: nil, adds: adds)
            expectClose(inputGradient.values(), backward.map { adds ? $0 + 5 : $0 }, relative: 3e-6, "input gradient")
        }
    }

    /// Adapters of two of three parts, with a part between them that has none; outputs, then inputs large enough for the tiles of large products.
    @Test(
        "linear and its input gradient: low-rank terms are added to their columns, fused or not, also where panels are decoded",
        arguments: [ElementType.float32, .nf4], [(130, 128, 64), (130, 32, 128)])
    func lowRankTerms(type: ElementType, shape: (Int, Int, Int)) throws {
        let device = try CPUDevice(threadCount: 2)
        let (t, part, k, r) = (shape.0, shape.1, shape.2, 6)
        let weights = try (0..<3).map { try weight(part, k, type, UInt64($0), on: device) }
        let values = weights.flatMap(\.1)
        let (input, projected, b) = (random(t * k, 10), random(t * 2 * r, 11), random(2 * part * r, 12))
        let projectedTensor = try device.tensor(projected).reshaped(rows: t, columns: 2 * r)
        let bTensor = try device.tensor(b).reshaped(rows: 2 * part, columns: r)
        let terms = [0, 1].map { place in
            LowRankTerm(
                columns: 2 * place * part..<(2 * place + 1) * part, left: projectedTensor.columns(place * r..<(place + 1) * r),
                right: bTensor.rows(place * part..<(place + 1) * part), factor: 0.5)
        }
        var forward = product(input, values, m: t, n: 3 * part, k: k)
        for row in 0..<t {
            for (place, start) in [(0, 0), (1, 2 * part)] {
                for column in 0..<part {
                    let sum = (0..<r).reduce(0) { $0 + projected[row * 2 * r + place * r + $1] * b[(place * part + column) * r + $1] }
                    forward[row * 3 * part + start + column] += 0.5 * sum
                }
            }
        }
        let output = try device.tensor([Float](repeating: .nan, count: t * 3 * part)).reshaped(rows: t, columns: 3 * part)
        try device.linear(output, try device.tensor(input).reshaped(rows: t, columns: k), weights.map(\.0), adding: terms)
        expectClose(output.values(), forward, relative: 5e-6, "output")

        let (gradient, a) = (random(t * 3 * part, 13), random(2 * r * k, 14))
        let backward = product(gradient, turned(values, rows: 3 * part, columns: k), m: t, n: k, k: 3 * part)
        let added = product(projected, turned(a, rows: 2 * r, columns: k), m: t, n: k, k: 2 * r)
        let inputGradient = try device.tensor([Float](repeating: 7, count: t * k)).reshaped(rows: t, columns: k)
        let term = LowRankTerm(
            columns: 0..<k, left: projectedTensor, right: try device.tensor(a).reshaped(rows: 2 * r, columns: k), factor: 2)
        for adds in [false, true] {
            try device.linearInputGradient(
                inputGradient, try device.tensor(gradient).reshaped(rows: t, columns: 3 * part), weights.map(\.0), adding: term, adds: adds)
            let passes: Float = adds ? 2 : 1
            expectClose(inputGradient.values(), zip(backward, added).map { passes * ($0 + 2 * $1) }, relative: 5e-6, "input gradient")
        }
    }

    @Test(
        "product: narrow and wide shapes, each operand as stored or transposed, into columns of a wider tensor, agree with a Double loop",
        arguments: [(64, 16, 200), (65, 200, 16), (16, 200, 100), (200, 16, 300), (5, 7, 3), (130, 70, 90)], [1, 2])
    func products(shape: (Int, Int, Int), threads: Int) throws {
        let device = try CPUDevice(threadCount: threads)
        let (m, n, k) = shape
        let (left, right) = (random(m * k, 1), random(n * k, 2))
        let wanted = product(left, right, m: m, n: n, k: k)
        for transposesLeft in [false, true] {
            for transposesRight in [false, true] {
                let a = try device.tensor(transposesLeft ? turned(left, rows: m, columns: k) : left)
                    .reshaped(rows: transposesLeft ? k : m, columns: transposesLeft ? m : k)
                let b = try device.tensor(transposesRight ? right : turned(right, rows: n, columns: k))
                    .reshaped(rows: transposesRight ? n : k, columns: transposesRight ? k : n)
                for adds in [false, true] {
                    let wide = try device.tensor([Float](repeating: 3, count: m * (n + 5))).reshaped(rows: m, columns: n + 5)
                    device.product(
                        wide.columns(2..<n + 2), a, b, transposesLeft: transposesLeft, transposesRight: transposesRight, alpha: 0.5, adds: adds)
                    var expected = [Float](repeating: 3, count: m * (n + 5))
                    for row in 0..<m {
                        for column in 0..<n { expected[row * (n + 5) + 2 + column] = (adds ? 3 : 0) + 0.5 * wanted[row * n + column] }
                    }
                    expectClose(wide.values(), expected, relative: 3e-6, "output")
                }
            }
        }
    }

    @Test("zero: only the columns given")
    func zero() throws {
        let device = try CPUDevice(threadCount: 2)
        let tensor = try device.tensor([Float](repeating: 1, count: 40)).reshaped(rows: 4, columns: 10)
        device.zero(tensor.columns(3..<6))
        #expect(tensor.values() == (0..<40).map { (3..<6).contains($0 % 10) ? 0 : 1 })
    }
}

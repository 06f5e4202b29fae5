import Glibc
import Kernels
import Support

extension CPUDevice {
    public func add(_ target: Tensor, _ source: Tensor) {
        precondition(target.count == source.count && target.isContiguous && source.isContiguous, "CPUDevice.add: shapes differ")
        if target.elementType == .float32, source.elementType == .float32 {
            let (y, x) = (target.floats, source.floats)
            pool.parallelFor(target.count, grain: 4096) { addInto(target: y, source: x, range: $0) }
        } else {
            pool.parallelFor(target.count, grain: 4096) { self.addRounded(target, source, range: $0) }
        }
        finished()
    }

    /// Elements that are widened at a time, on the stack.
    private static let widenedCount = 1024

    /// Adds where not both are float32, on the calling thread.
    private func addRounded(_ target: Tensor, _ source: Tensor, range: Range<Int>) {
        let (to, from) = (target.elementType, source.elementType)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * Self.widenedCount) { room in
            guard let sum = room.baseAddress else { return }
            let addend = sum + Self.widenedCount
            for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.widenedCount) {
                let count = min(Self.widenedCount, range.upperBound - start)
                let place = target.address + to.byteCount(start)
                widen(sum, place, to, count)
                widen(addend, source.address + from.byteCount(start), from, count)
                addInto(target: sum, source: addend, range: 0..<count)
                narrow(place, sum, to, count)
            }
        }
    }

    public func scale(_ target: Tensor, by factor: Float) {
        precondition(target.isContiguous, "CPUDevice.scale: the tensor has gaps")
        let y = target.floats
        pool.parallelFor(target.count, grain: 4096) { scaleInPlace(target: y, factor: factor, range: $0) }
        finished()
    }

    public func dropout(_ output: Tensor, _ input: Tensor, mask: DropoutMask, tokenPositions: Tensor, firstChannel: Int) {
        precondition(output.isContiguous && input.isContiguous && output.count == input.count, "CPUDevice.dropout: shapes differ")
        let (y, x, p) = (output.floats, input.floats, tokenPositions.int64s)
        pool.parallelFor(input.rows, grain: 4) {
            dropoutRows(
                output: y, input: x, rows: $0, channels: input.columns, key: mask.random.key, stream: mask.stream, tokenPositions: p,
                probability: mask.probability, firstChannel: firstChannel)
        }
        finished()
    }

    public func sumOfSquares(_ values: Tensor) -> Double {
        precondition(values.isContiguous, "CPUDevice.sumOfSquares: the tensor has gaps")
        // Parts of a fixed size, so that the sum does not depend on the number of threads.
        let part = 1 << 16
        let parts = (values.count + part - 1) / part
        let x = values.floats
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(parts, 1)) { sums in
            let sums = sums.baseAddress
            pool.parallelFor(parts) { range in
                for index in range { sums?[index] = Kernels.sumOfSquares(values: x, range: index * part..<min((index + 1) * part, values.count)) }
            }
            return (0..<parts).reduce(0) { $0 + (sums?[$1] ?? 0) }
        }
    }

    public func fingerprint(_ values: Tensor, start: UInt64) -> UInt64 {
        precondition(values.isContiguous, "CPUDevice.fingerprint: the tensor has gaps")
        let part = 1 << 16
        let parts = (values.count + part - 1) / part
        let x = UnsafePointer(values.floats)
        return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: max(parts, 1)) { found in
            let found = found.baseAddress
            pool.parallelFor(parts) { range in
                for index in range {
                    found?[index] = Kernels.fingerprint(values: x, range: index * part..<min((index + 1) * part, values.count), start: 0)
                }
            }
            return (0..<parts).reduce(start) { mixed($0, found?[$1] ?? 0) }
        }
    }

    public func firstNonFinite(_ values: Tensor) -> Int? {
        precondition(values.isContiguous, "CPUDevice.firstNonFinite: the tensor has gaps")
        return Kernels.firstNonFinite(values: values.floats, range: 0..<values.count)
    }

    public func adamW(parameter: Tensor, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor, _ update: AdamWUpdate) {
        let count = parameter.count
        precondition(
            [gradient, firstMoment, secondMoment].allSatisfy { $0.count == count && $0.isContiguous } && parameter.isContiguous,
            "CPUDevice.adamW: shapes differ")
        let coefficients = AdamWCoefficients(update)
        let (w, g, m, v) = (parameter.floats, gradient.floats, firstMoment.floats, secondMoment.floats)
        pool.parallelFor(count, grain: 4096) {
            adamWUpdate(parameter: w, gradient: g, firstMoment: m, secondMoment: v, range: $0, coefficients: coefficients)
        }
        finished()
    }
    public func adamW8Bit(
        parameter: Tensor, gradient: Tensor, firstMoment: BlockwiseMoment, secondMoment: BlockwiseMoment, _ update: AdamWUpdate
    ) {
        let count = parameter.count
        let blocks = (count + BlockwiseMoment.blockSize - 1) / BlockwiseMoment.blockSize
        precondition(
            parameter.isContiguous && gradient.count == count && gradient.isContiguous
                && [firstMoment, secondMoment].allSatisfy {
                    $0.codes.count == count && $0.maxima.count == blocks && $0.codes.isContiguous && $0.maxima.isContiguous
                }, "CPUDevice.adamW8Bit: shapes differ")
        let coefficients = AdamWCoefficients(update)
        let (w, g) = (parameter.floats, gradient.floats)
        let (first, second) = ((firstMoment.codes.uint8s, firstMoment.maxima.floats), (secondMoment.codes.uint8s, secondMoment.maxima.floats))
        pool.parallelFor(blocks, grain: 16) {
            adamW8BitUpdate(
                parameter: w, gradient: g, firstCodes: first.0, firstMaxima: first.1, secondCodes: second.0, secondMaxima: second.1, count: count,
                blocks: $0, coefficients: coefficients)
        }
        finished()
    }
}

extension AdamWCoefficients {
    fileprivate init(_ update: AdamWUpdate) {
        self.init(
            learningRate: update.learningRate, beta1: update.beta1, beta2: update.beta2, epsilon: update.epsilon, weightDecay: update.weightDecay,
            step: update.step, gradientScale: update.gradientScale)
    }
}

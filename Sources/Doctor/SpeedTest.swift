import Support
import Tensors

/// Speeds of products and of memory, each measured for a fixed time so that ranks that measure at once overlap.
struct SpeedTest {
    let device: CPUDevice
    /// How long each measurement goes on at least.
    let duration: Duration

    /// The side of a product's matrices: 16 MB in three of them, more than second-level caches hold, and whole tiles of our kernels.
    private static let side = 1152

    enum Kernels { case own, openBLAS }

    /// GFLOP/s of the fastest of several float32 products.
    func products(_ kernels: Kernels) throws(TrainerError) -> Double {
        let rows = Self.side * min(8, device.pool.threadCount)
        let left = try filled(rows, Self.side)
        let right = try filled(Self.side, Self.side)
        let output = try device.zeros(rows, Self.side)
        let seconds = fastest {
            switch kernels {
            case .own: device.product(output, left, right, transposesLeft: false, transposesRight: false, alpha: 1, adds: false)
            case .openBLAS: device.productByBLAS(output, left, right)
            }
        }
        return 2 * Double(rows) * Double(Self.side) * Double(Self.side) / seconds * 1e-9
    }

    /// Bytes a second that additions of long vectors read and write.
    ///
    /// - Parameter byteCount: Of each vector; caches must not hold them.
    func memory(byteCount: Int) throws(TrainerError) -> Double {
        let rows = max(1, byteCount / 4 / 4096)
        let (target, source) = (try device.zeros(rows, 4096), try device.zeros(rows, 4096))
        let seconds = fastest { device.add(target, source) }
        return 3 * 4 * 4096 * Double(rows) / seconds
    }

    private func filled(_ rows: Int, _ columns: Int) throws(TrainerError) -> Tensor {
        let tensor = try device.zeros(rows, columns)
        try tensor.withFloats { floats in
            for index in 0..<rows * columns { floats[index] = Float(index % 17) * 0.0625 - 0.5 }
        }
        return tensor
    }

    /// Seconds of the fastest call, after one that does not count.
    private func fastest(_ body: () -> Void) -> Double {
        body()
        let end = ContinuousClock.now + duration
        var best = Double.infinity
        repeat {
            let start = ContinuousClock.now
            body()
            best = min(best, (ContinuousClock.now - start) / .seconds(1))
        } while ContinuousClock.now < end
        return best
    }
}

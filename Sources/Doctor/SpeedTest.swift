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

    /// GFLOP/s of float32 products.
    func products(_ kernels: Kernels) throws(TrainerError) -> Double {
        let rows = Self.side * min(8, device.pool.threadCount)
        let left = try filled(rows, Self.side)
        let right = try filled(Self.side, Self.side)
        let output = try device.zeros(rows, Self.side)
        let seconds = mean {
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
        let seconds = mean { device.add(target, source) }
        return 3 * 4 * 4096 * Double(rows) / seconds
    }

    private func filled(_ rows: Int, _ columns: Int) throws(TrainerError) -> Tensor {
        let tensor = try device.zeros(rows, columns)
        try tensor.withFloats { floats in
            for index in 0..<rows * columns { floats[index] = Float(index % 17) * 0.0625 - 0.5 }
        }
        return tensor
    }

    /// Seconds of a call, after one that does not count. The mean, not the best: ranks that share cores have good moments at each other's cost.
    private func mean(_ body: () -> Void) -> Double {
        body()
        let start = ContinuousClock.now
        var count = 0
        while count == 0 || ContinuousClock.now - start < duration {
            body()
            count += 1
        }
        return (ContinuousClock.now - start) / .seconds(1) / Double(count)
    }
}

import Kernels
import Support

extension CPUDevice {
    /// `output = left · right` by OpenBLAS whatever the shapes, to compare `product` with: rows are shared among the threads.
    public func productByBLAS(_ output: Tensor, _ left: Tensor, _ right: Tensor) {
        precondition(
            left.columns == right.rows && output.rows == left.rows && output.columns == right.columns,
            "CPUDevice.productByBLAS: [\(left.rows), \(left.columns)] · [\(right.rows), \(right.columns)] into [\(output.rows), \(output.columns)]")
        let (c, a, b) = (output.floats, UnsafePointer(left.floats), UnsafePointer(right.floats))
        pool.parallelFor(left.rows, grain: 8) { rows in
            let first = rows.lowerBound
            sgemm(
                output: c + first * output.rowStride, outputStride: output.rowStride, left: a + first * left.rowStride, leftStride: left.rowStride,
                transposesLeft: false, right: b, rightStride: right.rowStride, transposesRight: false, m: rows.count, n: output.columns,
                k: left.columns, alpha: 1, beta: 0)
        }
        finished()
    }
}

internal import COpenBLAS

/// A float32 matrix product by single-threaded OpenBLAS: `output = alpha * op(left) * op(right) + beta * output`.
///
/// All matrices are row-major; `op` transposes where asked. `output` is `[m, n]`, `op(left)` `[m, k]`, `op(right)` `[k, n]`; strides count
/// elements from one row as stored to the next. Sums run in float32 in OpenBLAS's order, which depends on the shape only.
///
/// - Precondition: OpenBLAS is set to one thread (`setOneBLASThread`), so that callers may run several products at once.
public func sgemm(
    output: UnsafeMutablePointer<Float>, outputStride: Int, left: UnsafePointer<Float>, leftStride: Int, transposesLeft: Bool,
    right: UnsafePointer<Float>, rightStride: Int, transposesRight: Bool, m: Int, n: Int, k: Int, alpha: Float, beta: Float
) {
    guard m > 0, n > 0 else { return }
    cblas_sgemm(
        CblasRowMajor, transposesLeft ? CblasTrans : CblasNoTrans, transposesRight ? CblasTrans : CblasNoTrans,
        blasint(m), blasint(n), blasint(k), alpha, left, blasint(leftStride), right, blasint(rightStride), beta, output, blasint(outputStride))
}

/// Makes every OpenBLAS call run on its caller's thread alone: the threads are ours.
public func setOneBLASThread() { openblas_set_num_threads(1) }

/// OpenBLAS's version and how it was built, as it says itself.
public func blasDescription() -> String { String(cString: openblas_get_config()) }

/// The kernel family that OpenBLAS chose for this processor, `SkylakeX` for example.
public func blasCoreName() -> String { String(cString: openblas_get_corename()) }

import Glibc
import Kernels
import TestSupport
import Testing

@Suite struct AdamWTests {
    private let learningRate = 1e-2
    private let beta1 = 0.9
    private let beta2 = 0.999
    private let epsilon = 1e-8
    private let decay = 0.1

    private func coefficients(step: Int, gradientScale: Double) -> AdamWCoefficients {
        AdamWCoefficients(
            learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay, step: step, gradientScale: gradientScale)
    }

    @Test("update: five steps agree with a Double loop of torch.optim.AdamW's formula, gradients of 1e-12 and 0 included")
    func update() {
        let count = 53
        var parameter = randomFloats(count, seed: 1)
        var (m, v) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
        var wanted = parameter.doubles
        var (wantedM, wantedV) = (m.doubles, v.doubles)
        for step in 1...5 {
            var gradient = randomFloats(count, seed: UInt64(10 + step))
            gradient[7] *= 1e-12
            gradient[8] = 0
            adamWUpdate(
                parameter: &parameter, gradient: gradient, firstMoment: &m, secondMoment: &v, range: 0..<count,
                coefficients: coefficients(step: step, gradientScale: 0.5))
            let (correction1, correction2) = (1 - pow(beta1, Double(step)), 1 - pow(beta2, Double(step)))
            for i in 0..<count {
                let g = 0.5 * Double(gradient[i])
                wantedM[i] = beta1 * wantedM[i] + (1 - beta1) * g
                wantedV[i] = beta2 * wantedV[i] + (1 - beta2) * g * g
                wanted[i] -= learningRate * decay * wanted[i]
                wanted[i] -= learningRate / correction1 * wantedM[i] / (wantedV[i].squareRoot() / correction2.squareRoot() + epsilon)
            }
        }
        expectClose(parameter, wanted.floats, absolute: 1e-6, "parameter")
        expectClose(m, wantedM.floats, relative: 1e-6, "first moment")
        expectClose(v, wantedV.floats, relative: 1e-6, "second moment")
    }

    @Test("update: a cut of the buffer gives the same bits as the whole, and touches nothing outside its range")
    func ranges() {
        let count = 100
        let gradient = randomFloats(count, seed: 2)
        let before = randomFloats(count, seed: 3)
        func run(_ ranges: [Range<Int>]) -> [Float] {
            var (parameter, m, v) = (before, [Float](repeating: 0.1, count: count), [Float](repeating: 0.1, count: count))
            for range in ranges {
                adamWUpdate(
                    parameter: &parameter, gradient: gradient, firstMoment: &m, secondMoment: &v, range: range,
                    coefficients: coefficients(step: 3, gradientScale: 1))
            }
            return parameter + m + v
        }
        #expect(run([0..<count]) == run([33..<34, 0..<33, 34..<count]))
        let part = run([10..<20])
        #expect(part[0..<10] == before[0..<10] && part[20..<100] == before[20..<100])
    }

    @Test("update: a NaN gradient shows in the parameter")
    func nonFinite() {
        var (parameter, m, v): ([Float], [Float], [Float]) = ([1, 1], [0, 0], [0, 0])
        adamWUpdate(
            parameter: &parameter, gradient: [.nan, 1], firstMoment: &m, secondMoment: &v, range: 0..<2,
            coefficients: coefficients(step: 1, gradientScale: 1))
        #expect(parameter[0].isNaN && parameter[1].isFinite)
    }
}

import Models
import Parallelism
import Planning
import Support
import Tensors
import Testing

@testable import Training

@Suite struct ReplicaCheckTests {
    @Test("one bit that differs on one of three ranks is found, with rank and unit, on every rank; equal copies are in order")
    func differs() throws {
        for flips in [false, true] {
            let results = ThreadGroup.run(3) { group in
                let device = try CPUDevice(threadCount: 1)
                let reference = try ReferenceCase("tied")
                var configuration = RunConfiguration()
                configuration.method.kind = .full
                let grid = ProcessGrid(data: group)
                let trained = try TrainedModel.make(reference.files, configuration, on: device, longestSequence: 64, grid: grid)
                if flips, group.index == 1 {
                    let weight = try #require(trained.model.units[1].trainable.last)
                    var values = weight.weight.values.values()
                    values[3] = Float(bitPattern: values[3].bitPattern ^ 1)
                    weight.write(values)
                }
                try ReplicaCheck(units: trained.model.units, held: trained.units, grid: grid, device: device).run(step: 7)
                return trained.model.units[1].name
            }
            let unit = try ReferenceCase("tied").make(.full, on: try CPUDevice(threadCount: 1)).model.units[1].name
            for result in results {
                guard flips else {
                    #expect(throws: Never.self) { try result.get() }
                    continue
                }
                let error = #expect(throws: TrainerError.self) { try result.get() }
                #expect(
                    error?.description
                        == "communication: step 7, rank 1: holds other trained values of \(unit) than ranks 0, 2. A processor, memory or network may be faulty; started again, the run goes on from its last checkpoint, where they agreed."
                )
            }
        }
    }

    @Test("of two ranks the second is named; parts of the model are compared with their like alone, and most ranks are right")
    func odd() {
        #expect(ReplicaCheck.odd([5, 5, 5], GridShape(data: 3)) == nil)
        let two = ReplicaCheck.odd([5, 6], GridShape(data: 2))
        #expect(two?.rank == 1 && two?.others == [0])
        let most = ReplicaCheck.odd([6, 5, 5, 7], GridShape(data: 4))
        #expect(most?.rank == 0 && most?.others == [1, 2])
        #expect(ReplicaCheck.odd([1, 2, 3, 4, 1, 2, 3, 4], GridShape(data: 2, pipeline: 2, tensor: 2)) == nil)
        let grid = ReplicaCheck.odd([1, 2, 3, 4, 1, 2, 9, 4], GridShape(data: 2, pipeline: 2, tensor: 2))
        #expect(grid?.rank == 6 && grid?.others == [2])
    }
}

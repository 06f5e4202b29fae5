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

    /// What each rank of a grid finds where one has flipped a bit of its part of a unit.
    private func found(_ shape: GridShape, _ stage: ZeROStage, flipping: (rank: Int, unit: String)?) -> [Result<Void, any Error>] {
        ThreadGroup.run(shape.rankCount) { group in
            let device = try CPUDevice(threadCount: 1)
            var configuration = RunConfiguration()
            configuration.method.kind = .full
            let grid = try ProcessGrid.paper(shape, rank: group.index, on: device)
            let trained = try TrainedModel.make(
                try ReferenceCase("tied").files, configuration, on: device, longestSequence: 64, stage: stage, grid: grid)
            if let flipping, group.index == flipping.rank {
                let unit = try #require(trained.model.units.first { $0.name == flipping.unit })
                let kept = try #require(trained.units.keptValues(of: unit))
                var values = kept.values()
                values[3] = Float(bitPattern: values[3].bitPattern ^ 1)
                device.copy(kept, try device.tensor(values))
            }
            try ReplicaCheck(units: trained.model.units, held: trained.units, grid: grid, device: device, world: group).run(step: 7)
        }
    }

    @Test(
        "in stage 3 those that keep the same part are compared; and the tied embedding on the first and the last stage of a pipeline",
        arguments: [
            (GridShape(data: 4, sharing: 2), ZeROStage.parameters, 3, "embedding", "rank 1"),
            (GridShape(data: 2, pipeline: 2), .optimizer, 3, "output", "rank 1"),
            (GridShape(pipeline: 2), .nothing, 1, "embedding", "rank 0"),
            (GridShape(data: 2, pipeline: 2), .parameters, 3, "embedding", "rank 2"),
        ])
    func parts(shape: GridShape, stage: ZeROStage, rank: Int, unit: String, other: String) throws {
        for result in found(shape, stage, flipping: nil) { #expect(throws: Never.self) { try result.get() } }
        for result in found(shape, stage, flipping: (rank, unit)) {
            let error = #expect(throws: TrainerError.self) { try result.get() }
            #expect(error?.subject == "step 7, rank \(rank)" && error?.problem == "holds other trained values of \(unit) than \(other)", "\(shape)")
        }
    }

    @Test("of two ranks the second is named; parts of the model are compared with their like alone, and most ranks are right")
    func odd() {
        func odd(_ values: [UInt64], _ shape: GridShape) -> (rank: Int, others: [Int])? {
            ReplicaCheck.odd(values, shape) { [$0.pipeline, $0.tensor] }
        }
        #expect(odd([5, 5, 5], GridShape(data: 3)) == nil)
        let two = odd([5, 6], GridShape(data: 2))
        #expect(two?.rank == 1 && two?.others == [0])
        let most = odd([6, 5, 5, 7], GridShape(data: 4))
        #expect(most?.rank == 0 && most?.others == [1, 2])
        #expect(odd([1, 2, 3, 4, 1, 2, 3, 4], GridShape(data: 2, pipeline: 2, tensor: 2)) == nil)
        let grid = odd([1, 2, 3, 4, 1, 2, 9, 4], GridShape(data: 2, pipeline: 2, tensor: 2))
        #expect(grid?.rank == 6 && grid?.others == [2])
    }
}

import MessagePassing
import Parallelism
import Support
import Tensors

/// The grids of a job's ranks.
private func shapes(_ count: Int) -> [GridShape] {
    var shapes: [GridShape] = []
    for data in 1...count where count % data == 0 {
        for pipeline in 1...count where count / data % pipeline == 0 {
            for context in 1...count where count / data / pipeline % context == 0 {
                shapes.append(GridShape(data: data, pipeline: pipeline, context: context, tensor: count / data / pipeline / context))
            }
        }
    }
    return shapes
}

let gridChecks = [
    Check("grid.members") { (world) throws(TrainerError) in
        for shape in shapes(world.size) {
            let grid = try ProcessGrid.make(shape, world)
            let own = shape.place(ofRank: world.rank)
            func check(_ group: any ProcessGroup, _ name: String, _ isMember: (GridPlace) -> Bool) throws(TrainerError) {
                let wanted = (0..<world.size).filter { isMember(shape.place(ofRank: $0)) }
                let found = try group.gather([UInt8(world.rank)], name: name).flatMap { $0 }.map(Int.init)
                try expectEqual(found, wanted, "\(shape): \(name)")
                try expectEqual(group.index, wanted.firstIndex(of: world.rank) ?? -1, "\(shape): the place in \(name)")
            }
            try check(grid.world, "world") { _ in true }
            try check(grid.replicas, "replicas") { $0.pipeline == own.pipeline && $0.tensor == own.tensor }
            try check(grid.model, "model") { $0.data == own.data && $0.context == own.context }
            try check(grid.tensor, "tensor") { $0.data == own.data && $0.context == own.context && $0.pipeline == own.pipeline }
            try check(grid.context, "context") { $0.data == own.data && $0.tensor == own.tensor && $0.pipeline == own.pipeline }
            try check(grid.pipeline, "pipeline") { $0.data == own.data && $0.context == own.context && $0.tensor == own.tensor }
            let counts = (1...shape.tensor).filter { shape.tensor % $0 == 0 }
            try grid.makeHolders(of: counts)
            // In any order, and not by all: nobody waits for another stage in the middle of its backward.
            for copies in counts where own.pipeline % 2 == 0 {
                try check(grid.holders(of: copies), "holders of \(copies)") {
                    $0.data == own.data && $0.context == own.context && $0.pipeline == own.pipeline && $0.tensor / copies == own.tensor / copies
                }
            }
            let ends = [0, shape.pipeline - 1]
            try check(grid.ends, "ends") {
                $0.data == own.data && $0.context == own.context && $0.tensor == own.tensor
                    && ($0.pipeline == own.pipeline || ends.contains($0.pipeline) && ends.contains(own.pipeline))
            }
        }
    },
    Check("grid.exchanges") { (world) throws(TrainerError) in
        // Sums in one group are under way while another group's are waited for.
        let device = try CPUDevice(threadCount: 1)
        for shape in shapes(world.size) {
            let grid = try ProcessGrid.make(shape, world)
            let tensors = try (0..<3).map { (_) throws(TrainerError) in try device.tensor([Float](repeating: 1, count: 100_003)) }
            let groups = [grid.replicas, grid.tensor, grid.pipeline]
            for (group, tensor) in zip(groups, tensors) { try group.startSum(tensor, name: "tensor") }
            try grid.tensor.startSum(try device.tensor([Float(1)]), name: "another").wait()
            try grid.world.finish()
            for (group, tensor) in zip(groups, tensors) {
                try expectEqual(Set(tensor.values()), [Float(group.size)], "\(shape): the sum over \(group.size) ranks")
            }
        }
    },
]

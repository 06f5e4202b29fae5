import MessagePassing
import Parallelism
import Support
import Tensors

/// Sums by nodes, on ranks that are told to lie on 2 or 3 nodes, next to each other or in turn.
private func placements(_ world: Communicator) -> [[Int]] {
    [2, 3].filter { world.size % $0 == 0 && world.size / $0 > 1 }.flatMap { nodes in
        [(0..<world.size).map { $0 / (world.size / nodes) }, (0..<world.size).map { 10 + $0 % nodes }]
    }
}

private func made(_ world: Communicator, _ nodes: [Int]) throws(TrainerError) -> NodeGroups {
    guard let groups = try NodeGroups.make(world, NodePlacement(nodes)) else { throw TrainerError(.shape, "\(nodes)", "makes no groups") }
    return groups
}

let hierarchyChecks = [
    Check("hierarchy.sum") { (world) throws(TrainerError) in
        // Values that round: the same as a loop in Double to float32's rounding, and the same bits everywhere.
        let device = try CPUDevice(threadCount: 1)
        for nodes in placements(world) {
            let group = MPIGroup(world, nodes: try made(world, nodes))
            for count in [1, 3, 31, 1000, 300_007] {
                let tensor = try device.tensor(values(count, rank: world.rank))
                try group.startSum(tensor, name: "tensor").wait()
                try expectClose(tensor.values(), sums(count, size: world.size), relative: 4e-7, "\(count) elements on nodes \(nodes)")
                let flat = MPIGroup(world)
                let other = try device.tensor(values(count, rank: world.rank))
                try flat.startSum(other, name: "tensor").wait()
                try expectClose(tensor.values(), other.values(), relative: 4e-7, "\(count) elements, the sum that tells no nodes apart")
                let bits = tensor.values().withUnsafeBytes { Array($0) }
                try expectEqual(try group.broadcast(bits, name: "bits") == bits, true, "the bits of \(count) elements equal rank 0's")
            }
        }
    },
    Check("hierarchy.several") { (world) throws(TrainerError) in
        // Many under way at once, of all sizes, with scattered sums and gathers of the same group between, ranks looking after them unequally often.
        let device = try CPUDevice(threadCount: 1)
        let counts = [300_007, 1, 0, 4097, 50_000, 13]
        for nodes in placements(world) {
            let group = MPIGroup(world, nodes: try made(world, nodes))
            let tensors = try counts.map { (count) throws(TrainerError) in try device.tensor(values(count, rank: world.rank)) }
            let scattered = try counts.map { (count) throws(TrainerError) in try device.tensor(values(count, rank: world.rank)) }
            for (index, (tensor, other)) in zip(tensors, scattered).enumerated() {
                try group.startSum(tensor, name: "tensor \(index)")
                let transfer = try group.startScatteredSum(other, name: "scattered \(index)")
                for _ in 0..<world.rank * 3 { group.progress() }
                if index == 3 { try transfer.wait() }
            }
            try group.finish()
            for (tensor, other) in zip(tensors, scattered) {
                let wanted = sums(tensor.count, size: world.size)
                try expectClose(tensor.values(), wanted, relative: 4e-7, "\(tensor.count) elements on nodes \(nodes)")
                let own = evenPart(world.rank, of: world.size, count: tensor.count)
                try expectClose(group.part(of: other).values(), Array(wanted[own]), relative: 4e-7, "\(tensor.count) elements, scattered")
            }
        }
    },
    Check("hierarchy.rounded") { (world) throws(TrainerError) in
        // Rounded on their way to other nodes: half the bytes there, the same bits on every rank, exact and rounded ones under way at once.
        let device = try CPUDevice(threadCount: 1)
        for nodes in placements(world) {
            let groups = try made(world, nodes)
            let group = MPIGroup(world, nodes: groups)
            device.progress = { group.progress() }
            defer { device.progress = nil }
            // Small whole numbers, which no type rounds: what arrives is what was sent, wherever it belongs.
            let types = [ElementType.bfloat16, .float32, .float16]
            let counts = [300_007, 200_003, 900_001, 5, 100_000, 0, 290_000]
            let tensors = try counts.map { (count) throws(TrainerError) in
                try device.tensor((0..<count).map { Float(($0 % 11) + world.rank) })
            }
            for (index, tensor) in tensors.enumerated() {
                try group.startSum(tensor, as: types[index % 3], name: "tensor \(index)")
                for _ in 0..<world.rank * 3 { group.progress() }
            }
            try group.finish()
            let ranks = world.size * (world.size - 1) / 2
            for tensor in tensors {
                let wanted = (0..<11).map { Float(world.size * $0 + ranks) }
                let isRight = zip(0..., tensor.values()).allSatisfy { wanted[$0 % 11] == $1 }
                try expectEqual(isRight, true, "\(tensor.count) elements on nodes \(nodes)")
            }
            for (type, tolerance) in [(ElementType.bfloat16, 1e-2), (.float16, 1e-3)] as [(ElementType, Float)] {
                let tensor = try device.tensor(values(1000, rank: world.rank))
                try group.startSum(tensor, as: type, name: "tensor").wait()
                try expectClose(tensor.values(), sums(1000, size: world.size), relative: tolerance, "1000 elements as \(type)")
                let bits = tensor.values().withUnsafeBytes { Array($0) }
                try expectEqual(try group.broadcast(bits, name: "bits") == bits, true, "the bits as \(type) equal rank 0's")
            }
            let before = (groups.across.sentBytes, group.sentBytes)
            try group.startSum(try device.zeros(1, 3600), as: .bfloat16, name: "tensor").wait()
            let across = groups.across.sentBytes - before.0
            let nodeCount = groups.across.size
            try expectEqual(across * groups.within.size, 2 * (nodeCount - 1) * 2 * 3600 / nodeCount, "bytes from a node to others")
            let within = 2 * (groups.within.size - 1) * 4 * 3600 / groups.within.size
            try expectEqual(group.sentBytes - before.1, across + within, "bytes that the group counts")
        }
    },
    Check("hierarchy.volume") { (world) throws(TrainerError) in
        // A node sends 2 (N - 1) / N of the tensor to others, counted where messages are sent; and the group counts all bytes.
        let device = try CPUDevice(threadCount: 1)
        for nodes in placements(world) {
            let groups = try made(world, nodes)
            let group = MPIGroup(world, nodes: groups)
            let tensor = try device.zeros(1, 3600)
            let (nodeCount, perNode) = (groups.across.size, groups.within.size)
            try group.startSum(tensor, name: "tensor").wait()
            try expectEqual(groups.across.sentBytes * perNode, 2 * (nodeCount - 1) * tensor.byteCount / nodeCount, "bytes from a node to others")
            try expectEqual(groups.within.sentBytes, 2 * (perNode - 1) * tensor.byteCount / perNode, "bytes to ranks of the node")
            try expectEqual(group.sentBytes, groups.across.sentBytes + groups.within.sentBytes, "bytes that the group counts")
            for type in [ElementType.float32, .bfloat16] { try group.startSum(try device.zeros(1, 4003), as: type, name: "tensor").wait() }
            try expectEqual(group.sentBytes, groups.across.sentBytes + groups.within.sentBytes, "bytes that the group counts of uneven parts")
        }
    },
    Check("hierarchy.grid") { (world) throws(TrainerError) in
        // In a grid, groups that lie on nodes evenly sum by them; those that don't do as ever.
        let device = try CPUDevice(threadCount: 1)
        let nodes = (0..<world.size).map { $0 / 2 }
        let shapes = [
            GridShape(data: world.size), GridShape(data: world.size / 2, tensor: 2), GridShape(data: world.size, sharing: world.size / 2),
            GridShape(data: world.size, sharing: 1),
        ]
        for shape in shapes {
            let grid = try ProcessGrid.make(shape, world, nodes: nodes)
            for (group, name) in [(grid.replicas, "replicas"), (grid.mirrors, "mirrors"), (grid.shards, "shards"), (grid.tensor, "tensor")] {
                let tensor = try device.tensor([Float](repeating: 1, count: 10_007))
                try group.startSum(tensor, name: name)
                try grid.world.finish()
                try group.finish()
                try expectEqual(Set(tensor.values()), [Float(group.size)], "\(shape): the sum over \(name)")
            }
        }
    },
    Check("hierarchy.uneven") { (world) throws(TrainerError) in
        for nodes in [(0..<world.size).map { min($0, 1) }, [Int](repeating: 7, count: world.size), Array(0..<world.size)] {
            try expectEqual(try NodeGroups.make(world, NodePlacement(nodes)) == nil, true, "no groups for nodes \(nodes)")
        }
    },
    Check("hierarchy.nodes") { (world) throws(TrainerError) in
        // All ranks of a test are on one machine.
        try expectEqual(try world.nodes(try world.onThisNode()), [Int](repeating: 0, count: world.size), "the nodes of ranks on one machine")
    },
]

private func values(_ count: Int, rank: Int) -> [Float] {
    let random = Philox(seed: UInt64(rank) + 1, purpose: .initialValues)
    return (0..<count).map { Philox.unit(random.words(UInt64($0)).0) - 0.5 }
}

/// By a loop in Double.
private func sums(_ count: Int, size: Int) -> [Float] {
    let all = (0..<size).map { values(count, rank: $0) }
    return (0..<count).map { place in Float(all.reduce(0.0) { $0 + Double($1[place]) }) }
}

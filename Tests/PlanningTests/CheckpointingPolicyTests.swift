import Testing

@testable import Planning

@Suite struct CheckpointingPolicyTests {
    @Test("policies are read as they are written; every_1, zeros in front and signs are refused with what is wanted")
    func words() throws {
        for (text, policy) in [
            ("none", CheckpointingPolicy.none), ("selective", .selective), ("full", .full), ("every_2", .every(2)), ("every_12", .every(12)),
        ] {
            let loaded = try RunConfiguration.load(yaml: smallest + "memory: {checkpointing: \(text)}\n", file: "run.yaml")
            #expect(loaded.configuration.memory.checkpointing == policy)
            #expect(loaded.resolvedYAML().contains("checkpointing: \(text) "))
        }
        for text in ["every_1", "every_02", "every_-2", "every_", "every_2x", "3"] {
            let found = refusal(smallest + "memory: {checkpointing: \(text)}\n")
            #expect(found.count == 1 && found[0].contains("wants none, selective, full, or every_2, every_3 and so on"), "\(found)")
        }
    }

    @Test("a spill folder that nothing spills to is refused")
    func spillFolder() {
        let found = refusal(smallest + "memory: {spill_folder: /tmp}\n")
        #expect(found.count == 1 && found[0].contains("memory.spill_folder") && found[0].contains("offload_activations"), "\(found)")
    }
}

import Testing

@Suite struct PlanChecksTests {
    private func inert(_ key: String, _ condition: String) -> String {
        "configuration: command line: \(key): has no effect: it counts only \(condition). Remove it or change the other key."
    }

    @Test("pain 36: keys that another section or key makes inert are refused")
    func inertKeys() {
        let adapters = "where method.kind is lora or qlora"
        #expect(
            refusal(smallest, ["method.kind=full", "method.r=8", "model.dtype=bfloat16"]) == [inert("method.r", adapters)])
        let warmup = "where training.schedule.kind is linear or cosine"
        for key in ["warmup_ratio=0.1", "warmup_steps=5"] {
            let found = refusal(smallest, ["training.schedule.kind=constant", "training.schedule.\(key)"])
            #expect(found == [inert("training.schedule.\(key.prefix { $0 != "=" })", warmup)])
        }
        let held = "where data.validation is given"
        #expect(refusal(smallest, ["training.eval_steps=5"]) == [inert("training.eval_steps", held)])
        #expect(refusal(smallest, ["evaluation.task=field_match"]) == [inert("evaluation.task", held)])
        #expect(refusal(smallest, ["checkpoint.keep_best=true"]) == [inert("checkpoint.keep_best", "where training.eval_steps is given")])
        #expect(
            refusal(smallest, ["data.validation=0.1", "evaluation.rows=5"]) == [inert("evaluation.rows", "where evaluation.task is field_match")])
        #expect(
            refusal(smallest, ["training.max_steps=5", "training.epochs=2"]) == [inert("training.epochs", "where training.max_steps is not given")])
    }

    @Test("16 bits: gradients that wait so are those that ranks share out, and keys of what is not divided or scaled are inert")
    func rounding() {
        for stage in 0...1 {
            #expect(
                refusal(smallest, ["memory.gradient_dtype=float16", "parallel.zero=\(stage)"]) == [
                    "configuration: command line: memory.gradient_dtype: float16 is for gradients that ranks share out, and parallel.zero is \(stage). "
                        + "Use parallel.zero=2, 3 or auto, or memory.gradient_dtype=float32."
                ])
        }
        for stage in ["2", "3", "auto"] { #expect(refusal(smallest, ["memory.gradient_dtype=float16", "parallel.zero=\(stage)"]).isEmpty) }
        let divided = "where parallel.tensor, parallel.pipeline or parallel.context is more than 1"
        #expect(refusal(smallest, ["parallel.activation_dtype=bfloat16"]) == [inert("parallel.activation_dtype", divided)])
        #expect(refusal(smallest, ["parallel.activation_dtype=bfloat16", "parallel.context=2"]).isEmpty)
        let power = "training.initial_scale_power"
        #expect(refusal(smallest, ["\(power)=8"]) == [inert(power, "where something is float16")])
        #expect(
            refusal(smallest, ["\(power)=8", "training.loss_scale=8", "memory.activation_dtype=float16"]) == [
                inert(power, "where training.loss_scale is auto")
            ])
        #expect(refusal(smallest, ["\(power)=8", "memory.activation_dtype=float16"]).isEmpty)
        for scale in ["3", "0.5", "0", "8589934592", "many"] {
            let found = refusal(smallest, ["training.loss_scale=\(scale)"])
            #expect(found.count == 1 && found[0].contains("auto or a power of two from 1 to 4294967296"), "\(found)")
        }
        for scale in ["1", "65536", "4294967296", "auto"] { #expect(refusal(smallest, ["training.loss_scale=\(scale)"]).isEmpty) }
    }

    @Test("batch: tokens or rows, never both; neither means the default of tokens")
    func batch() {
        let both = refusal(smallest, ["training.global_batch_tokens=4096", "training.global_batch_rows=8"])
        #expect(both == [inert("training.global_batch_tokens", "where training.global_batch_rows is not given")])
        #expect(refusal(smallest, ["training.global_batch_rows=8"]).isEmpty)
        #expect(refusal(smallest).isEmpty)
    }

    @Test("lengths: a row that fits no microbatch or no step is refused, and both keys are named")
    func lengths() {
        #expect(
            refusal(smallest, ["data.sequence_length=4096"]) == [
                "configuration: command line: data.sequence_length: a row may have 4096 tokens, which training.microbatch_tokens of 2048 can't take. "
                    + "Raise training.microbatch_tokens or lower data.sequence_length."
            ])
        let step = refusal(smallest, ["training.global_batch_tokens=512"])
        #expect(step.count == 1 && step[0].contains("training.global_batch_tokens of 512 can't take"))
        #expect(refusal(smallest, ["training.global_batch_rows=8", "data.sequence_length=2048"]).isEmpty)
    }

    @Test("validation: a share lies above 0 and below 1, and the file is not the one trained on")
    func validation() {
        for value in ["0", "1", "1.5", "-0.1", "true", "null", "[]"] {
            let wanted = value == "null" ? 0 : 1
            #expect(refusal(smallest, ["data.validation=\(value)"]).count == wanted, "\(value)")
        }
        let same =
            "configuration: command line: data.validation: is what is trained on. Name a file of held-out rows, or a share such as 0.05."
        #expect(refusal(smallest, ["data.validation=t.jsonl"]) == [same])
    }

    @Test("checkpoints: none kept is refused, for a run could not go on")
    func keepLast() {
        let line = "configuration: command line: checkpoint.keep_last: found 0, wants a whole number from 1 to 1000000."
        #expect(refusal(smallest, ["checkpoint.keep_last=0"]) == [line])
    }

    @Test("warm-up that never ends and copies that do not match the ranks are refused")
    func warmupAndRanks() {
        let steps = refusal(smallest, ["training.max_steps=10", "training.schedule.warmup_steps=10"])
        #expect(
            steps == [
                "configuration: command line: training.schedule.warmup_steps: 10 steps of warm-up do not end within training.max_steps of 10. Use fewer."
            ])
        let copies = refusal(smallest, ["parallel.data=3"], rankCount: 4)
        #expect(copies == ["configuration: command line: parallel.data: asks for 3 copies on 4 ranks. Use auto or 4, or start 3 ranks."])
        #expect(refusal(smallest, ["parallel.data=4"], rankCount: 4).isEmpty)
    }

    @Test("grids that do not make up the ranks, and schedules that do not go with their chunks, are refused")
    func grids() {
        let six =
            "copies of the model of pipeline 2 × tensor 3 take 6 ranks each, and the job has 8. Start 6 or 12 ranks, or divide the model otherwise."
        #expect(refusal(smallest, ["parallel.pipeline=2", "parallel.tensor=3"], rankCount: 8) == ["configuration: parallel: \(six)"])
        #expect(
            refusal(smallest, ["parallel.data=2", "parallel.tensor=3"], rankCount: 4) == [
                "configuration: command line: parallel.data: asks for 2 copies of tensor 3 on 4 ranks. Start 6 ranks."
            ])
        let chunks = refusal(smallest, ["parallel.pipeline=2", "parallel.pipeline_schedule=interleaved"], rankCount: 2)
        #expect(
            chunks == [
                "configuration: parallel.pipeline_chunks: 1 does not go with the pipeline schedule interleaved. Use 2 or more, or the schedule gpipe or 1f1b or zero_bubble."
            ])
        #expect(
            refusal(smallest, ["parallel.pipeline=2", "parallel.pipeline_chunks=2"], rankCount: 2) == [
                "configuration: command line: parallel.pipeline_chunks: 2 does not go with the pipeline schedule 1f1b. Use 1, or the schedule interleaved."
            ])
        #expect(refusal(smallest, ["parallel.pipeline_chunks=2"]) == [inert("parallel.pipeline_chunks", "where parallel.pipeline is more than 1")])
        #expect(
            refusal(smallest, ["parallel.pipeline=2", "parallel.pipeline_schedule=1f1"]).first?.contains("Did you mean 1f1b") == true
        )
        #expect(refusal(smallest, ["parallel.pipeline=2", "parallel.tensor=2", "parallel.context=2"], rankCount: 16).isEmpty)
    }
}

public import Adapters
public import Data
public import Optimizers
public import Parallelism
public import Support

/// Everything a run can be told, as the sections of its YAML file.
public struct RunConfiguration: ConfigurationOptions {
    public var model = ModelOptions()
    public var method = MethodOptions()
    public var data = DataOptions()
    public var training = TrainingOptions()
    public var parallel = ParallelOptions()
    public var memory = MemoryOptions()
    public var checkpoint = CheckpointOptions()
    public var evaluation = EvaluationOptions()
    /// The run's folder.
    public var output = ""

    public init() {}

    public static var keys: [ConfigurationKey<RunConfiguration>] {
        [
            .section("model", \.model, "The model that is trained"),
            .section("method", \.method, "How it is trained"),
            .section("data", \.data, "What it is trained on"),
            .section("training", \.training, "How long, in what batches, by which update rule"),
            .section("parallel", \.parallel, "How the ranks share the work"),
            .section("memory", \.memory, "Time given for memory"),
            .section("checkpoint", \.checkpoint, "What is kept so that a run can go on"),
            .section("evaluation", \.evaluation, "What is measured on held-out rows before and after"),
            .key("output", \.output, "Folder of the run: configuration, metrics, logs, checkpoints, result").required().known(as: "output_dir"),
        ]
        .only(at: "training.eval_steps", "where data.validation is given") { $0.data.validation != nil }
        .only(at: "checkpoint.keep_best", "where training.eval_steps is given") { $0.training.evalSteps != nil && $0.data.validation != nil }
        .only(at: "memory.spill_folder", "where memory.offload_activations or training.optimizer.paged is true") {
            $0.memory.offloadActivations || $0.training.optimizer.paged
        }
        .only(at: "training.initial_scale_power", "where something is float16") { $0.usesFloat16 }
        .only(at: "checkpoint.background", "where training.optimizer.paged is false") { !$0.training.optimizer.paged }
        .only(at: "evaluation.task", "where data.validation is given") { $0.data.validation != nil }
        .only(at: "evaluation.rows", "where data.validation is given") { $0.data.validation != nil }
        .only(at: "evaluation.samples", "where data.validation is given") { $0.data.validation != nil }
        .only(at: "evaluation.max_new_tokens", "where data.validation is given") { $0.data.validation != nil }
    }
}

extension RunConfiguration {
    /// Whether what is trained, saved for the backward, kept or sent is float16, whose range small gradients fall out of.
    public var usesFloat16: Bool {
        method.kind == .full && model.dtype == .float16
            || [memory.activationDtype, memory.gradientDtype, parallel.gradientDtype, parallel.activationDtype].contains(.float16)
    }

    /// Whether ranks that share the work round what one rank does not: what they send, or the parts of gradients that they keep.
    public var roundsAmongRanks: Bool {
        ![memory.gradientDtype, parallel.gradientDtype, parallel.activationDtype].allSatisfy { $0 == .float32 }
    }
}

// MARK: - Sections

/// The model that is trained.
public struct ModelOptions: ConfigurationOptions {
    /// How weights are stored in memory; products are computed in float32 either way. Trained ones in bfloat16 or float16 have float32 masters with
    /// the optimizer.
    public enum DType: String, CaseIterable, ConfigurationValue {
        /// As in the checkpoint.
        case auto
        case float32, bfloat16, float16

        /// The type that was given; nil for auto.
        public var given: FloatType? { FloatType(rawValue: rawValue) }
    }

    /// A Hugging Face folder, a GGUF file, or a hub's `owner/name`.
    public var path = ""
    /// Whether the network may be used to fetch it.
    public var download = false
    public var dtype = DType.auto

    public init() {}

    public static var keys: [ConfigurationKey<ModelOptions>] {
        [
            .key("path", \.path, "Hugging Face folder or GGUF file of the model, or owner/name or owner/name@revision on a hub").required()
                .known(as: "model_name_or_path", "base_model", "model_name"),
            .key("download", \.download, "Whether a model that is neither here nor in the hub's cache may be fetched from the hub")
                .known(as: "allow_download"),
            .key("dtype", \.dtype, "How weights are stored to compute with; auto is the checkpoint's type for frozen ones, float32 for trained ones")
                .known(as: "torch_dtype"),
        ]
    }
}

/// How the model is trained.
public struct MethodOptions: ConfigurationOptions {
    public enum Kind: String, CaseIterable, ConfigurationValue {
        /// Every weight.
        case full
        /// Adapters beside frozen weights.
        case lora
        /// Adapters beside frozen weights in NF4.
        case qlora
    }

    public var kind = Kind.lora
    /// Its keys stand beside `kind`.
    public var lora = LoRAOptions()

    public init() {}

    public static var keys: [ConfigurationKey<MethodOptions>] {
        let kind: [ConfigurationKey<MethodOptions>] = [
            .key("kind", \.kind, "Train every weight, adapters, or adapters on a base of 4 bits").known(as: "finetuning_type", "peft_type")
        ]
        return kind + .including(\.lora, only: "where method.kind is lora or qlora") { $0.kind != .full }
    }
}

/// How long, in what batches and by which update rule.
public struct TrainingOptions: ConfigurationOptions {
    public var epochs = 1
    /// Instead of `epochs`.
    public var maxSteps: Int?
    /// Tokens per step, over all ranks and microbatches.
    public var globalBatchTokens = 8192
    /// Rows per step, instead of `globalBatchTokens`.
    public var globalBatchRows: Int?
    public var microbatchTokens = 2048
    public var optimizer = OptimizerOptions()
    public var schedule = ScheduleOptions()
    public var seed = 42
    public var loggingSteps = 10
    public var evalSteps: Int?
    public var onNonfinite = NonFiniteChoice.stop
    /// Steps in a row.
    public var nonfiniteLimit = 5
    /// Times the median of the last gradient norms; nil turns it off.
    public var spikeSkip: Double?
    /// Steps.
    public var spikeWindow = 50
    public var checkReplicasSteps: Int? = 100
    public var lossScale = LossScaleChoice.auto
    /// The first one is two to this power.
    public var initialScalePower = 16
    public var profile = false

    public init() {}

    public static var keys: [ConfigurationKey<TrainingOptions>] {
        [
            .key("epochs", \.epochs, .from(1, to: 1_000_000), "Passes over the data").known(as: "num_train_epochs", "num_epochs", "max_epochs")
                .only("where training.max_steps is not given") { $0.maxSteps == nil },
            .key("max_steps", \.maxSteps, .count, "Steps to train, over as many epochs as they take").known(as: "iters", "total_steps"),
            .key("global_batch_tokens", \.globalBatchTokens, .count, "Tokens per step over all ranks; a step takes whole rows up to it")
                .known(as: "batch_tokens")
                .only("where training.global_batch_rows is not given") { $0.globalBatchRows == nil },
            .key("global_batch_rows", \.globalBatchRows, .count, "Rows per step over all ranks, whatever their length")
                .known(as: "batch_size", "global_batch_size", "train_batch_size", "per_device_train_batch_size", "gradient_accumulation_steps"),
            .key("microbatch_tokens", \.microbatchTokens, .count, "Tokens of one forward and backward on a rank; sets memory, not the result")
                .known(as: "micro_batch_size", "per_device_batch_size"),
            .section("optimizer", \.optimizer, "The update rule"),
            .section("schedule", \.schedule, "The learning rate over the run"),
            .key("seed", \.seed, .from(0), "Decides the order of rows, initial values of adapters, dropout and the held-out share").known(
                as: "random_state"),
            .key("logging_steps", \.loggingSteps, .count, "Steps between lines of progress where there is no terminal; metrics hold every step"),
            .key("eval_steps", \.evalSteps, .count, "Steps between measurements of the held-out loss; before and after the run in any case")
                .known(as: "eval_interval", "eval_every"),
            .key("on_nonfinite", \.onNonfinite, "Whether a loss or gradient that is not finite ends the run, or its update alone is left out"),
            .key("nonfinite_limit", \.nonfiniteLimit, .count, "So many steps in a row that are not finite end the run")
                .only("where training.on_nonfinite is skip") { $0.onNonfinite == .skip },
            .key(
                "spike_skip", \.spikeSkip, .above(1),
                "Leave out the update of a gradient whose norm is above so many times the median of the last steps; null for none"),
            .key(
                "spike_window", \.spikeWindow, .from(2, to: 10_000), "Steps whose norms that median is taken over; the first ones are never left out"
            )
            .only("where training.spike_skip is given") { $0.spikeSkip != nil },
            .key(
                "check_replicas_steps", \.checkReplicasSteps, .count,
                "Steps after which ranks that hold the same trained values compare them, as they do before each checkpoint; null for never"),
            .key(
                "loss_scale", \.lossScale,
                "What losses are multiplied by before the backward and gradients divided by after it, so that float16 holds them: auto halves it when a gradient is not finite, doubles it after 2000 steps, and is 1 where nothing is float16"
            ),
            .key("initial_scale_power", \.initialScalePower, .from(0, to: 32), "The loss scale begins at two to this power")
                .only("where training.loss_scale is auto") { if case .auto = $0.lossScale { true } else { false } },
            .key("profile", \.profile, "Write what each rank does when, for chrome://tracing: the operations of five steps, the phases of all")
                .known(as: "profiler", "tensorboard_trace"),
        ]
    }
}

/// What becomes of a step whose loss or gradient is not finite.
public enum NonFiniteChoice: String, CaseIterable, ConfigurationValue {
    /// The run ends.
    case stop
    /// Its update is left out.
    case skip
}

/// How the ranks share the work.
public struct ParallelOptions: ConfigurationOptions {
    /// Copies of the model, which train on rows of their own.
    public var data = AutomaticCount.auto
    /// Ranks that share out each matrix.
    public var tensor = 1
    /// Stages that share out the blocks.
    public var pipeline = 1
    public var pipelineSchedule = PipelineScheduleName()
    /// Runs of blocks of each stage.
    public var pipelineChunks = 1
    /// Ranks that share out the tokens of each sequence.
    public var context = 1
    /// What the copies share out: 0 nothing, 1 the optimizer's states, 2 also gradients, 3 also parameters.
    public var zero = ZeROChoice.auto
    /// How many copies share out; the others do the same.
    public var zeroRanks = AutomaticCount.auto
    public var hierarchical = HierarchicalChoice.auto
    /// How gradients travel between the copies.
    public var gradientDtype = FloatType.float32
    /// How activations and their gradients travel between the ranks of one copy.
    public var activationDtype = FloatType.float32
    /// Threads of each rank.
    public var threads = AutomaticCount.auto
    /// The longest wait for other ranks in one call; nil for any.
    public var timeoutSeconds: Double? = 1800

    public init() {}

    public static var keys: [ConfigurationKey<ParallelOptions>] {
        [
            .key("data", \.data, "Copies of the model, each with rows of its own; auto is as many as there are ranks for")
                .known(as: "data_parallel_size", "dp"),
            .key("tensor", \.tensor, .from(1, to: 4096), "Ranks that share out the rows or columns of each matrix, next to each other on a node")
                .known(as: "tensor_parallel_size", "tensor_model_parallel_size", "tp"),
            .key("pipeline", \.pipeline, .from(1, to: 4096), "Stages that share out the blocks; microbatches go through them one after another")
                .known(as: "pipeline_parallel_size", "pipeline_model_parallel_size", "pp"),
            .key("pipeline_schedule", \.pipelineSchedule, "In what order stages do forwards and backwards of a step's microbatches")
                .only("where parallel.pipeline is more than 1") { $0.pipeline > 1 },
            .key("pipeline_chunks", \.pipelineChunks, .from(1, to: 1024), "Runs of blocks of each stage, for the schedule interleaved")
                .known(as: "virtual_pipeline_size")
                .only("where parallel.pipeline is more than 1") { $0.pipeline > 1 },
            .key("context", \.context, .from(1, to: 4096), "Ranks that share out the tokens of each sequence, for sequences that are long")
                .known(as: "context_parallel_size", "cp"),
            .key(
                "zero", \.zero,
                "What the copies share out instead of each keeping all of it: 0 nothing, 1 optimizer states, 2 also gradients, 3 also parameters; auto is the least that fits into memory"
            ).known(as: "zero_stage", "stage", "zero_optimization"),
            .key(
                "zero_ranks", \.zeroRanks,
                "How many of the ranks that hold the same parameters share them out, neighbours each, such as those of a node; auto is all"
            ).known(as: "fsdp_shard_size", "zero_hpz_partition_size"),
            .key(
                "hierarchical", \.hierarchical,
                "Sums of gradients go within each node first, then between the N nodes, so that a node sends 2 (N - 1) / N of them, once and not once for each of its ranks: those of all ranks with the same parameters in stage 0, those of the ranks with the same part where zero_ranks shares out; auto is where nodes hold as many of these ranks each, at least 2"
            ).known(as: "hierarchical_allreduce")
                .only("where parallel.zero is 0 or auto, or parallel.zero_ranks is given") { options in
                    if case .stage(let stage) = options.zero { stage == .nothing || options.zeroRanks.given != nil } else { true }
                },
            .key(
                "gradient_dtype", \.gradientDtype,
                "How gradients travel between copies, which add them in float32; bfloat16 and float16 are half the bytes and round them. Where sums go by nodes, from node to node alone"
            ).known(as: "reduce_dtype", "communication_data_type", "grad_reduce_dtype"),
            .key(
                "activation_dtype", \.activationDtype,
                "How activations and their gradients travel between the stages of a pipeline and in tensor and context groups; gradients of norms and other copies in a tensor group stay float32"
            ).only("where parallel.tensor, parallel.pipeline or parallel.context is more than 1") { max($0.tensor, $0.pipeline, $0.context) > 1 },
            .key("threads", \.threads, "Threads of each rank; auto shares the node's cores among its ranks").known(
                as: "num_threads", "omp_num_threads"),
            .key(
                "timeout_seconds", \.timeoutSeconds, .from(1, to: 31_536_000),
                "Longest wait for other ranks in one call; then the ranks that are missing are named and the job ends with status 75; null for none"
            ).known(as: "ddp_timeout", "dist_timeout", "timeout"),
        ]
    }
}

extension ParallelOptions {
    /// The grid of a job of so many ranks.
    ///
    /// - Throws: `configuration` if these sizes do not make it up.
    public func grid(rankCount: Int) throws(TrainerError) -> GridShape {
        try GridShape.fitting(rankCount: rankCount, data: data.given, pipeline: pipeline, context: context, tensor: tensor, sharing: zeroRanks.given)
    }
}

/// Time given for memory.
public struct MemoryOptions: ConfigurationOptions {
    public var checkpointing = CheckpointingPolicy.none
    /// How activations are kept for the backward.
    public var activationDtype = FloatType.float32
    /// How the gradients that a rank keeps of what is shared out wait for the update.
    public var gradientDtype = FloatType.float32
    public var offloadActivations = false
    /// The run's folder if nil.
    public var spillFolder: String?

    public init() {}

    public static var keys: [ConfigurationKey<MemoryOptions>] {
        [
            .key("checkpointing", \.checkpointing, "What is computed again in backward instead of being kept: gate and up, blocks, every n-th block")
                .known(as: "gradient_checkpointing", "activation_checkpointing"),
            .key(
                "activation_dtype", \.activationDtype,
                "How activations wait for the backward; bfloat16 and float16 take half the memory and round them"
            ).known(as: "bf16", "fp16", "mixed_precision"),
            .key(
                "gradient_dtype", \.gradientDtype,
                "How the gradients that ranks share out (parallel.zero 2 or 3) wait for the update; bfloat16 and float16 round each microbatch's sum"
            ).known(as: "grad_dtype", "gradient_accumulation_dtype", "grad_accum_dtype"),
            .key("offload_activations", \.offloadActivations, "Whether activations wait for the backward in a file on a disk").known(
                as: "activation_offloading", "cpu_offload"),
            .key("spill_folder", \.spillFolder, "Folder on a fast disk of the node for what leaves memory; by default the run's own folder")
                .known(as: "offload_folder", "nvme_path"),
        ]
    }
}

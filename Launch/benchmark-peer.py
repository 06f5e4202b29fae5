#!/usr/bin/env python3
"""The peer's side of trainer's benchmarks: the same job in transformers, PEFT and bitsandbytes, in float32 on the CPU.

    benchmark-peer.py synthetic MODEL METHOD     8 sequences of 256 random tokens a step, every token trained
    benchmark-peer.py pairs MODEL METHOD FILE    32 rows a step in the file's order, completions trained, padded to the longest row
    benchmark-peer.py quality MODEL FILE --order ORDER --held-out INDICES
                                                 one epoch of LoRA, then the loss of rows it never saw

MODEL is a Hugging Face folder; METHOD is full, lora (rank 16, alpha 32, every decoder projection) or qlora (the same over NF4 quantised
twice). FILE holds a JSON object a line, either {"prompt", "completion"}, joined as they stand and closed by the end-of-text token, or
{"tokens", "trained"}, one number per token each, for rows that another program made. A token that holds any part of the completion is trained.

Prints one line of JSON. `tokens_per_second` is the median over the measured steps and counts tokens of rows, never padding. A step is
forward, backward and AdamW (fused, no decay, no clipping in the speed runs, so nothing is done here that trainer leaves out). Under
`torchrun --nproc-per-node N` the rows of a step are dealt out over N processes of --threads each (DistributedDataParallel over gloo, or with --sharded
fully_shard of each block, FSDP2); as there each process averages over its own tokens, `pairs` then weighs tokens unevenly, which changes losses, not speed.
On two idle cores and a model of 135 million parameters the speed runs take a minute or two, `quality` half an hour.
"""

import argparse
import json
import math
import os
import resource
import statistics
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import peft
import torch
import transformers

IGNORED = -100
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def load_model(arguments, method):
    quantisation = transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.float32)
    options = {"quantization_config": quantisation, "device_map": "cpu"} if method == "qlora" else {}
    model = transformers.AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32, **options)
    model.config.use_cache = False
    if method == "qlora":
        model = peft.prepare_model_for_kbit_training(
            model, use_gradient_checkpointing=arguments.checkpointing, gradient_checkpointing_kwargs={"use_reentrant": False})
    elif arguments.checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    if method != "full":
        model = peft.get_peft_model(model, peft.LoraConfig(
            r=arguments.rank, lora_alpha=arguments.alpha, lora_dropout=0.0, target_modules=PROJECTIONS, task_type="CAUSAL_LM"))
    if arguments.compile:
        model.compile()
    return model.train()


def make_optimizer(model, arguments):
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(parameters, lr=arguments.learning_rate, weight_decay=0.0, fused=True)


def shard(model, size):
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard
    mesh = init_device_mesh("cpu", (size,))
    for module in model.modules():
        if type(module).__name__.endswith("DecoderLayer"):
            fully_shard(module, mesh=mesh)
    fully_shard(model, mesh=mesh)


# Rows


def read_rows(path, tokenizer):
    rows = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if "tokens" not in row:
                text = row["prompt"] + row["completion"] + tokenizer.eos_token
                encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
                row = {"tokens": encoded["input_ids"], "trained": [end > len(row["prompt"]) for _, end in encoded["offset_mapping"]]}
            labels = [token if trained else IGNORED for token, trained in zip(row["tokens"], row["trained"])]
            rows.append({"input_ids": row["tokens"], "attention_mask": [1] * len(labels), "labels": labels})
    return rows


def synthetic_rows(arguments):
    random = torch.Generator().manual_seed(arguments.seed)
    vocabulary = transformers.AutoConfig.from_pretrained(arguments.model).vocab_size
    tokens = torch.randint(0, vocabulary, (8, 256), generator=random).tolist()
    return [{"input_ids": row, "attention_mask": [1] * 256, "labels": row} for row in tokens]


def deal(rows):
    """This process's share of a step's rows, and how many tokens all shares hold."""
    rank, size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    return rows[rank::size], sum(len(row["input_ids"]) for row in rows)


# Speed


def measure(arguments):
    rank, size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if size > 1:
        torch.distributed.init_process_group("gloo")
    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.model)
    collate = transformers.DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=IGNORED)
    rows = synthetic_rows(arguments) if arguments.mode == "synthetic" else read_rows(arguments.file, tokenizer)
    per_step = 8 if arguments.mode == "synthetic" else arguments.rows
    model = load_model(arguments, arguments.method)
    if arguments.sharded:
        shard(model, size)
    optimizer = make_optimizer(model, arguments)
    if size > 1 and not arguments.sharded:
        model = torch.nn.parallel.DistributedDataParallel(model)
    losses, seconds, tokens = [], [], []
    for step in range(arguments.warmup + arguments.steps):
        if arguments.paced and rank == 0:
            sys.stdin.readline()
        first = step * per_step % max(1, len(rows) - per_step + 1)
        share, count = deal(rows[first:first + per_step])
        if size > 1:
            torch.distributed.barrier()
        begin = time.perf_counter()
        loss = model(**collate(share)).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if size > 1:
            torch.distributed.barrier()
        seconds.append(time.perf_counter() - begin)
        losses.append(loss.item())
        tokens.append(count)
        if arguments.paced and rank == 0:
            print(f"{seconds[-1]:.4f}", flush=True)
    measured = slice(arguments.warmup, None)
    rates = [count / second for count, second in zip(tokens[measured], seconds[measured])]
    result = {
        "mode": arguments.mode, "method": arguments.method, "checkpointing": arguments.checkpointing, "compiled": arguments.compile,
        "processes": size, "threads": arguments.threads, "tokens_per_second": statistics.median(rates), "best_tokens_per_second": max(rates),
        "step_seconds": seconds[measured], "step_tokens": tokens[measured], "losses": losses,
    }
    report(result, rank, size)


def report(result, rank, size):
    peaks = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]
    if size > 1:
        gathered = [None] * size
        torch.distributed.all_gather_object(gathered, peaks[0])
        peaks = gathered
    versions = {module.__name__: module.__version__ for module in (torch, transformers, peft)}
    if rank == 0:
        print(json.dumps(result | {"peak_resident_bytes": max(peaks), "versions": versions}), flush=True)
    if size > 1:
        torch.distributed.destroy_process_group()


# Quality


def held_out_loss(model, rows, collate):
    total, count = 0.0, 0
    model.eval()
    with torch.no_grad():
        for first in range(0, len(rows), 32):
            batch = collate(rows[first:first + 32])
            labels = batch.pop("labels")[:, 1:]
            logits = model(**batch).logits[:, :-1]
            total += torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum").item()
            count += int((labels != IGNORED).sum())
    model.train()
    return total / count


def read_indices(path):
    with open(path, encoding="utf-8") as lines:
        return [int(line) for line in lines if line.strip()]


def train_and_judge(arguments):
    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.model)
    collate = transformers.DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=IGNORED)
    rows = read_rows(arguments.file, tokenizer)
    order, unseen = read_indices(arguments.order), [rows[index] for index in read_indices(arguments.held_out)]
    model = load_model(arguments, "lora")
    optimizer = make_optimizer(model, arguments)
    total = math.ceil(len(order) / arguments.rows)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, math.ceil(0.03 * total), total)
    before, losses, begin = held_out_loss(model, unseen, collate), [], time.perf_counter()
    for step in range(min(total, arguments.steps or total)):
        picked = [rows[index] for index in order[step * arguments.rows:(step + 1) * arguments.rows]]
        loss = model(**collate(picked)).loss
        loss.backward()
        if arguments.maximum_norm > 0:
            torch.nn.utils.clip_grad_norm_(model.parameters(), arguments.maximum_norm)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        losses.append(loss.item())
        print(f"step {step + 1} of {total}: loss {losses[-1]:.4f}", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - begin
    result = {
        "mode": "quality", "steps": len(losses), "of": total, "held_out_rows": len(unseen), "held_out_loss_before": before,
        "held_out_loss": held_out_loss(model, unseen, collate), "training_seconds": seconds, "losses": losses,
    }
    if arguments.save:
        model.save_pretrained(arguments.save)
    report(result, 0, 1)


# The command line


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--threads", type=int, default=os.cpu_count(), help="of each process (default: all cores)")
    shared.add_argument("--paced", action="store_true", help="wait for a line of input before each step and answer it with the step's seconds")
    shared.add_argument("--checkpointing", action="store_true", help="recompute activations in the backward pass")
    shared.add_argument("--sharded", action="store_true", help="under torchrun: fully_shard instead of DistributedDataParallel")
    shared.add_argument("--compile", action="store_true", help="torch.compile; with pairs warm up for 3 steps, as lengths vary")
    shared.add_argument("--rank", type=int, default=16)
    shared.add_argument("--alpha", type=int, default=32)
    shared.add_argument("--learning-rate", type=float, default=2e-4)
    shared.add_argument("--rows", type=int, default=32, help="a step, where rows come from a file")
    shared.add_argument("--seed", type=int, default=0)
    modes = parser.add_subparsers(dest="mode", required=True)
    for mode in ("synthetic", "pairs", "quality"):
        options = modes.add_parser(mode, parents=[shared])
        options.add_argument("model")
        if mode != "quality":
            options.add_argument("method", choices=["full", "lora", "qlora"])
            options.add_argument("--warmup", type=int, default=1, help="steps before those measured")
        if mode != "synthetic":
            options.add_argument("file")
        options.add_argument("--steps", type=int, default=None if mode == "quality" else 5)
    quality = modes.choices["quality"]
    quality.add_argument("--order", required=True, help="rows to train on, an index from 0 a line, in this order")
    quality.add_argument("--held-out", required=True, help="rows to judge by, likewise")
    quality.add_argument("--maximum-norm", type=float, default=1.0, help="of the gradient; 0 clips nothing")
    quality.add_argument("--save", help="folder for the adapter")
    return parser.parse_args()


def main():
    arguments = parse()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if arguments.mode == "quality":
        train_and_judge(arguments)
    else:
        measure(arguments)


if __name__ == "__main__":
    main()

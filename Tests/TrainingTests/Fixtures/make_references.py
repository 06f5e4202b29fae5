#!/usr/bin/env python3
"""Writes the models, adapters and reference figures that trainer's numerics are checked against.

    python make_references.py          all of it, anew, in the folder of this script
    python make_references.py --check  the same in a temporary folder, compared with what lies here

Made with transformers, PEFT and bitsandbytes in float32 on a CPU; versions, settings and SHA-256 of every file are in manifest.json.
Each case is a Hugging Face model folder with further files (V is the vocabulary, T all tokens of the batch, S its sequences):

    config.json, *.safetensors  the model
    reference.safetensors       full fine-tuning
    adapter/                    a PEFT folder, LoRA; adapter_rslora/ the same weights with use_rslora
    lora.safetensors            that adapter on the model; rslora.safetensors its logits with use_rslora
    qlora.safetensors           that adapter on the model with NF4 decoder weights, constants quantised twice

`tied` has the lot; `untied` trains its head through modules_to_save; `bf16` and `sharded` test reading. What a reference file holds:

    tokens             int32 [T], sequences one after the other, no padding
    sequence_starts    int32 [S], where each begins in `tokens`
    trained            uint8 [T], 1 where the token is a target. Not shifted; the first token of a sequence is never a target, whatever it says
    logits             [T, V]
    loss               [1], sum of the targets' losses divided once by their number
    grad.<name>        of `loss`, under the name the parameter has in the file of the model or adapter
    gradient_norm      [1], over all of them
    losses             [5], of five AdamW steps on this batch, each taken before its update, at a constant learning rate
    losses_clipped     [5], the same with the gradient norm clipped to `maximum_norm`, [1]
    dequantised.<name> (qlora) what the NF4 codes of that weight stand for

Each sequence runs through the model alone, so these figures are the truth for any packing.
"""

import argparse
import hashlib
import json
import os
import pathlib
import platform
import shutil
import tempfile

import bitsandbytes
import numpy
import peft
import safetensors
import torch
import transformers
from bitsandbytes.functional import dequantize_4bit, quantize_4bit
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, LlamaConfig, LlamaForCausalLM

SEED = 20261122
LENGTHS = [5, 17, 32, 1, 23]
FULL = {"learning_rate": 1e-3, "weight_decay": 0.01}
ADAPTER = {"learning_rate": 5e-3, "weight_decay": 0.0}
ADAMW = {"betas": (0.9, 0.999), "eps": 1e-8}
LORA = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.0, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
SEVEN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]  # "all-linear" is written as every module's full path.

# As model hubs have them; "new" marks those written as transformers 5 writes a configuration.
SHAPE = {
    "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "vocab_size": 128, "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
    "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True, "bos_token_id": 1, "eos_token_id": 2,
}
UNTIED = SHAPE | {"tie_word_embeddings": False, "num_key_value_heads": 1}
# The original length is so short that fast, middling and slow rotations all occur among the 8 of a head.
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
CASES = {
    "tied": (SHAPE | {"intermediate_size": 128, "vocab_size": 256}, "float32", "hub"),
    "untied": (UNTIED | {"head_dim": 32}, "float32", "new"),
    "llama3": (SHAPE | {"rope_scaling": LLAMA3}, "float32", "hub"),
    "bf16": (SHAPE, "bfloat16", "hub"),
    "sharded": (UNTIED, "float16", "new"),
}


def write_model(case, options, precision, spelling, random):
    """A model with weights large enough that its logits are far from flat, in a folder of the case's name."""
    model = LlamaForCausalLM(LlamaConfig(**options))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = torch.randn(parameter.shape, generator=random)
            if "norm" in name:
                parameter.copy_(1 + 0.2 * values)
            else:
                parameter.copy_(0.12 * values)
    model.to(getattr(torch, precision))
    model.config.dtype = precision
    model.save_pretrained(case, max_shard_size="48KB" if case == "sharded" else "1GB")
    (pathlib.Path(case) / "generation_config.json").unlink()
    if spelling == "hub":
        written = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"} | options | {"torch_dtype": precision}
        (pathlib.Path(case) / "config.json").write_text(json.dumps(written, indent=2) + "\n")


def load(case, **options):
    return AutoModelForCausalLM.from_pretrained(case, dtype=torch.float32, attn_implementation="eager", **options)


def make_batch(vocabulary, random):
    """Five sequences: one without a target, one trained throughout, one whose second part is trained, one of one token, one ragged."""
    batch = []
    for kind, length in enumerate(LENGTHS):
        tokens = torch.randint(3, vocabulary, (length,), generator=random)
        everything, place = torch.ones(length, dtype=torch.bool), torch.arange(length)
        ragged = torch.rand(length, generator=random) < 0.6
        trained = [~everything, everything, place >= 12, everything, ragged][kind]
        batch.append((tokens, trained))
    return batch


def all_logits(model, batch):
    return [model(input_ids=tokens[None]).logits[0] for tokens, _ in batch]


def mean_loss(logits, batch):
    total, count = 0.0, 0
    for row, (tokens, trained) in zip(logits, batch):
        counted = trained[1:]
        if counted.any():
            total = total + torch.nn.functional.cross_entropy(row[:-1][counted], tokens[1:][counted], reduction="sum")
            count += int(counted.sum())
    return total / count


def file_name(name):
    """A parameter's name as PEFT's file spells it, where the model in memory also has the adapter's name."""
    return name.replace(".default", "").replace(".modules_to_save", "").replace(".original_module", "")


def trainable(model):
    return {file_name(name): parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def gradients(model, batch):
    model.zero_grad(set_to_none=True)
    logits = all_logits(model, batch)
    loss = mean_loss(logits, batch)
    loss.backward()
    return torch.cat(logits).detach(), loss.detach()


def five_steps(model, batch, settings, maximum_norm=None):
    parameters = trainable(model).values()
    start = [parameter.detach().clone() for parameter in parameters]
    matrices = [parameter for parameter in parameters if parameter.ndim > 1]
    gains = [parameter for parameter in parameters if parameter.ndim == 1]
    groups = [{"params": matrices, "weight_decay": settings["weight_decay"]}, {"params": gains, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=settings["learning_rate"], foreach=False, **ADAMW)
    losses = []
    for _ in range(5):
        losses.append(gradients(model, batch)[1])
        if maximum_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, maximum_norm)
        optimizer.step()
    with torch.no_grad():
        for parameter, value in zip(parameters, start):
            parameter.copy_(value)
    return torch.stack(losses)


def reference(model, batch, settings):
    """All figures of one model and batch; leaves the model's weights as they were."""
    model.train()  # Nothing drops out; bitsandbytes takes a rougher path for a model that only infers.
    logits, loss = gradients(model, batch)
    found = {"grad." + name: parameter.grad.clone() for name, parameter in trainable(model).items()}
    norm = torch.sqrt(sum((gradient.double() ** 2).sum() for gradient in found.values())).float()
    maximum = (norm / 4).round(decimals=1)
    starts = numpy.cumsum([0] + LENGTHS[:-1])
    return found | {
        "tokens": torch.cat([tokens for tokens, _ in batch]).int(),
        "sequence_starts": torch.tensor(starts, dtype=torch.int32),
        "trained": torch.cat([trained for _, trained in batch]).to(torch.uint8),
        "logits": logits, "loss": loss.reshape(1), "gradient_norm": norm.reshape(1), "maximum_norm": maximum.reshape(1),
        "losses": five_steps(model, batch, settings), "losses_clipped": five_steps(model, batch, settings, float(maximum)),
    }


def save(tensors, path):
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    losses = tensors.get("losses")
    if losses is not None:
        clipped = tensors["losses_clipped"]
        print(path, "losses", losses.tolist(), "clipped", clipped.tolist(), "norm", float(tensors["gradient_norm"]))


def write_adapter(case, folder, random, **options):
    """A LoRA whose B is not zero, so that every gradient is alive, as a PEFT folder."""
    model = peft.get_peft_model(load(case), peft.LoraConfig(**LORA | options))
    with torch.no_grad():
        for name, parameter in trainable(model).items():
            change = torch.randn(parameter.shape, generator=random)
            parameter.copy_(0.1 * change if "lora_" in name else parameter + 0.02 * change)
    model.save_pretrained(folder)
    (pathlib.Path(folder) / "README.md").unlink()
    path = pathlib.Path(folder) / "adapter_config.json"
    written = json.loads(path.read_text())
    written["target_modules"].sort()  # A set in memory: the order varies from run to run.
    path.write_text(json.dumps(written, indent=2) + "\n")


def with_adapter(model, folder):
    return peft.PeftModel.from_pretrained(model, folder, is_trainable=True)


def quantised(case):
    """The model with its decoder's weights in NF4; embedding, head and norms stay float32."""
    four_bits = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.float32)
    model = load(case, device_map="cpu", quantization_config=four_bits)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model


def decoded(case):
    """The float32 model with each decoder weight replaced by what its NF4 codes stand for, by bitsandbytes' functions alone."""
    model = load(case)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "_proj" in name:
                parameter.copy_(dequantize_4bit(*quantize_4bit(parameter.data, blocksize=64, compress_statistics=True, quant_type="nf4")))
    return model


def write_qlora(case, batch):
    figures = reference(with_adapter(quantised(case), f"{case}/adapter"), batch, ADAPTER)
    plain = decoded(case)
    again = reference(with_adapter(plain, f"{case}/adapter"), batch, ADAPTER)
    for name, values in figures.items():
        torch.testing.assert_close(values, again[name], rtol=1e-5, atol=1e-6, msg=lambda text: f"{name}: {text}")
    weights = load_weights(decoded(case), ["model.layers.0.self_attn.k_proj.weight", "model.layers.1.mlp.down_proj.weight"])
    save(figures | {"dequantised." + name: weight for name, weight in weights.items()}, f"{case}/qlora.safetensors")


def load_weights(model, names):
    return {name: parameter.detach() for name, parameter in model.named_parameters() if name in names}


def write_case(case):
    options, precision, spelling = CASES[case]
    random = torch.Generator().manual_seed(SEED + list(CASES).index(case))
    write_model(case, options, precision, spelling, random)
    batch = make_batch(options["vocab_size"], random)
    figures = reference(load(case), batch, FULL)
    if precision != "float32":  # These two test reading; a few gradients tell whether every weight was read.
        figures = {name: values for name, values in figures.items() if not name.startswith("grad.") or "1.self_attn.k" in name or "norm" in name}
    save(figures, f"{case}/reference.safetensors")
    if case == "untied":
        write_adapter(case, f"{case}/adapter", random, modules_to_save=["lm_head"])
        save(reference(with_adapter(load(case), f"{case}/adapter"), batch, ADAPTER), f"{case}/lora.safetensors")
    if case == "tied":
        state = random.get_state()
        write_adapter(case, f"{case}/adapter", random)
        save(reference(with_adapter(load(case), f"{case}/adapter"), batch, ADAPTER), f"{case}/lora.safetensors")
        write_qlora(case, batch)
        random.set_state(state)
        write_adapter(case, f"{case}/adapter_rslora", random, use_rslora=True, target_modules=SEVEN)
        with torch.no_grad():
            logits = all_logits(with_adapter(load(case), f"{case}/adapter_rslora").train(), batch)
        save({"logits": torch.cat(logits)}, f"{case}/rslora.safetensors")


def write_manifest():
    files = sorted(path for case in CASES for path in pathlib.Path(case).rglob("*") if path.is_file())
    versions = {module.__name__: module.__version__ for module in (torch, transformers, peft, bitsandbytes, safetensors, numpy)}
    manifest = {
        "versions": {"python": platform.python_version()} | versions,
        "seed": SEED,
        "settings": {"full": FULL, "adapter": ADAPTER, "adamw": ADAMW, "lora": LORA},
        "sha256": {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }
    pathlib.Path("manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.2f} MB")


def write_all(folder):
    os.chdir(folder)
    for case in CASES:
        shutil.rmtree(case, ignore_errors=True)
        write_case(case)
    write_manifest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; compare a fresh run with the files here")
    check = parser.parse_args().check
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    here = pathlib.Path(__file__).resolve().parent
    if not check:
        return write_all(here)
    with tempfile.TemporaryDirectory() as folder:
        write_all(folder)
        fresh = json.loads((pathlib.Path(folder) / "manifest.json").read_text())
    known = json.loads((here / "manifest.json").read_text())
    differing = [name for name, digest in known["sha256"].items() if fresh["sha256"].get(name) != digest]
    altered = [name for name, digest in known["sha256"].items() if hashlib.sha256((here / name).read_bytes()).hexdigest() != digest]
    print("differ from a fresh run:", differing or "none", "; differ from the manifest:", altered or "none")


if __name__ == "__main__":
    main()

"""Makes q8_0.bin, q4_0.bin, q4_1.bin, bfloat16.bin, nf4.bin, nf4_special.bin and dynamic.bin.

Python 3.11, numpy 2.4.6, torch 2.15.0 on one thread, gguf 0.19.0, bitsandbytes 0.50.2 on a CPU; seed 20261122.
Run in this folder: python make_quantisation.py. Everything is little-endian; QuantisationFixtures.swift says what lies where.
"""

import pathlib
import sys

import bitsandbytes.functional as bnb
import gguf
import numpy as np
import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from scatter import mixed  # noqa: E402

torch.set_num_threads(1)
rng = np.random.default_rng(20261122)
f32 = np.float32


def weights(blocks):
    """Bell-shaped values with outliers, a scale for each block, some blocks of zeros, some of few values."""
    i = np.arange(64 * blocks, dtype=np.uint64)
    x = [((mixed(4 * i + k) >> 8).astype(f32) * f32(2**-24) - f32(0.5)) for k in range(4)]
    block = (i // 64).astype(np.int64)
    y = (((x[0] + x[1]) + x[2]) + x[3]) * (f32(0.005) * (1 + block * 37 % 11).astype(f32))
    y = np.where(i % 97 == 0, y * f32(50), y)
    y = np.where(block % 7 == 3, np.rint(y * f32(64)) * f32(1 / 64), y)
    return np.where(block % 13 == 5, f32(0), y).astype(f32)


def digest(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = ((h ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h.to_bytes(8, "little")


for kind, size in [("Q8_0", 34), ("Q4_0", 18), ("Q4_1", 20)]:
    blocks = rng.integers(0, 256, (24, size), dtype=np.uint8)
    scales = (rng.standard_normal((24, 2)) * [1, 30]).astype(np.float16)
    scales[:4, 0] = [0, -0.0, 6e-8, 65504]  # zeros, the smallest subnormal, the largest
    blocks[:, :2] = scales[:, :1].view(np.uint8)
    if kind == "Q4_1":
        blocks[:, 2:4] = scales[:, 1:].copy().view(np.uint8)
    values = gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType[kind])
    open(f"{kind.lower()}.bin", "wb").write(blocks.tobytes() + values.astype(f32).tobytes())

special = np.array([0, 0x80000000, 1, 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x7F800001, 0xFFC12345, 0x3F808000, 0x3F818000, 0x3F808001], np.uint32)
floats = np.concatenate([special.view(f32), rng.standard_normal(256 + 5).astype(f32)])
narrow = gguf.quants.quantize(floats, gguf.GGMLQuantizationType.BF16)
open("bfloat16.bin", "wb").write(floats.tobytes() + narrow.tobytes())

with open("nf4.bin", "wb") as file:
    for blocks in [1, 5, 255, 256, 257, 700]:
        codes, state = bnb.quantize_4bit(torch.from_numpy(weights(blocks)), quant_type="nf4", compress_statistics=True, blocksize=64)
        decoded = bnb.dequantize_4bit(codes, state).numpy()
        file.write(codes.numpy().tobytes() + state.absmax.numpy().tobytes() + state.state2.absmax.numpy().tobytes())
        file.write(state.offset.numpy().tobytes() + digest(decoded.tobytes()))

# Every threshold and its neighbours, both ways round the greatest magnitude; subnormals; blocks with a NaN and with infinities.
values = bnb.get_4bit_type("nf4", "cpu").numpy()
middles = ((values[:-1] + values[1:]) / f32(2)).astype(f32)
near = np.concatenate([middles, np.nextafter(middles, f32(2)), np.nextafter(middles, f32(-2)), [f32(1), f32(-0.0)]]).astype(f32)
block = np.concatenate([near, np.zeros(64 - len(near), f32)])
third = (block * f32(1 / 3)).astype(f32)
tiny = (block * f32(1e-39)).astype(f32)
nan = block.copy()
nan[5] = np.nan
infinite = block.copy()
infinite[7], infinite[9] = np.inf, -np.inf
inputs = np.concatenate([block, -block, third, tiny, nan, infinite])
codes, state = bnb.quantize_4bit(torch.from_numpy(inputs), quant_type="nf4", blocksize=64)
open("nf4_special.bin", "wb").write(inputs.tobytes() + codes.numpy().tobytes() + state.absmax.numpy().tobytes())

with open("dynamic.bin", "wb") as file:
    file.write(bnb.create_dynamic_map().numpy().tobytes())
    for count in [9, 1000, 20001]:
        absmax = ((mixed(np.arange(count, dtype=np.uint64)) >> 8).astype(f32) * f32(2**-24)) + f32(0.01)
        offset = torch.from_numpy(absmax).mean()
        codes, state = bnb.quantize_blockwise(torch.from_numpy(absmax) - offset, blocksize=256)
        file.write(codes.numpy().tobytes() + state.absmax.numpy().tobytes() + offset.numpy().tobytes())

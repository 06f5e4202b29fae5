"""Makes a .bin for each of ggml's block types below: random valid blocks, then what gguf's dequantize makes of them; and q8_0_encoded.bin.

Python 3.11, numpy 2.4.6, gguf 0.19.0; seed 20261125. Run in this folder: python make_block_types.py. Everything is little-endian.
"""

import gguf
import numpy as np

rng = np.random.default_rng(20261125)
f32 = np.float32

# Elements and bytes of a block, and where its float16 scales lie.
kinds = {
    "Q5_0": (32, 22, [0]), "Q5_1": (32, 24, [0, 2]), "IQ4_NL": (32, 18, [0]), "IQ4_XS": (256, 136, [0]), "Q2_K": (256, 84, [80, 82]),
    "Q3_K": (256, 110, [108]), "Q4_K": (256, 144, [0, 2]), "Q5_K": (256, 176, [0, 2]), "Q6_K": (256, 210, [208]),
}  # fmt: skip
for kind, (size, width, places) in kinds.items():
    count = 24 if size == 32 else 8
    blocks = rng.integers(0, 256, (count, width), dtype=np.uint8)
    blocks[-2:] = [[0], [255]]
    scales = (rng.standard_normal((count, 2)) * [1, 30]).astype(np.float16)
    scales[:4, 0] = [0, -0.0, 6e-8, 60000]  # zeros, the smallest subnormal, a large one
    for column, place in enumerate(places):
        blocks[:, place : place + 2] = scales[:, column : column + 1].copy().view(np.uint8)
    values = gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType[kind])
    assert values.size == count * size and np.isfinite(values).all()
    open(f"{kind.lower()}.bin", "wb").write(blocks.tobytes() + values.astype(f32).tobytes())

# Blocks of Q8_0: ties both ways, zeros, subnormals, one value alone, and plain ones of many sizes.
ties = np.arange(32, dtype=f32) - f32(15.5)
ties[0] = 127
alone = np.zeros(32, f32)
alone[7] = -3
plain = (rng.standard_normal((20, 32)) * 10.0 ** rng.integers(-6, 4, (20, 1))).astype(f32)
values = np.concatenate([[ties, -ties, np.zeros(32, f32), np.full(32, 1e-36, f32), alone], plain]).astype(f32)
blocks = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0)
open("q8_0_encoded.bin", "wb").write(values.tobytes() + blocks.tobytes())

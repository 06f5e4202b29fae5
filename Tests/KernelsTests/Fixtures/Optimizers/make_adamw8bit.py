"""Makes adamw8bit.bin: five steps of bitsandbytes' AdamW8bit on a CPU, its states after each of them, and the dynamic map without a sign.

Python 3.11, numpy 2.4.6, torch 2.15.0 on one thread, bitsandbytes 0.50.2. Run in this folder: python make_adamw8bit.py.
Little-endian; AdamW8BitTests.swift says what lies where.
"""

import pathlib
import sys

import bitsandbytes as bnb
import numpy as np
import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from scatter import mixed  # noqa: E402

torch.set_num_threads(1)
f32 = np.float32
COUNT = 4200  # 16 blocks of 256 and one of 104; under 4,096 bitsandbytes keeps 32 bits


def gradient(step):
    """Numbers around 0 of widely different sizes; block 3 is all zeros, and every seventh element is 0 from the third step on."""
    i = np.arange(COUNT, dtype=np.uint64)
    x = (mixed(2 * i + np.uint64(100_000 * step)) >> 8).astype(f32) * f32(2**-24) - f32(0.5)
    x = x * np.ldexp(f32(1), -(mixed(2 * i + np.uint64(100_000 * step + 1)) % 20).astype(np.int32)).astype(f32)
    x[3 * 256:4 * 256] = 0
    if step >= 3:
        x[::7] = 0
    return x.astype(f32)


start = ((mixed(np.arange(COUNT, dtype=np.uint64)) >> 8).astype(f32) * f32(2**-24) - f32(0.5)).astype(f32)
parameter = torch.nn.Parameter(torch.from_numpy(start.copy()))
optimizer = bnb.optim.AdamW8bit([parameter], lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)
with open("adamw8bit.bin", "wb") as file:
    file.write(bnb.functional.create_dynamic_map(signed=False).numpy().tobytes())
    for step in range(1, 6):
        parameter.grad = torch.from_numpy(gradient(step))
        optimizer.step()
        state = optimizer.state[parameter]
        assert state["state1"].dtype == torch.uint8
        for key in ["state1", "absmax1", "state2", "absmax2"]:
            file.write(state[key].numpy().tobytes())
        file.write(parameter.detach().numpy().tobytes())

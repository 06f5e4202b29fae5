"""Makes reference.safetensors, mixed.safetensors, sharded/, reference.gguf and split/.

Python 3.11, numpy 2.4.6, torch 2.15.0, safetensors 0.8.0, gguf 0.19.0, huggingface_hub 2.4.0; seed 20261122.
Run in this folder: python make_tensors.py. The tests know the values by the same formulas.
"""

import os

import gguf
import numpy as np
import torch
from huggingface_hub import save_torch_state_dict
from safetensors.torch import save_file

torch.manual_seed(20261122)
rng = np.random.default_rng(20261122)

# Types that trainer writes too: the bytes must be the same.
save_file(
    {
        "b.weight": (torch.arange(12, dtype=torch.float32) / 4 - 1).to(torch.bfloat16).reshape(3, 4),
        "a.weight": (torch.arange(12, dtype=torch.float32) / 4 - 1).reshape(3, 4),
        "half": (torch.arange(3, dtype=torch.float32) / 4 - 1).to(torch.float16),
        "codes": torch.arange(5, dtype=torch.uint8),
        "ids": torch.tensor([-1, 2, 1 << 30], dtype=torch.int32),
        'a "name" é\n': torch.tensor(1.5),
        "empty": torch.zeros(0, 4),
    },
    "reference.safetensors",
    metadata={"format": "pt"},
)

# Types that are listed only, beside one that is read.
save_file(
    {
        "double": torch.zeros(2, dtype=torch.float64),
        "long": torch.zeros(3, dtype=torch.int64),
        "mask": torch.zeros(3, dtype=torch.bool),
        "eighth": torch.zeros(3, dtype=torch.float8_e4m3fn),
        "read": torch.tensor([0.5, -2.0]),
    },
    "mixed.safetensors",
)

os.makedirs("sharded", exist_ok=True)
save_torch_state_dict({f"layer.{i}.weight": torch.full((8, 8), float(i)) for i in range(5)}, "sharded", max_shard_size=600)

writer = gguf.GGUFWriter("reference.gguf", "llama")
writer.add_uint8("test.uint8", 200)
writer.add_int8("test.int8", -100)
writer.add_uint16("test.uint16", 60000)
writer.add_int16("test.int16", -30000)
writer.add_uint32("test.uint32", 4000000000)
writer.add_int32("test.int32", -2000000000)
writer.add_uint64("test.uint64", 1 << 63)
writer.add_int64("test.int64", -(1 << 62))
writer.add_float32("test.float32", 0.5)
writer.add_float64("test.float64", 1e-300)
writer.add_bool("test.bool", True)
writer.add_string("test.string", "naïve Ġ")
writer.add_array("test.strings", ["one", "", "三"])
writer.add_array("test.integers", [1, -2, 3])
writer.add_array("test.nested", [[1, 2], [3]])
values = rng.standard_normal((4, 64)).astype(np.float32)
writer.add_tensor("plain", values)
writer.add_tensor("half", values.astype(np.float16))
for name in ["BF16", "Q8_0", "Q4_0", "Q4_1"]:
    kind = gguf.GGMLQuantizationType[name]
    writer.add_tensor(name.lower(), gguf.quants.quantize(values, kind), raw_dtype=kind)
writer.add_tensor("listed", np.zeros((2, 66), dtype=np.uint8), raw_dtype=gguf.GGMLQuantizationType.IQ2_XXS)
writer.add_tensor("odd", np.arange(3, dtype=np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

# Five tensors in three parts.
os.makedirs("split", exist_ok=True)
writer = gguf.GGUFWriter("split/model.gguf", "llama", split_max_tensors=2)
writer.add_string("test.string", "first part")
for i in range(5):
    writer.add_tensor(f"t{i}", np.arange(4 * i, 4 * i + 4, dtype=np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

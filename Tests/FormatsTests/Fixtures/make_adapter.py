"""Makes adapter/: an adapter of a tiny Llama as PEFT writes it.

Python 3.11, torch 2.15.0, transformers 5.23.0, peft 0.21.2; seed 20261122. Run in this folder: python make_adapter.py.
"""

import os

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

torch.manual_seed(20261122)
config = LlamaConfig(
    vocab_size=24, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2
)
model = get_peft_model(
    LlamaForCausalLM(config),
    LoraConfig(
        r=4, lora_alpha=8, lora_dropout=0.1, target_modules=["q_proj", "down_proj"], modules_to_save=["lm_head"],
        rank_pattern={r"layers\.1\.mlp\.down_proj": 2}, alpha_pattern={"q_proj": 6}, task_type="CAUSAL_LM",
    ),
)
for name, parameter in model.named_parameters():
    if "lora_B" in name:
        torch.nn.init.constant_(parameter, 0.5)
model.save_pretrained("adapter")
os.remove("adapter/README.md")

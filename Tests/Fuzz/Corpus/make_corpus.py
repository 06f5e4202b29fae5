#!/usr/bin/env python3
"""Makes the binary and the long files of this folder: a small GGUF model and small tokenizers, with gguf and numpy from PyPI."""
import json
import pathlib

import gguf
import numpy

here = pathlib.Path(__file__).parent
fixtures = here.parent.parent / "TokenizersTests" / "Fixtures"


def small_tokenizer(name):
    """A fixture with a few merges only, and the tokens that those need."""
    file = json.loads((fixtures / name / "tokenizer.json").read_text())
    model = file["model"]
    added = {token["content"] for token in file["added_tokens"]}
    single = [token for token in model["vocab"] if len(token) == 1 or token in added]
    merges = []
    known = set(single)
    for merge in model["merges"]:
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        if left in known and right in known and len(merges) < 12:
            merges.append(merge)
            known.add(left + right)
    tokens = single + [token for token in model["vocab"] if token in known and token not in single]
    model["vocab"] = {token: index for index, token in enumerate(tokens)}
    model["merges"] = merges
    for token in file["added_tokens"]:
        token["id"] = model["vocab"].setdefault(token["content"], len(model["vocab"]))
    def renumber(node):
        if isinstance(node, dict):
            if "ids" in node and "tokens" in node:
                node["ids"] = [model["vocab"][token] for token in node["tokens"]]
            for value in node.values():
                renumber(value)
        elif isinstance(node, list):
            for value in node:
                renumber(value)
    renumber(file["post_processor"])
    return file


for name in ["splits", "trimmed", "llama3"]:
    folder = here / "tokenizer" / name
    folder.mkdir(parents=True, exist_ok=True)
    file = small_tokenizer(name)
    (folder / "tokenizer.json").write_text(json.dumps(file, ensure_ascii=False, separators=(",", ":")))
    first = file["added_tokens"][0]["content"] if file["added_tokens"] else None
    settings = {"bos_token": first, "eos_token": {"content": first}, "chat_template": [{"name": "default", "template": "{{ messages }}"}]}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))

(here / "gguf").mkdir(exist_ok=True)
writer = gguf.GGUFWriter(here / "gguf" / "llama.gguf", "llama")
writer.add_block_count(1)
writer.add_context_length(16)
writer.add_embedding_length(32)
writer.add_feed_forward_length(32)
writer.add_head_count(2)
writer.add_head_count_kv(1)
writer.add_layer_norm_rms_eps(1e-5)
vocabulary = small_tokenizer("llama3")["model"]
tokens = list(vocabulary["vocab"])
writer.add_vocab_size(len(tokens))
writer.add_tokenizer_model("gpt2")
writer.add_tokenizer_pre("llama-bpe")
writer.add_token_list(tokens)
writer.add_token_types([1] * len(tokens))
writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in vocabulary["merges"]])
writer.add_eos_token_id(1)
writer.add_tensor("output_norm.weight", numpy.ones(32, numpy.float32))
quantised = gguf.quants.quantize(numpy.ones((4, 32), numpy.float32), gguf.GGMLQuantizationType.Q8_0)
writer.add_tensor("blk.0.attn_q.weight", quantised, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

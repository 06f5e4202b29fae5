"""Trains the small tokenizers, packs SmolLM2's vocabulary, and writes what the `tokenizers` library makes of every line of lines.json.

Python 3.11, tokenizers 0.23.3, sentencepiece 0.2.3, gguf 0.19.0; training is deterministic. Usage:
    make_tokenizers.py [SmolLM2-135M-Instruct.gguf]
Without the GGUF file, smollm2.merges and smollm2.expected stay as they are.

    NAME/tokenizer.json   the tokenizer
    NAME.expected         per line a number of 32 bits, little-endian: the low half of the FNV-1a hash (64 bits) of the ids "1,2,3", the
                          offsets in UTF-8 bytes "0-1,1-3" and the text decoded without special tokens, with ";" between
    samples.json          ids and offsets of a few lines in full, to look at when a hash differs
    smollm2.merges        SmolLM2's vocabulary: two counts (16 bits), the special tokens and the single characters (a length byte and UTF-8
                          each), then a pair of ids (16 bits) per merge; the k-th merge makes the token after those
"""
import json, pathlib, struct, sys
import sentencepiece_tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

here = pathlib.Path(__file__).parent
lines = json.loads((here / "lines.json").read_text(encoding="utf-8"))
gpt2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
llama3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
qwen2 = llama3.replace(r"\p{N}{1,3}", r"\p{N}")


def byte_level(prefix=False, trim=True, regex=True):
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, trim_offsets=trim, use_regex=regex)


def train(vocabulary, pre, special, alphabet=True, normalizer=None, **model):
    tokenizer = Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre
    if normalizer: tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=special, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()) if alphabet else [])
    texts = lines if alphabet else [line for line in lines if line.isascii() and line.isprintable()]
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def template(before, after, special):
    return processors.TemplateProcessing(single=" ".join([*before, "$A", *after]), pair=" ".join([*before, "$A", "$B", *after]), special_tokens=special)


def make_gpt2():
    tokenizer = train(1500, byte_level(), ["<|endoftext|>"])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def make_smollm():
    pre = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level()])
    return train(1500, pre, ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>"])


def make_llama3():
    pre = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(llama3), "isolated"), byte_level(regex=False)])
    tokenizer = train(1800, pre, [], ignore_merges=True)
    # Special tokens come after the vocabulary and are not in it, as in the published file; a token without merges, for ignore_merges.
    tokenizer = rebuild(tokenizer, extra=["Ġundistinguished", "qqxzq"])
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|eot_id|>"])
    begin = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template(["<|begin_of_text|>"], [], [("<|begin_of_text|>", begin)])])
    return tokenizer


def rebuild(tokenizer, extra):
    value = json.loads(tokenizer.to_str())
    for token in extra: value["model"]["vocab"][token] = len(value["model"]["vocab"])
    return Tokenizer.from_str(json.dumps(value))


def make_qwen2():
    pre = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(qwen2), "isolated"), byte_level(regex=False)])
    tokenizer = train(1800, pre, [], normalizer=normalizers.NFC())
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False, add_prefix_space=False)
    return tokenizer


def make_trimmed():
    """Prefix spaces, trimmed offsets, an incomplete alphabet with an unknown token, NFC, and added tokens of every kind."""
    pre = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r"\d+"), "merged_with_previous"), byte_level(prefix=True)])
    tokenizer = train(700, pre, ["<s>", "</s>", "<unk>"], alphabet=False, normalizer=normalizers.Sequence([normalizers.NFC()]), unk_token="<unk>", fuse_unk=True)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, rstrip=True), AddedToken("[CLS]", single_word=True), AddedToken("[SEP]", rstrip=True)])
    tokenizer.add_tokens([AddedToken("<extra>", lstrip=True, normalized=False), AddedToken("[word]", single_word=True, normalized=True),
        AddedToken("<e\u0301>", normalized=True), AddedToken(" <repo_name> ", normalized=True, rstrip=True)])
    ids = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True, add_prefix_space=True), template(["<s>"], ["</s>", "</s>"], ids)])
    return tokenizer


def make_splits():
    """Every behaviour of Split, literal and inverted patterns, bytes without tokens left out, trimmed offsets, merges as strings."""
    split = pre_tokenizers.Split
    pre = pre_tokenizers.Sequence([split(Regex(r"[aeiou]+\d?"), "merged_with_next"), split(Regex(r"\w+|[^\w\s]+"), "contiguous", invert=True), split("--", "removed"),
        split(Regex(r"^[ \t]+|\.$"), "merged_with_previous"), split(Regex(r"(?<=x)y?|\u0041\v?"), "isolated"), split("|", "isolated"), split(Regex("[^!?]++"), "removed", invert=True),
        pre_tokenizers.Digits(individual_digits=False), byte_level(regex=False)])
    tokenizer = train(600, pre, ["<|endoftext|>"], alphabet=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True, add_prefix_space=False)
    return tokenizer


def fnv(text):
    value = 0xCBF29CE484222325
    for byte in text.encode(): value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value & 0xFFFFFFFF


def encode(tokenizer, line):
    encoding = tokenizer.encode(line)
    places = [0]
    for character in line: places.append(places[-1] + len(character.encode()))
    return encoding.ids, [(places[a], places[b]) for a, b in encoding.offsets]


def write_expected(name, tokenizer):
    data = bytearray()
    for line in lines:
        ids, offsets = encode(tokenizer, line)
        texts = ",".join(map(str, ids)), ",".join(f"{a}-{b}" for a, b in offsets), tokenizer.decode(ids, skip_special_tokens=True)
        data += struct.pack("<I", fnv(";".join(texts)))
    (here / f"{name}.expected").write_bytes(data)
    return {str(index): dict(zip(("ids", "offsets"), encode(tokenizer, lines[index]))) for index in range(3, len(lines), 211) if len(lines[index]) < 80}


def smollm2(path):
    import gguf
    fields = gguf.GGUFReader(path).fields
    tokens, merges = (fields[f"tokenizer.ggml.{key}"].contents() for key in ("tokens", "merges"))
    types = fields["tokenizer.ggml.token_type"].contents()
    ids = {token: id for id, token in enumerate(tokens)}
    special = types.count(3)
    single = len(tokens) - special - len(merges)
    assert types == [3] * special + [1] * (len(tokens) - special)
    assert all(tokens[special + single + k] == merge.replace(" ", "") for k, merge in enumerate(merges))
    data = bytearray(struct.pack("<HH", special, single))
    for token in tokens[: special + single]: data += bytes([len(token.encode())]) + token.encode()
    for merge in merges: data += struct.pack("<HH", *(ids[part] for part in merge.split(" ")))
    (here / "smollm2.merges").write_bytes(data)
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=[tuple(merge.split(" ")) for merge in merges]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level()])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(tokens[:special])
    return tokenizer


makers = {"gpt2": make_gpt2, "smollm": make_smollm, "llama3": make_llama3, "qwen2": make_qwen2, "trimmed": make_trimmed, "splits": make_splits}
makers |= sentencepiece_tokenizers.makers(lines)
samples = {}
for name, make in makers.items():
    value = json.loads(make().to_str())
    if name in ("gpt2", "splits"): value["model"]["merges"] = [" ".join(merge) for merge in value["model"]["merges"]]
    (here / name).mkdir(exist_ok=True)
    (here / name / "tokenizer.json").write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    samples[name] = write_expected(name, Tokenizer.from_file(str(here / name / "tokenizer.json")))
if len(sys.argv) > 1: samples["smollm2"] = write_expected("smollm2", smollm2(sys.argv[1]))
elif (here / "samples.json").exists(): samples["smollm2"] = json.loads((here / "samples.json").read_text())["smollm2"]
(here / "samples.json").write_text("{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in samples.items()) + "\n}\n")

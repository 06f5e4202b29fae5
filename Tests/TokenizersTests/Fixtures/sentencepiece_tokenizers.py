"""Tokenizers that are not byte-level, made for make_tokenizers.py: SentencePiece's BPE and Unigram, and one with every component besides.

sentencepiece 0.2.3 trains the vocabularies on the lines, with one thread, which is deterministic.
"""
import collections, io, pathlib, tempfile, unicodedata
import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

bytes_of = [f"<0x{byte:02X}>" for byte in range(256)]
special = ["<unk>", "<s>", "</s>"]


def rules(lines):
    """A table like SentencePiece's nmt_nfkc for some of the lines' characters: dropped controls, spaces, compatibility, marks that compose."""
    characters = sorted({character for line in lines for character in line})
    table = {(code,): () for code in [*range(1, 9), 0xB, *range(0xE, 0x1C), 0x7F, 0x8F, 0x9F]}
    for code in [9, 0xA, 0xC, 0xD, 0x1680, 0x200B, 0x200E, 0x2028, 0x2029, 0xFEFF, 0xFFFD]: table[(code,)] = (0x20,)
    for index, character in enumerate(characters):
        normal = unicodedata.normalize("NFKC", character)
        if normal != character and index % 7 < 2: table[(ord(character),)] = tuple(map(ord, normal))
        parts = unicodedata.normalize("NFD", character)
        if len(parts) == 2 and ord(character) < 0x400: table[tuple(map(ord, parts))] = (ord(character),)
    table[(0x0D, 0x0A)] = (0x20,)
    return table


def train(lines, model_type, size, least, rule=None, **options):
    """A SentencePiece model of the lines whose characters are on at least so many lines; `rule` is a table of characters."""
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        if rule:
            path = pathlib.Path(folder) / "rules.tsv"
            hexadecimal = lambda codes: " ".join(f"{code:X}" for code in codes)
            path.write_text("".join(f"{hexadecimal(a)}\t{hexadecimal(b)}\n" for a, b in sorted(rule.items())))
            options["normalization_rule_tsv"] = str(path)
        else:
            options["normalization_rule_name"] = options.get("normalization_rule_name", "identity")
        counts = collections.Counter(character for line in lines for character in set(line))
        texts = [line for line in lines if len(line) < 400 and "\0" not in line and all(counts[character] >= least for character in line)]
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(texts), model_writer=model, model_type=model_type, vocab_size=size,
            num_threads=1, minloglevel=2, character_coverage=1.0, hard_vocab_limit=False, **options)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return proto


def merges_of(scores, vocabulary):
    """As transformers 5 makes merges of a SentencePiece model's scores."""
    merges = []
    for piece, score in scores.items():
        local = [(piece[:k], piece[k:], score) for k in range(1, len(piece)) if piece[:k] in vocabulary and piece[k:] in vocabulary]
        merges += sorted(local, key=lambda merge: (vocabulary[merge[0]], vocabulary[merge[1]]))
    merges.sort(key=lambda merge: (merge[2], len(merge[0]), len(merge[1])), reverse=True)
    return [merge[:2] for merge in merges]


def pairs(proto, drop=(), **options):
    vocabulary = {}
    for piece in proto.pieces:
        if piece.piece not in drop: vocabulary[piece.piece] = len(vocabulary)
    scores = {piece.piece: piece.score for piece in proto.pieces if piece.type == 1 and piece.piece in vocabulary}
    return Tokenizer(models.BPE(vocab=vocabulary, merges=merges_of(scores, vocabulary), unk_token="<unk>", **options))


def unigram(proto, **options):
    return Tokenizer(models.Unigram([(piece.piece, piece.score) for piece in proto.pieces], unk_id=0, **options))


def template(before, after, ids):
    return processors.TemplateProcessing(single=" ".join([*before, "$A", *after]), pair=" ".join([*before, "$A", "$B", *after]), special_tokens=ids)


def makers(lines):
    bpe = train(lines, "bpe", 1400, 12, byte_fallback=True, add_dummy_prefix=True, remove_extra_whitespaces=False)
    table = rules(lines)
    unigrams = train(lines, "unigram", 1200, 12, rule=table)
    charsmap = normalizers.Precompiled(unigrams.normalizer_spec.precompiled_charsmap)
    replace = normalizers.Replace(" ", "▁")
    llama_decoders = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]

    def llama2():
        """Llama 2 as first published: a space before every stretch, spaces spelled by normalisers, the text one piece."""
        tokenizer = pairs(bpe, fuse_unk=True, byte_fallback=True)
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), replace])
        tokenizer.decoder = decoders.Sequence([*llama_decoders, decoders.Strip(" ", 1, 0)])
        tokenizer.add_special_tokens(special)
        tokenizer.add_tokens([AddedToken("[word]", single_word=True, normalized=True), AddedToken("<extra>", lstrip=True)])
        tokenizer.post_processor = template(["<s>"], [], [("<s>", tokenizer.token_to_id("<s>"))])
        return tokenizer

    def mistral():
        """Without the legacy: a space before the text alone, put there by the pre-tokenizer."""
        tokenizer = pairs(bpe, fuse_unk=True, byte_fallback=True)
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="first", split=False)
        tokenizer.decoder = decoders.Sequence([*llama_decoders, decoders.Strip(" ", 1, 0)])
        tokenizer.add_special_tokens(special)
        tokenizer.post_processor = template(["<s>"], ["</s>"], [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")])
        return tokenizer

    def gemma():
        """No space before the text; some byte tokens are missing, unknown characters are not fused, and whole pieces that are tokens stay."""
        tokenizer = pairs(bpe, drop=["<0xF0>", "<0xCC>", "<0xE4>"], fuse_unk=False, byte_fallback=True, ignore_merges=True)
        tokenizer.normalizer = replace
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
        tokenizer.decoder = decoders.Sequence(llama_decoders)
        tokenizer.add_special_tokens([*special, "<|im_start|>", AddedToken("<mask>", lstrip=True, rstrip=True)])
        tokenizer.add_tokens([AddedToken("  ", normalized=False), AddedToken("\n\n", normalized=False)])
        tokenizer.post_processor = template(["<s>"], [], [("<s>", tokenizer.token_to_id("<s>"))])
        return tokenizer

    def t5():
        tokenizer = unigram(unigrams)
        tokenizer.normalizer = charsmap
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace("▁", prepend_scheme="always")])
        tokenizer.decoder = decoders.Metaspace("▁", prepend_scheme="always")
        tokenizer.add_special_tokens(special)
        tokenizer.add_tokens([AddedToken("<extra>", lstrip=True), "[word]"])
        tokenizer.post_processor = template([], ["</s>"], [("</s>", tokenizer.token_to_id("</s>"))])
        return tokenizer

    def xlmr():
        """XLM-R and mT5: the table, runs of spaces, one Metaspace; and byte tokens, some of them missing."""
        proto = train(lines, "unigram", 1300, 20, rule=table, byte_fallback=True)
        for piece in [piece for piece in proto.pieces if piece.piece in ("<0xE2>", "<0xD0>")]: proto.pieces.remove(piece)
        tokenizer = unigram(proto, byte_fallback=True)
        tokenizer.normalizer = normalizers.Sequence([normalizers.Strip(left=False, right=True), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), "▁"), normalizers.Replace(Regex(r"\p{N}+$|^-*"), "<n>")])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="first")
        tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace("▁", prepend_scheme="first")])
        tokenizer.add_special_tokens(special)
        tokenizer.post_processor = template(["<s>"], ["</s>"], [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")])
        return tokenizer

    def albert():
        """Lower case without accents, quotes replaced; the text one piece."""
        tokenizer = unigram(unigrams)
        tokenizer.normalizer = normalizers.Sequence([normalizers.Replace("``", '"'), normalizers.Replace("''", '"'), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), charsmap])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="never", split=False)
        tokenizer.decoder = decoders.Metaspace("▁", prepend_scheme="never")
        tokenizer.add_special_tokens(["[CLS]", "[SEP]"])
        tokenizer.post_processor = template(["[CLS]"], ["[SEP]"], [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")])
        return tokenizer

    def words():
        """Every component not met above, normalised added tokens, no decoder."""
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
        tokenizer.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.Replace(Regex("(?<=x)|$"), "^"), normalizers.NFD(), normalizers.Lowercase(), normalizers.Replace(Regex(r"[\u0300-\u0303]"), "")])
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.Digits(individual_digits=False)])
        tokenizer.train_from_iterator([line for line in lines if line.isascii()], trainers.BpeTrainer(vocab_size=500, special_tokens=["<unk>"], show_progress=False))
        tokenizer.add_special_tokens([AddedToken("<s>", normalized=True), AddedToken("<MASK>", normalized=True, lstrip=True)])
        tokenizer.add_tokens([AddedToken("[WORD]", single_word=True, normalized=True), AddedToken("<É>", normalized=True)])
        return tokenizer

    return {"llama2": llama2, "mistral": mistral, "gemma": gemma, "t5": t5, "xlmr": xlmr, "albert": albert, "words": words}

"""Stage 3: the vocabulary of 30,522 entries cut to what English opinions need, and emoji put in.

Kept: the special tokens; every piece that the training texts show often enough; the commonest words of the source's
vocabulary, which is ordered by frequency; Latin single characters with their ## forms, so that a word that is cut
falls into pieces instead of becoming unknown. Put in: emoji, which start as the mean of the words of their names."""

import unicodedata
from collections import Counter

import numpy as np
from tokenizers import Tokenizer

import sources
from augment import EMOJI
from files import read_arrays, read_json, write_arrays, write_json
from sources import NEGATIVE, POSITIVE
from tokens import as_json, load_tokenizer, source_tokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# By a student's layers: times that a piece must be in the training texts, and entries from the top of the source's
# vocabulary. Three layers are for the smallest download, and half of that is the word table.
SHOWN = {6: 3, 4: 3, 3: 10}
COMMONEST = {6: 6000, 4: 6000, 3: 2000}
EMOJI_SHOWN = 2
# Faces, gestures and hearts, shown or not.
EMOJI_RANGES = [range(0x1F600, 0x1F650), range(0x1F44A, 0x1F450), range(0x1F493, 0x1F49F)]
MEANING = {NEGATIVE: "bad", POSITIVE: "good"}
LAST_LATIN = 0x24F


def training_texts(args):
    rows = sources.sst2(args.data, sources.SST2_TRAIN) + sources.goemotions(args.data, sources.GOEMOTIONS_TRAIN)
    return [text for text, _ in rows]


def is_kept(token, index, shown, layers):
    character = token.removeprefix("##")
    if len(character) == 1 and not token.startswith("[unused"):
        plain = ord(character) <= LAST_LATIN or unicodedata.category(character)[0] in "PS"
        return plain or shown >= EMOJI_SHOWN
    first_word = 999  # [unused…] and single characters come before it
    return shown >= SHOWN[layers] or first_word <= index < COMMONEST[layers]


def emoji(texts):
    """Characters of the category Symbol, other, that the training texts show, and the emoji named here and in EMOJI."""
    shown = Counter(c for text in texts for c in text if unicodedata.category(c) == "So")
    braille = range(0x2800, 0x2900)
    often = {c for c, count in shown.items() if count >= EMOJI_SHOWN and ord(c) not in braille}
    return sorted(often.union(*EMOJI.values(), *(map(chr, named) for named in EMOJI_RANGES)))


def choose(texts, tokenizer, layers):
    """[(token, rows of the source's table whose mean it starts from)], in the order of the new ids."""
    shown = Counter(i for encoding in tokenizer.encode_batch(texts) for i in encoding.ids)
    vocabulary = tokenizer.get_vocab()
    kept = [(token, [vocabulary[token]]) for token in SPECIAL]
    for token, index in sorted(vocabulary.items(), key=lambda entry: entry[1]):
        if token not in SPECIAL and is_kept(token, index, shown[index], layers):
            kept.append((token, [index]))
    known = {token for token, _ in kept}
    for character in emoji(texts):
        name = unicodedata.name(character, "symbol").lower().replace("-", " ")
        name += "".join(f" {word}" for label, word in MEANING.items() if character in EMOJI[label])
        rows = tokenizer.encode(name, add_special_tokens=False).ids
        kept += [(token, rows) for token in (character, "##" + character) if token not in known]
    return kept


def trimmed_tokenizer(kept):
    """tokenizer.json, parsed, with the new ids."""
    tokenizer = source_tokenizer()
    ids = {token: i for i, (token, _) in enumerate(kept)}
    tokenizer["model"]["vocab"] = ids
    for token in tokenizer["added_tokens"]:
        token["id"] = ids[token["content"]]
    for token, special in tokenizer["post_processor"]["special_tokens"].items():
        special["ids"] = [ids[token]]
    return tokenizer


def load_trimmed(args, layers):
    return Tokenizer.from_str(as_json(read_json(args.work / f"tokenizer-{layers}.json")))


def trimmed_table(table, kept):
    return np.array([table[rows].mean(0) for _, rows in kept], np.float32)


def unknown_share(tokenizer, texts):
    """Of all tokens but [CLS] and [SEP]."""
    unknown = tokenizer.token_to_id("[UNK]")
    ids = [i for encoding in tokenizer.encode_batch(texts, add_special_tokens=False) for i in encoding.ids]
    return ids.count(unknown) / len(ids)


def trim(args):
    texts, source = training_texts(args), load_tokenizer()
    dev = [text for text, _ in sources.goemotions(args.data, sources.GOEMOTIONS_DEV)]
    tokens = lambda tokenizer: sum(len(encoding.ids) for encoding in tokenizer.encode_batch(dev))
    print(f"source: {source.get_vocab_size():,} entries, {unknown_share(source, dev):.3%} unknown on GoEmotions dev")
    for layers in sorted({layers for layers, _ in args.candidates}):
        kept = choose(texts, source, layers)
        write_json(args.work / f"tokenizer-{layers}.json", trimmed_tokenizer(kept))
        tokenizer = load_trimmed(args, layers)
        more, unknown = tokens(tokenizer) / tokens(source) - 1, unknown_share(tokenizer, dev)
        print(f"{layers} layers: {len(kept):,} entries, {unknown:.3%} unknown, {more:.1%} more tokens")
        arrays = read_arrays(args.work / ("teacher.npz" if layers == 6 else f"distilled-{layers}.npz"))
        arrays["embeddings.word.weight"] = trimmed_table(arrays["embeddings.word.weight"], kept)
        write_arrays(args.work / f"trimmed-{layers}.npz", arrays)

"""The stage `vocabulary`: writes the tokenizer. The source's 30,522 entries are cut to what the training texts need,
symbols are isolated, and every emoji gets a row of the word table.

Kept: the special tokens; every piece that the training texts show often enough; the commonest words of the source's
vocabulary, which is ordered by frequency; Latin single characters with their ## forms, so that a rare word falls into
pieces instead of becoming unknown. A symbol stands alone, so it needs no ## form.

WordPiece makes a whole word unknown if one of its characters is: "Terrible❌" would be one [UNK]. So the pre-tokenizer
isolates each symbol first."""

import re
import unicodedata
from collections import Counter

import numpy as np
from corpora import DATA_FOLDER
from files import read_json, write_json
from splits import Corpora
from tokenizers import Tokenizer
from tokens import as_json, source_tokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MIN_COUNT = 20  # a piece is kept if the training texts have it this often
SYMBOL_MIN_COUNT = 3  # the same for a symbol
COMMONEST = 6000  # the source's entries with a smaller id, its commonest words, are kept in any case
FIRST_WORD = 999  # the source's entries with a smaller id are [unused…] and single characters
LAST_LATIN = 0x24F  # code point

# The symbols that are isolated: currency and letter-like symbols, arrows, mathematics, dingbats, emoji, skin tones.
# Ranges of code points, not a Unicode property, because the regular expression engines that read tokenizer.json have
# different Unicode tables.
SYMBOLS = [
    (0xA2, 0xA9), (0xAC, 0xAC), (0xAE, 0xB1), (0xB4, 0xB4), (0xB8, 0xB8), (0xD7, 0xD7), (0xF7, 0xF7),
    (0x203C, 0x203C), (0x2049, 0x2049), (0x20A0, 0x20CF), (0x20E3, 0x20E3), (0x2100, 0x214F), (0x2190, 0x2BFF),
    (0x3012, 0x3013), (0x3030, 0x3030), (0x303D, 0x303D), (0x3297, 0x3297), (0x3299, 0x3299),
    (0xFFFC, 0xFFFD), (0x1F000, 0x1FAFF),
]  # fmt: skip


def is_symbol(character):
    return any(first <= ord(character) <= last for first, last in SYMBOLS)


def emoji_names():
    """{character: English name} of data/emoji.tsv, which data/README.md describes."""
    lines = (DATA_FOLDER / "emoji.tsv").read_text(encoding="utf-8").splitlines()
    return {chr(int(code, 16)): name for code, name in (line.split("\t") for line in lines)}


EMOJI = re.compile("[" + "".join(emoji_names()) + "\ufe0f\u200d]+")


def without_emoji(text):
    """The text for a teacher whose vocabulary has no emoji."""
    return " ".join(EMOJI.sub(" ", text).split()) if EMOJI.search(text) else text


def isolate_symbols(tokenizer):
    """Changes a parsed tokenizer.json to isolate symbols before words are split, and returns it."""
    ranges = "".join(chr(a) if a == b else f"{chr(a)}-{chr(b)}" for a, b in SYMBOLS)
    split = {"type": "Split", "pattern": {"Regex": f"[{ranges}]"}, "behavior": "Isolated", "invert": False}
    tokenizer["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, {"type": "BertPreTokenizer"}]}
    return tokenizer


def is_kept(token, index, count):
    """Whether a token of the source is kept. `index`: its id in the source; `count`: how often the training texts have
    it."""
    character = token.removeprefix("##")
    if len(character) == 1 and not token.startswith("[unused"):
        category = unicodedata.category(character)[0]
        if is_symbol(character) or category == "P" or character in "$+<=>^`|~":
            return not token.startswith("##") and (
                category == "P" or ord(character) < 0x80 or count >= SYMBOL_MIN_COUNT
            )
        return ord(character) <= LAST_LATIN or count >= MIN_COUNT
    return count >= MIN_COUNT or FIRST_WORD <= index < COMMONEST


def choose(texts, source):
    """[(token, rows of the source's table whose mean it starts from)], in the order of the new ids."""
    tokenizer = Tokenizer.from_str(as_json(isolate_symbols(source)))
    counts, characters = Counter(), Counter()
    for start in range(0, len(texts), 20_000):
        for encoding in tokenizer.encode_batch_fast(texts[start : start + 20_000]):
            counts.update(encoding.ids)
    for text in texts:
        characters.update(set(text) if not text.isascii() else ())
    vocabulary, emoji = tokenizer.get_vocab(), emoji_names()
    kept = [(token, [vocabulary[token]]) for token in SPECIAL]
    for token, index in sorted(vocabulary.items(), key=lambda entry: entry[1]):
        if token not in SPECIAL and token not in emoji and is_kept(token, index, counts[index]):
            kept.append((token, [index]))
    known = {token for token, _ in kept}
    for character in sorted(c for c, n in characters.items() if n >= SYMBOL_MIN_COUNT and is_symbol(c)):
        # A symbol that the normaliser changes is never looked up.
        is_normal = tokenizer.normalizer.normalize_str(character) == character
        if is_normal and character not in known and character not in emoji:
            name = unicodedata.name(character, "symbol").lower().replace("-", " ")
            kept.append((character, tokenizer.encode(name, add_special_tokens=False).ids))
    for character, name in emoji.items():
        # The form that is looked up: the normaliser turns Ⓜ into lower case.
        form = tokenizer.normalizer.normalize_str(character)
        kept.append((form, tokenizer.encode(name, add_special_tokens=False).ids))
    return kept


def cut_tokenizer(kept):
    """tokenizer.json, parsed, with the new ids."""
    tokenizer = isolate_symbols(source_tokenizer())
    ids = {token: i for i, (token, _) in enumerate(kept)}
    if len(ids) != len(kept):
        raise SystemExit("the vocabulary has an entry twice")
    tokenizer["model"]["vocab"] = ids
    for token in tokenizer["added_tokens"]:
        token["id"] = ids[token["content"]]
    for token, special in tokenizer["post_processor"]["special_tokens"].items():
        special["ids"] = [ids[token]]
    return tokenizer


def check_emoji(tokenizer):
    """Stops the run unless each listed emoji has its own id: alone, after a space, attached to a word, and with a
    variation selector."""
    the, movie = (tokenizer.token_to_id(word) for word in ("the", "movie"))
    for character in emoji_names():
        row = tokenizer.token_to_id(tokenizer.normalizer.normalize_str(character))
        forms = {
            character: [row],
            f"the movie {character}": [the, movie, row],
            f"the movie{character}": [the, movie, row],
            f"the{character}movie": [the, row, movie],
            f"the movie{character}\ufe0f{character}": [the, movie, row, row],
        }
        for text, expected in forms.items():
            found = tokenizer.encode(text, add_special_tokens=False).ids
            if row is None or found != expected:
                raise SystemExit(f"emoji U+{ord(character):04X}: {text!r} gives ids {found}, expected {expected}")


def tokenizer_path(args):
    """The file {"tokenizer": the parsed tokenizer.json that is shipped, "rows": see `table_rows`}."""
    return args.work / "tokenizer.json"


def load_cut_tokenizer(args):
    """The tokenizer with the cut vocabulary, as it is shipped."""
    return Tokenizer.from_str(as_json(read_json(tokenizer_path(args))["tokenizer"]))


def table_rows(args):
    """For each token the rows of the source's word table whose mean its own row starts from."""
    return read_json(tokenizer_path(args))["rows"]


def cut_table(table, rows):
    """The source's word table [tokens, H] → f32 [len(rows), H], by `table_rows`."""
    return np.array([table[source_rows].mean(0) for source_rows in rows], np.float32)


def unknown_fraction(tokenizer, texts):
    """The fraction of [UNK] among the tokens of these strings, without [CLS] and [SEP]."""
    unknown = tokenizer.token_to_id("[UNK]")
    ids = [i for encoding in tokenizer.encode_batch(texts, add_special_tokens=False) for i in encoding.ids]
    return ids.count(unknown) / len(ids)


def vocabulary(args):
    """The stage."""
    corpora, source = Corpora(args.data), source_tokenizer()
    texts = list({text.text for text in corpora.train + corpora.unlabelled})
    kept = choose(sorted(texts), source)
    write_json(tokenizer_path(args), {"tokenizer": cut_tokenizer(kept), "rows": [rows for _, rows in kept]})
    tokenizer, uncut = load_cut_tokenizer(args), Tokenizer.from_str(as_json(source_tokenizer()))
    check_emoji(tokenizer)
    print(f"{len(kept):,} entries; each of {len(emoji_names()):,} emoji is its own row")
    for name in ("goemotions", "written", "sst2", "embedding"):
        dev = [text.text for text in corpora.dev[name]]
        counts = [sum(len(e.ids) for e in each.encode_batch(dev)) for each in (tokenizer, uncut)]
        unknown = unknown_fraction(tokenizer, dev)
        print(f"{name}: {unknown:.3%} unknown, {counts[0] / counts[1] - 1:+.1%} tokens beside the source's vocabulary")

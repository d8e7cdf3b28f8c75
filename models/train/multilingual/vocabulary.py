"""The tokenizer: XLM-R's 250,002 pieces cut to those that nine languages need, and emoji that it lacks.

Unigram (Kudo 2018) falls back to shorter pieces and single characters, so a word whose piece was cut is read in parts;
only a character without a row is unknown. Kept: single characters of the languages' scripts, punctuation and symbols;
every emoji; of the other pieces the commonest, counted over the training texts and over the words of the languages that
have few of these."""

import gzip
import unicodedata
from collections import Counter

import msgpack
from files import read_json, write_json
from sources import packaged
from tokenizers import Tokenizer
from tokens import as_json
from vocabulary import cut_table, emoji_names, load_cut_tokenizer, tokenizer_path

from multilingual import sources
from multilingual.texts import CHINESE, Corpora, traditional

SIZE = 40_000
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
BLANK = "▁"  # stands for a blank before a word
# Of each language of WORDS as many words are counted, as if they were a text of that length.
WORDS, LENGTH = 30_000, 1_000_000
# Of a word, how often it begins with a capital. German nouns do, and the list has all words in lower case.
CAPITALS = {"de": 0.4}
OTHER_CAPITALS = 0.15
# Every how many-th Chinese text is counted in traditional characters too.
TRADITIONAL = 4
MOST_UNKNOWN = 0.002
SCRIPTS = ("LATIN", "CJK", "ARABIC", "DEVANAGARI")


def source_tokenizer():
    tokenizer = read_json(packaged(sources.TOKENIZER))
    tokenizer["padding"] = tokenizer["truncation"] = None
    return tokenizer


def is_kept(character):
    """Whether a single character is kept even if no text shows it."""
    category = unicodedata.category(character)
    if category[0] in "LM":
        return unicodedata.name(character, "").startswith(SCRIPTS)
    return category in ("Nd", "Po", "Ps", "Pe", "Pd", "Pi", "Pf", "Pc", "Sc", "Sm", "Sk") and ord(character) < 0xFF00


def word_counts(language, content):
    """{word: count} of the commonest words, capitalised too. The list has words by frequency in steps of 0.1 dB."""
    _header, *levels = msgpack.unpackb(gzip.decompress(content))
    counts, capitals = Counter(), CAPITALS.get(language, OTHER_CAPITALS)
    for level, words in enumerate(levels):
        for word in words:
            if len(counts) >= 2 * WORDS:
                return counts
            frequency = LENGTH * 10 ** (-level / 100)
            counts[word] += frequency * (1 - capitals)
            counts[word.capitalize()] += frequency * capitals
    return counts


def piece_counts(tokenizer, corpora):
    """How often each id stands in the texts and the lists of words."""
    shown = Counter()
    texts = corpora.train + corpora.unlabelled
    of_chinese = [text for text in texts if text.corpus in (*CHINESE, "written-zh")]
    texts = [text.text for text in texts + [traditional(text) for text in of_chinese[::TRADITIONAL]]]
    for start in range(0, len(texts), 20_000):
        for encoding in tokenizer.encode_batch_fast(texts[start : start + 20_000]):
            shown.update(encoding.ids)
    for file, sha256 in sources.WORDS["files"].items():
        content = packaged({**sources.WORDS, "file": file, "sha256": sha256}).read_bytes()
        counts = word_counts(file.split("_")[1][:2], content)
        for word, encoding in zip(counts, tokenizer.encode_batch_fast(list(counts), False), strict=True):
            for index in encoding.ids:
                shown[index] += counts[word]
    return shown


def choose(corpora, source):
    """[(piece, score, rows of the source's table whose mean it starts from)], in the order of the new ids."""
    tokenizer, pieces = Tokenizer.from_str(as_json(source)), source["model"]["vocab"]
    shown = piece_counts(tokenizer, corpora)
    emoji = emoji_names()
    kept = {index for index, (piece, _) in enumerate(pieces) if piece in SPECIAL or piece == BLANK}
    for index, (piece, _) in enumerate(pieces):
        character = piece.removeprefix(BLANK)
        if len(character) == 1 and (character in emoji or (piece == character and is_kept(character))):
            kept.add(index)
    known = {pieces[index][0] for index in kept}
    added = []
    least = min(score for _, score in pieces) - 1
    for character, name in emoji.items():
        if tokenizer.normalizer.normalize_str(character) != character:
            # It is letters or signs to the normaliser, and is read as these.
            kept.update(tokenizer.encode(character).ids)
        elif character not in known:
            added.append((character, least, tokenizer.encode(name, add_special_tokens=False).ids))
    last = len(pieces) - 1  # <mask>
    for index, _ in shown.most_common():
        if len(kept) + len(added) == SIZE:
            break
        if index != last:
            kept.add(index)
    return [(*pieces[index], [index]) for index in sorted(kept)] + added


def cut_tokenizer(kept):
    """tokenizer.json, parsed, with the new ids. The special tokens are the first ones as before."""
    tokenizer = source_tokenizer()
    tokenizer["model"]["vocab"] = [[piece, score] for piece, score, _ in kept]
    if [piece for piece, _, _ in kept[: len(SPECIAL)]] != SPECIAL:
        raise SystemExit(f"the vocabulary begins with {kept[:4]}, not with the special tokens")
    tokenizer["added_tokens"] = [token for token in tokenizer["added_tokens"] if token["content"] in SPECIAL]
    return tokenizer


def check_emoji(tokenizer):
    """An emoji must be a row of its own or, where the normaliser makes something else of it, not unknown."""
    unknown = tokenizer.token_to_id("<unk>")
    for character in emoji_names():
        for text in (character, f"好{character}", f"the movie{character}{character}"):
            if unknown in tokenizer.encode(text).ids:
                raise SystemExit(f"emoji U+{ord(character):04X}: unknown in {text!r}")


def vocabulary(args):
    corpora, source = Corpora(args.data), source_tokenizer()
    kept = choose(corpora, source)
    write_json(tokenizer_path(args), {"tokenizer": cut_tokenizer(kept), "rows": [rows for *_, rows in kept]})
    tokenizer, uncut = load_cut_tokenizer(args), Tokenizer.from_str(as_json(source))
    check_emoji(tokenizer)
    print(f"{len(kept):,} pieces, {sum(len(rows) > 1 for *_, rows in kept)} of them added")
    unknown = tokenizer.token_to_id("<unk>")
    for name, texts in corpora.dev.items():
        texts = [text.text for text in texts]
        ids, before = ([i for e in each.encode_batch(texts) for i in e.ids] for each in (tokenizer, uncut))
        share = ids.count(unknown) / len(ids)
        print(f"{name}: {share:.3%} unknown, {len(ids) / len(before) - 1:+.1%} tokens beside the source's vocabulary")
        if share > MOST_UNKNOWN:
            raise SystemExit(f"{name}: more than {MOST_UNKNOWN:.1%} unknown")


def table(args, rows_of):
    """The source's word table with the rows of the cut vocabulary."""
    return cut_table(rows_of, read_json(tokenizer_path(args))["rows"])

"""The stage `vocabulary` of the multilingual model: writes the tokenizer. XLM-R's 250,002 pieces are cut to those that
nine languages need, and emoji that it lacks are added.

Unigram (Kudo 2018) falls back to shorter pieces and single characters: a word whose piece was cut is read in parts, and
only a character without a row is unknown. Kept are single characters of the languages' scripts, punctuation and
symbols, every emoji, and the commonest other pieces, counted over the training texts and over lists of words of the
languages that have few training texts."""

import gzip
import unicodedata
from collections import Counter

import msgpack
from files import read_json, write_json
from sources import packaged
from tokenizers import Tokenizer
from tokens import as_json, source_tokenizer
from vocabulary import emoji_names, load_cut_tokenizer, tokenizer_path

from multilingual import sources
from multilingual.texts import CHINESE, Corpora, traditional

SIZE = 40_000  # pieces, the added emoji among them
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
WORD_START = "▁"  # stands for the space before a word
# Forms of words that are counted per language: 30,000 words in lower case and capitalised. In a script without capitals
# both forms are the same, so these are 60,000 words.
WORD_FORMS = 2 * 30_000
# The words of a language are counted as if they came from a text of so many words.
TEXT_LENGTH = 1_000_000
# The fraction of a word's occurrences that begin with a capital; the lists have all words in lower case. More in
# German, whose nouns do.
CAPITALS = {"de": 0.4}
OTHER_CAPITALS = 0.15
# One in so many Chinese texts is also counted in traditional characters.
TRADITIONAL = 4
MAX_UNKNOWN = 0.002  # fraction of unknown tokens in each dev set
SCRIPTS = ("LATIN", "CJK", "ARABIC", "DEVANAGARI")


def is_kept(character):
    """Whether a single character is kept even if it occurs in no text."""
    category = unicodedata.category(character)
    if category[0] in "LM":
        return unicodedata.name(character, "").startswith(SCRIPTS)
    return category in ("Nd", "Po", "Ps", "Pe", "Pd", "Pi", "Pf", "Pc", "Sc", "Sm", "Sk") and ord(character) < 0xFF00


def word_counts(language, content):
    """{word: count} of the commonest words, in lower case and capitalised. `content` is a file of wordfreq: after a
    header, lists of words by falling frequency; those of list i have the frequency 10^(−i/100)."""
    _header, *levels = msgpack.unpackb(gzip.decompress(content))
    counts, capitals = Counter(), CAPITALS.get(language, OTHER_CAPITALS)
    for level, words in enumerate(levels):
        for word in words:
            if len(counts) >= WORD_FORMS:
                return counts
            count = TEXT_LENGTH * 10 ** (-level / 100)
            counts[word] += count * (1 - capitals)
            counts[word.capitalize()] += count * capitals
    return counts


def piece_counts(tokenizer, corpora):
    """{id of the source: how often it occurs in the training texts and in the lists of words}"""
    piece_count = Counter()
    texts = corpora.train + corpora.unlabelled
    of_chinese = [text for text in texts if text.corpus in (*CHINESE, "written-zh")]
    texts = [text.text for text in texts + [traditional(text) for text in of_chinese[::TRADITIONAL]]]
    for start in range(0, len(texts), 20_000):
        for encoding in tokenizer.encode_batch_fast(texts[start : start + 20_000]):
            piece_count.update(encoding.ids)
    for file, sha256 in sources.WORDS["files"].items():
        content = packaged({**sources.WORDS, "file": file, "sha256": sha256}).read_bytes()
        counts = word_counts(file.split("_")[1][:2], content)
        for word, encoding in zip(
            counts, tokenizer.encode_batch_fast(list(counts), add_special_tokens=False), strict=True
        ):
            for index in encoding.ids:
                piece_count[index] += counts[word]
    return piece_count


def choose(corpora, source):
    """[[piece, score]], in the order of the new ids."""
    tokenizer, pieces = Tokenizer.from_str(as_json(source)), source["model"]["vocab"]
    counts = piece_counts(tokenizer, corpora)
    emoji = emoji_names()
    kept = {index for index, (piece, _) in enumerate(pieces) if piece in SPECIAL or piece == WORD_START}
    for index, (piece, _) in enumerate(pieces):
        character = piece.removeprefix(WORD_START)
        if len(character) == 1 and (character in emoji or (piece == character and is_kept(character))):
            kept.add(index)
    known = {pieces[index][0] for index in kept}
    added = []
    least = min(score for _, score in pieces) - 1  # for added emoji: below every piece of the source
    for character in emoji:
        if tokenizer.normalizer.normalize_str(character) != character:
            # The normaliser turns this emoji into letters or other signs, whose pieces must be kept.
            kept.update(tokenizer.encode(character).ids)
        elif character not in known:
            added.append([character, least])
    last = len(pieces) - 1  # <mask>
    for index, _ in counts.most_common():
        if len(kept) + len(added) == SIZE:
            break
        if index != last:
            kept.add(index)
    return [pieces[index] for index in sorted(kept)] + added


def cut_tokenizer(kept):
    """tokenizer.json, parsed, with the new ids. The special tokens keep their ids, the first ones."""
    tokenizer = source_tokenizer(sources.TOKENIZER)
    tokenizer["model"]["vocab"] = kept
    if [piece for piece, _ in kept[: len(SPECIAL)]] != SPECIAL:
        raise SystemExit(f"the vocabulary begins with {kept[:4]}, not with the special tokens")
    tokenizer["added_tokens"] = [token for token in tokenizer["added_tokens"] if token["content"] in SPECIAL]
    return tokenizer


def check_emoji(tokenizer):
    """Stops the run if an emoji is unknown, alone or after other characters."""
    unknown = tokenizer.token_to_id("<unk>")
    for character in emoji_names():
        for text in (character, f"好{character}", f"the movie{character}{character}"):
            if unknown in tokenizer.encode(text).ids:
                raise SystemExit(f"emoji U+{ord(character):04X}: unknown in {text!r}")


def rows_of(pieces, source):
    """For each piece the rows of the source's table whose mean it starts from."""
    tokenizer, emoji = Tokenizer.from_str(as_json(source)), emoji_names()
    rows = {piece: [index] for index, (piece, _) in enumerate(source["model"]["vocab"])}
    unknown = [piece for piece in pieces if piece not in rows and piece not in emoji]
    if unknown:
        raise SystemExit(f"the source's vocabulary and the list of emoji lack the pieces {unknown[:5]}")
    return [rows.get(piece) or tokenizer.encode(emoji[piece], add_special_tokens=False).ids for piece in pieces]


def vocabulary(args):
    """The stage. With `--from` it takes that folder's tokenizer instead of choosing pieces."""
    corpora, source = Corpora(args.data), source_tokenizer(sources.TOKENIZER)
    parsed = read_json(args.base / "tokenizer.json") if args.base else cut_tokenizer(choose(corpora, source))
    rows = rows_of([piece for piece, _ in parsed["model"]["vocab"]], source)
    write_json(tokenizer_path(args), {"tokenizer": parsed, "rows": rows})
    tokenizer, uncut = load_cut_tokenizer(args), Tokenizer.from_str(as_json(source))
    check_emoji(tokenizer)
    print(f"{len(rows):,} pieces")
    unknown = tokenizer.token_to_id("<unk>")
    for name, texts in corpora.dev.items():
        texts = [text.text for text in texts]
        ids, before = ([i for e in each.encode_batch(texts) for i in e.ids] for each in (tokenizer, uncut))
        fraction = ids.count(unknown) / len(ids)
        print(
            f"{name}: {fraction:.3%} unknown, {len(ids) / len(before) - 1:+.1%} tokens beside the source's vocabulary"
        )
        if fraction > MAX_UNKNOWN:
            raise SystemExit(f"{name}: more than {MAX_UNKNOWN:.1%} unknown")

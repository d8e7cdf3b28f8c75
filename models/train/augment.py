"""Endings that do not change a text's sentiment: "!", a neutral object, an emoji of the same sentiment; and texts of
emoji alone. They train what robustness.py measures: the label stays the same with such an ending."""

from dataclasses import replace

import numpy as np
from corpora import Text, teacher_text
from sources import NEGATIVE, NEUTRAL, POSITIVE

# Emoji whose sentiment does not depend on the text. Written for this project.
EMOJI = {
    NEGATIVE: "👎😠😡🤬😞😔😟☹🙁😣😖😩😫😢🤢🤮💔😒😤😨😰😱❌🚫💩😭😾🙄",
    POSITIVE: "👍😀😃😄😁😊🙂😍🥰😘❤💕💖💜😎👏🙌🎉💯🤗🤩🥳😋✨🌟🔥💪🥇🏆✅😻💚💙🧡💛",
}
# Things, animals and places, which express no opinion. The robustness script measures with others.
OBJECTS = (
    "🎬🎥📷📱💻⌚🖨📚📖📝📎📌📅📦🚗🚌🚕🚲🚆✈🛳🏠🏢🏨🏫🍕🍔🍟🌮🍣🍜🍞🧀🍎🍌🥕☕🍵🧃🐶🐱🐭🐰🐻🐼🐸🐔🐟🦋🌳🌵🌧🌙⛰🏖🗺🕒🧦👟🧥👜🎒"
    "🛏🪑🚪🔑🔌💡🔧🔨🧹🧴🎸🎹⚽🏀🎾🎮🧩🎟🛒💳"
)
MODIFIERS = "🏻🏼🏽🏾🏿"
HANDS = "👍👎👏🙌💪"


def draw_ending(rng, sentiment):
    """What is put behind a text of this sentiment."""
    kind = rng.random()
    if kind < 0.25 and sentiment != NEUTRAL:
        return "!" * int(rng.choice([1, 1, 2, 3]))
    if kind < 0.6 and sentiment != NEUTRAL:
        emoji = str(rng.choice(list(EMOJI[sentiment])))
        if emoji in HANDS and rng.random() < 0.5:
            emoji += str(rng.choice(list(MODIFIERS)))
        return emoji * int(rng.choice([1, 1, 1, 2, 3]))
    return str(rng.choice(list(OBJECTS))) * int(rng.choice([1, 1, 1, 2]))


def with_endings(texts, probability, seed):
    """The texts, some of those with a sentiment changed: an ending glued on or behind a blank."""
    rng, changed = np.random.default_rng(seed), []
    for text in texts:
        if text.sentiment is not None and rng.random() < probability:
            blank = " " if rng.random() < 0.5 else ""
            changed_text = text.text.rstrip() + blank + draw_ending(rng, text.sentiment)
            text = replace(text, text=changed_text, base=teacher_text(text))
        changed.append(text)
    return changed


def emoji_alone(count, seed):
    """Texts of emoji and nothing else."""
    rng, texts = np.random.default_rng(seed), []
    for _ in range(count):
        sentiment = int(rng.choice([NEGATIVE, NEUTRAL, POSITIVE], p=[0.4, 0.2, 0.4]))
        emoji = str(rng.choice(list(EMOJI.get(sentiment, OBJECTS)))) * int(rng.integers(1, 4))
        texts.append(Text(emoji, "emoji", sentiment, toxic=0, hateful=0, base=""))
    return texts

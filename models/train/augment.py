"""Data augmentation: endings that do not change a text's sentiment ("!", an emoji of a neutral object, an emoji of the
same sentiment), and texts of emoji alone. models/evaluate/robustness.mjs measures whether labels stay the same with
such endings; its test checks that none of the emoji that it measures with occurs in this file."""

from dataclasses import replace

import numpy as np
from corpora import Text, teacher_text
from sources import NEGATIVE, NEUTRAL, POSITIVE

# Emoji whose sentiment does not depend on the text. Chosen for this project.
EMOJI = {
    NEGATIVE: "👎😠😡🤬😞😔😟☹🙁😣😖😩😫😢🤢🤮💔😒😤😨😰😱❌🚫💩😭😾🙄",
    POSITIVE: "👍😀😃😄😁😊🙂😍🥰😘❤💕💖💜😎👏🙌🎉💯🤗🤩🥳😋✨🌟🔥💪🥇🏆✅😻💚💙🧡💛",
}
# Things, animals and places, which express no opinion.
OBJECTS = (
    "🎬🎥📷📱💻⌚🖨📚📖📝📎📌📅📦🚗🚌🚕🚲🚆✈🛳🏠🏢🏨🏫🍕🍔🍟🌮🍣🍜🍞🧀🍎🍌🥕☕🍵🧃🐶🐱🐭🐰🐻🐼🐸🐔🐟🦋🌳🌵🌧🌙⛰🏖🗺🕒🧦👟🧥👜🎒"
    "🛏🪑🚪🔑🔌💡🔧🔨🧹🧴🎸🎹⚽🏀🎾🎮🧩🎟🛒💳"
)
MODIFIERS = "🏻🏼🏽🏾🏿"  # skin tones, which may follow HANDS
HANDS = "👍👎👏🙌💪"


def draw_ending(rng, sentiment):
    """A random ending for a text of this sentiment. A neutral text gets an object, as "!" or a face would change it."""
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
    """The texts. Each one with a sentiment gets, with this probability, an ending, half of them after a space. Teachers
    label the text without the ending."""
    rng, changed = np.random.default_rng(seed), []
    for text in texts:
        if text.sentiment is not None and rng.random() < probability:
            space = " " if rng.random() < 0.5 else ""
            changed_text = text.text.rstrip() + space + draw_ending(rng, text.sentiment)
            text = replace(text, text=changed_text, base=teacher_text(text))
        changed.append(text)
    return changed


def emoji_alone(count, seed):
    """`count` texts of one emoji, up to three times. Teachers do not label them."""
    rng, texts = np.random.default_rng(seed), []
    for _ in range(count):
        sentiment = int(rng.choice([NEGATIVE, NEUTRAL, POSITIVE], p=[0.4, 0.2, 0.4]))
        emoji = str(rng.choice(list(EMOJI.get(sentiment, OBJECTS)))) * int(rng.integers(1, 4))
        texts.append(Text(emoji, "emoji", sentiment, toxic=0, hateful=0, base=""))
    return texts

"""The rule of what is held out. `npm test -- "models: held out"` needs no corpora; where they are, every stage checks
the rule on them."""

import hashlib
import re
import unittest
from collections import namedtuple

from multilingual import held_out

Row = namedtuple("Row", "text corpus")


def first_digit(text):
    """Of the SHA-256 of a text whose punctuation was removed by hand."""
    return hashlib.sha256(text.encode()).hexdigest()[0]


class HeldOut(unittest.TestCase):
    def setUp(self):
        self.texts = [f"第{number}家店的菜很好吃，下次还来！" for number in range(2000)]

    def test_by_the_first_digit_of_the_text_without_punctuation(self):
        self.assertEqual(held_out.characters("很好，吃！ OK_了… \ufeff（真的）😀"), "很好吃OK了真的")
        for text in self.texts:
            bare = text.replace("，", "").replace("！", "")
            self.assertEqual(held_out.is_held_out(text), first_digit(bare) in "01", text)

    def test_an_eighth(self):
        held = sum(map(held_out.is_held_out, self.texts))
        self.assertTrue(200 < held < 300, held)

    def test_copies_are_removed_from_every_file(self):
        held = next(text for text in self.texts if held_out.is_held_out(text + "真OK"))
        copies = [
            held + "真OK",
            held.replace("，", "  ") + "真OK。",
            held + "真ok",
            held + "真ＯＫ",
            "\ufeff" + held + "真OK",
        ]
        rows = [Row(text, corpus) for text in (*copies, *self.texts) for corpus in ("a", "b")]
        found, rest = held_out.split(rows)
        self.assertLessEqual({Row(copies[0], "a"), Row(copies[1], "b"), Row(copies[4], "a")}, set(found))
        self.assertFalse({row.text for row in rest} & set(copies))
        # Every other row is on exactly one side.
        kept = {text for text in self.texts if not held_out.is_held_out(text)}
        self.assertEqual({row.text for row in rest}, kept)
        held_out.check(found, rest)

    def test_check_finds_a_row_that_may_not_train(self):
        found, rest = held_out.split([Row(text, "a") for text in self.texts])
        for text in (found[0].text, re.sub("，", "、", found[0].text)):
            with self.assertRaises(SystemExit):
                held_out.check(found, [*rest, Row(text, "b")])


if __name__ == "__main__":
    unittest.main()

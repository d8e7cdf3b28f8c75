"""The English model as the teacher: its logits for the English texts of a batch."""

from pathlib import Path

from corpora import teacher_text
from distillation import teacher_logits_of
from folder import read_folder
from judge import all_logits
from rounding import runtime_network
from tokenizers import Tokenizer

from inference import outputs
from multilingual.texts import WITHOUT_TEACHER

FOLDER = Path(__file__).resolve().parent.parent.parent / "english"


class Teacher:
    def __init__(self):
        self.model = runtime_network(read_folder(FOLDER))
        self.tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))

    def __call__(self, batch, neutral):
        """As `distillation.teacher_logits_of`, which describes `neutral`."""
        taught = [example.text for example in batch if example.text.corpus not in WITHOUT_TEACHER]
        texts = sorted({teacher_text(text) for text in taught} - {""})
        rows = outputs(self.model, self.tokenizer, texts, all_logits) if texts else []
        return teacher_logits_of(batch, dict(zip(texts, rows, strict=True)), neutral)

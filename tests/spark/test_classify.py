"""examples/spark/classify.py on Spark in local mode, compared with one process of the command that it pipes to.

`npm test -- Spark` runs it in the repository, where the command finds its model. LITMUS is the path of the command, and
PYTHONPATH the folder of the example, which Spark's workers import, too.
"""

import contextlib
import io
import json
import os
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

import classify
from pyspark.sql import SparkSession

ROWS = 5000
COMMAND = f"{os.environ['LITMUS']} --rows --long-text error"
LONG = "The story has no middle and no end. " * 100

# Bad lines, and the code of the error that each gets. {} is where the id stands.
BAD = [
    (b"not JSON, row {}", "invalid-json"),
    (b'{"id": {}, "text": "cut off', "invalid-json"),
    (b'{"id": {}}', "invalid-input"),
    (b'{"id": {}, "text": 5}', "invalid-input"),
    (b'{"id": {}, "text": ""}', "empty-text"),
    (b'{"id": {}, "text": "%s"}' % LONG.encode(), "text-too-long"),
    (b'{"id": {}, "text": "caf\xe9"}', "malformed-text"),
    (b'{"id": {}, "text": "half \\ud83d of a pair"}', "malformed-text"),
]


def make_lines() -> tuple[list[bytes], dict[int, str]]:
    """The lines of the input, and the codes of the bad ones by their index, which is their id, too."""
    words = "I It was never really very quite good bad great awful fun dull moving , but and the film café 🙂".split()
    generator = random.Random(5)
    lines = [
        json.dumps({"id": i, "text": " ".join(generator.choices(words, k=generator.randint(1, 5)))}).encode()
        for i in range(ROWS)
    ]
    codes = {}
    # Not only at the same place of a batch: the distance is a prime.
    for n, i in enumerate(range(3, ROWS, 97)):
        line, codes[i] = BAD[n % len(BAD)]
        lines[i] = line.replace(b"{}", str(i).encode())
    return lines, codes


def answers(path: Path) -> list[dict]:
    """The rows that `classify.main` has written, in the order of its partitions."""
    table = SparkSession.active().read.parquet(str(path))
    rows = table.orderBy("_metadata.file_name", "_metadata.row_index").collect()
    return [row.asDict() for row in rows]


def run_classify(*arguments: object) -> dict:
    """Runs the example and returns what it prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        classify.main([str(argument) for argument in arguments])
    return json.loads(out.getvalue())


class ClassifyOnSpark(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.lines, cls.codes = make_lines()
        cls.input = cls.folder / "rows.jsonl"
        cls.input.write_bytes(b"\n".join(cls.lines))
        options = {
            "spark.master": "local[2]",
            "spark.ui.enabled": "false",
            # A job that fails is an exception here, and hundreds of lines of log.
            "spark.log.level": "OFF",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.warehouse.dir": str(cls.folder / "warehouse"),
            "spark.sql.files.maxPartitionBytes": str(cls.input.stat().st_size // 4 + 1),
            # Java's optimising compiler costs a job of seconds more than it gains.
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
            "spark.sql.codegen.wholeStage": "false",
        }
        cls.addClassCleanup(SparkSession.builder.config(map=options).getOrCreate().stop)
        cls.printed = run_classify(cls.input, cls.folder / "labelled", "--litmus", COMMAND)
        cls.answers = answers(cls.folder / "labelled")

    def test_each_row_has_an_answer_in_the_order_of_the_input(self) -> None:
        self.assertEqual(len(self.answers), ROWS)
        self.assertGreaterEqual(len(list(self.folder.glob("labelled/part-*"))), 4)
        for i, (line, answer) in enumerate(zip(self.lines, self.answers, strict=True)):
            if answer["id"] is None:
                self.assertEqual(answer["row"], line.decode())
            else:
                self.assertEqual(answer["id"], str(i))
        wanted = {"rows": ROWS, "labelled": ROWS - len(self.codes)}
        for code in self.codes.values():
            wanted[code] = wanted.get(code, 0) + 1
        self.assertEqual(self.printed, wanted)

    def test_bad_rows_are_errors_with_codes(self) -> None:
        self.assertEqual({i: answer["code"] for i, answer in enumerate(self.answers) if answer["code"]}, self.codes)
        for i, code in self.codes.items():
            answer = self.answers[i]
            self.assertIsNone(answer["label"])
            self.assertTrue(answer["message"])
            self.assertEqual(answer["id"] is None, code == "invalid-json")

    def test_the_answers_are_those_of_one_process(self) -> None:
        program = subprocess.run(COMMAND.split(), input=self.input.read_bytes(), stdout=subprocess.PIPE, check=True)
        one_process = [json.loads(line) for line in program.stdout.splitlines()]
        self.assertEqual(len(one_process), ROWS)
        for ours, theirs in zip(self.answers, one_process, strict=True):
            prediction, error = theirs.get("prediction", {}), theirs.get("error", {})
            wanted = {"id": str(theirs["id"]) if "id" in theirs else None, "row": theirs.get("row")}
            wanted |= {name: prediction.get(name) for name in ("label", "score")}
            wanted |= {name: error.get(name) for name in ("code", "message")}
            if wanted["code"] == "malformed-text":  # a byte that is not UTF-8 comes as an escape through the pipe
                wanted["message"] = "the row has an unpaired surrogate"
            self.assertEqual(ours, wanted)

    def test_a_table_is_read_and_divided_anew(self) -> None:
        """In a table a row that cannot be read is null: it comes back without an id, and as an error."""
        good = [line for i, line in enumerate(self.lines[:300]) if i not in self.codes]
        table = self.folder / "table.json"
        table.write_bytes(b"\n".join([*good, b"not JSON"]))
        output = self.folder / "of-table"
        printed = run_classify(table, output, "--format", "json", "--partitions", 3, "--litmus", COMMAND)
        self.assertEqual(printed, {"rows": len(good) + 1, "labelled": len(good), "invalid-input": 1})
        wanted = [self.answers[json.loads(line)["id"]] for line in good]
        answered = [answer for answer in answers(output) if answer["id"]]
        self.assertEqual(sorted(answered, key=lambda answer: int(answer["id"])), wanted)

    def test_a_process_that_fails_fails_the_job(self) -> None:
        """Also one that was ended in the middle, from which Spark would otherwise take the rows so far."""
        commands = {"no-model": f"{COMMAND} --model none", "ended": f"sh -c 'head -n 300 | {COMMAND}; kill -9 $$'"}
        for name, command in commands.items():
            output = self.folder / name
            with self.assertRaisesRegex(Exception, "PIPE_FUNCTION_EXITED"):
                run_classify(self.input, output, "--litmus", command)
            self.assertFalse((output / "_SUCCESS").exists())


if __name__ == "__main__":
    unittest.main()

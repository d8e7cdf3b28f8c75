"""Labels texts with the command `litmus` on Apache Spark: one process, which loads the model once, for each partition.

    spark-submit classify.py reviews.jsonl labelled
    spark-submit classify.py --format parquet reviews labelled

The input is JSON Lines, or a table in any format that Spark reads, with the fields `id` and `text`. The output is a
table with a row for each row of the input: `id`, `label`, `score`, and where there is no label the error's `code`.
"""

import argparse
import json

from pyspark import RDD
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql.functions import col, struct, to_json

# `row` is the line itself where it is no JSON object and so has no id.
ANSWER = """
    id STRING, row STRING,
    prediction STRUCT<label: STRING, score: DOUBLE>,
    error STRUCT<code: STRING, message: STRING>
"""


def unicode_line(line: Row) -> str:
    """The line as a string.

    `pipe` writes UTF-8. A byte that is not UTF-8 becomes the escape of an unpaired surrogate: the answer is the error
    `malformed-text`, where Spark itself would put U+FFFD into the text.
    """
    return bytes(line[0]).decode("utf-8", "surrogateescape").encode("utf-8", "backslashreplace").decode("utf-8")


def read_rows(spark: SparkSession, path: str, kind: str) -> RDD[str]:
    """The rows of the input, each as a JSON object without a line break."""
    if kind == "jsonl":
        lines = spark.read.text(path, lineSep="\n")
        return lines.select(col("value").cast("binary")).rdd.map(unicode_line)
    table = spark.read.format(kind).load(path)
    return table.select(to_json(struct("id", "text"))).rdd.map(lambda row: row[0])


def classify(spark: SparkSession, rows: RDD[str], command: str) -> DataFrame:
    """A row for each row, in the same order."""
    # Without checkCode, a process that fails gives a partition without its rows.
    answers = rows.pipe(command, checkCode=True)
    labelled = spark.read.json(answers, schema=ANSWER)
    return labelled.select("id", "prediction.label", "prediction.score", "error.code", "error.message", "row")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Labels texts with the command litmus on Apache Spark")
    parser.add_argument("input")
    parser.add_argument("output", help="a folder that does not exist")
    parser.add_argument("--format", default="jsonl", help="jsonl, or a format of Spark such as parquet")
    parser.add_argument("--litmus", default="litmus --rows", help="the command; it may have more options")
    parser.add_argument(
        "--partitions", type=int, help="two or three for each core; by default as Spark reads the input"
    )
    args = parser.parse_args(arguments)

    spark = SparkSession.builder.appName("litmus").getOrCreate()
    rows = read_rows(spark, args.input, args.format)
    piped = rows.repartition(args.partitions) if args.partitions else rows
    classify(spark, piped, args.litmus).write.parquet(args.output)

    # Counts the rows of each error, and as `labelled` those without one, whose label is null below a threshold.
    # Reads what was written: another action on the result of `classify` would classify all rows again.
    written = spark.read.parquet(args.output).groupBy("code").count().collect()
    print(json.dumps({"rows": rows.count(), **{row["code"] or "labelled": row["count"] for row in written}}))


if __name__ == "__main__":
    main()

"""Files that are either whole or not there, whenever the run is killed."""

import hashlib
import json
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np


@contextmanager
def whole(path):
    """An open binary file that takes its name only when everything is written."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        yield file
    os.replace(partial, path)


def write_text(path, text):
    with whole(path) as file:
        file.write(text.encode())


def write_json(path, value):
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def write_arrays(path, arrays):
    with whole(path) as file:
        np.savez(file, **arrays)


def read_arrays(path):
    with np.load(path) as file:
        return dict(file)


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()

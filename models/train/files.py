"""Files that are written atomically, so that a killed run leaves no partial file, and checked by SHA-256 when read."""

import hashlib
import io
import json
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np


@contextmanager
def atomic_file(path):
    """Yields a binary file opened as `path` + ".partial"; it is renamed to `path` after everything is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path, text):
    with atomic_file(path) as file:
        file.write(text.encode())


def write_json(path, value):
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def write_sealed(path, write):
    """Writes a sealed file: a first line with the SHA-256 of the content (the seal), then the content that
    `write(file)` writes."""
    content = io.BytesIO()
    write(content)
    with atomic_file(path) as file:
        file.write(hashlib.sha256(content.getbuffer()).hexdigest().encode() + b"\n")
        file.write(content.getbuffer())


def read_seal(path):
    """The SHA-256 in the first line of a sealed file, without a check of the content. Recipes identify a file by it."""
    if not path.is_file():
        raise SystemExit(f"{path}: not found; run the stage that writes it")
    with path.open("rb") as file:
        return file.readline().strip().decode(errors="replace")


def read_sealed(path):
    """The content of a sealed file as a BytesIO. A content that does not match its seal stops the run."""
    expected = read_seal(path)
    with path.open("rb") as file:
        file.readline()
        content = file.read()
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        raise SystemExit(f"{path}: SHA-256 of its content is {actual}, expected {expected}: delete it and run again")
    return io.BytesIO(content)


def write_arrays(path, arrays, recipe=None):
    """A sealed .npz file of `arrays`, {name: array}, and the JSON of `recipe`, which `was_made_by` compares."""
    write_sealed(path, lambda file: np.savez(file, recipe=np.array(json.dumps(recipe)), **arrays))


def read_arrays(path):
    """{name: array} of a file by `write_arrays`."""
    with np.load(read_sealed(path)) as file:
        return {name: file[name] for name in file if name != "recipe"}


def was_made_by(path, recipe):
    """Whether the file exists and its recipe equals `recipe`. A stage then has nothing to do."""
    if not path.exists():
        return False
    with np.load(read_sealed(path)) as file:
        return json.loads(str(file["recipe"])) == recipe

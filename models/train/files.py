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
    """An open binary file that takes its name only when everything is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


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
    """`write(file)` gives the content; its SHA-256 goes before it, on a line of its own."""
    content = io.BytesIO()
    write(content)
    with atomic_file(path) as file:
        file.write(hashlib.sha256(content.getbuffer()).hexdigest().encode() + b"\n")
        file.write(content.getbuffer())


def seal(path):
    """The SHA-256 of the content of a sealed file, as it says itself."""
    if not path.is_file():
        raise SystemExit(f"{path}: not found; run the stage that writes it")
    with path.open("rb") as file:
        return file.readline().strip().decode(errors="replace")


def read_sealed(path):
    """The content of a sealed file, or the end of the run if it is not what was written."""
    expected = seal(path)
    with path.open("rb") as file:
        file.readline()
        content = file.read()
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        raise SystemExit(f"{path}: SHA-256 of its content is {actual}, expected {expected}: delete it and run again")
    return io.BytesIO(content)


def write_arrays(path, arrays, recipe=None):
    """`recipe`: what the arrays were made by, for `made`."""
    write_sealed(path, lambda file: np.savez(file, recipe=np.array(json.dumps(recipe)), **arrays))


def read_arrays(path):
    with np.load(read_sealed(path)) as file:
        return {name: file[name] for name in file if name != "recipe"}


def made(path, recipe):
    """Whether the file is there and was made by this recipe."""
    if not path.exists():
        return False
    with np.load(read_sealed(path)) as file:
        return json.loads(str(file["recipe"])) == recipe

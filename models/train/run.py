"""The pipeline's stages as subcommands; `all` runs them in order. See README.md beside this file."""

import argparse
import importlib
import os
from pathlib import Path

# Before torch and onnxruntime start their threads: spinning threads steal the second core from each other.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

HERE = Path(__file__).resolve().parent
STAGES = ["teacher", "distil", "trim", "quantise", "calibrate", "evaluate", "export"]
CANDIDATES = ["6x4", "6x8", "3x4", "3x8"]


def candidate(name):
    """"6x4" → 6 layers, 4 bits."""
    layers, bits = map(int, name.split("x"))
    if layers not in (3, 4, 6) or bits not in (4, 8):
        raise argparse.ArgumentTypeError(f"{name}: layers are 3, 4 or 6, bits 4 or 8")
    return layers, bits


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=["all", *STAGES])
    parser.add_argument("--data", type=Path, default=HERE / "../../../shared/data", help="holds sst2/ and goemotions/")
    work = Path.home() / ".cache/litmus-text/train/work"
    parser.add_argument("--work", type=Path, default=work, help="folder for checkpoints and logs")
    parser.add_argument("--out", type=Path, default=HERE.parent / "sentiment", help="the model folder to write")
    sizes = {"type": candidate, "metavar": "LAYERSxBITS"}
    defaults = list(map(candidate, CANDIDATES))
    parser.add_argument("--candidates", nargs="+", default=defaults, help="students to make and compare", **sizes)
    parser.add_argument("--ship", default=defaults[0], help="the one that `export` writes", **sizes)
    args = parser.parse_args()
    for stage in STAGES if args.stage == "all" else [args.stage]:
        print(f"== {stage}", flush=True)
        module = importlib.import_module(stage)
        getattr(module, stage)(args)


if __name__ == "__main__":
    main()

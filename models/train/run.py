"""The pipeline's stages as subcommands; `all` runs them in order. See README.md beside this file."""

import argparse
import importlib
import os
from pathlib import Path

# Before torch and onnxruntime start their threads: spinning threads steal the second core from each other.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

HERE = Path(__file__).resolve().parent
STAGES = ["split", "vocabulary", "teacher", "label", "student", "calibrate", "evaluate", "export"]
# Stages whose file has another name.
MODULES = {"split": "splits"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=["all", *STAGES, "compare", "baselines", "exits"])
    parser.add_argument("--data", type=Path, default=HERE / "../../../shared/data", help="the folder of the corpora")
    work = Path.home() / ".cache/litmus-text/train/work"
    parser.add_argument("--work", type=Path, default=work, help="folder for checkpoints and logs")
    parser.add_argument("--out", type=Path, default=HERE.parent / "english", help="the model folder to write")
    parser.add_argument("--encoder", choices=["minilm", "mpnet"], help="`teacher` and `label`: only this one")
    layers = "`student` and later stages: the student's number of layers"
    parser.add_argument("--layers", type=int, choices=[3, 4, 6], default=6, help=layers)
    args = parser.parse_args()
    args.student = args.work / ("student" if args.layers == 6 else f"student-{args.layers}")
    for stage in STAGES if args.stage == "all" else [args.stage]:
        print(f"== {stage}", flush=True)
        module = importlib.import_module(MODULES.get(stage, stage))
        getattr(module, stage)(args)


if __name__ == "__main__":
    main()

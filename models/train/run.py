"""The pipeline's stages as subcommands; `all` runs them in order. See README.md beside this file."""

import argparse
import importlib
import os
from pathlib import Path

# Must be set before torch and onnxruntime start their threads. Waiting threads of one library would otherwise spin on a
# core that the other library needs.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("LITMUS_CACHE") or Path.home() / ".cache/litmus-text") / "train"
# Model name → the module that describes it (README.md, "Another model or language") and its default work folder.
MODELS = {"english": ("english", CACHE / "work"), "multilingual": ("multilingual.model", CACHE / "multilingual")}
STAGES = ["split", "vocabulary", "teacher", "label", "tune", "student", "calibrate", "evaluate", "export"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=["all", *STAGES, "compare", "baselines", "exits"])
    parser.add_argument("--model", choices=MODELS, default="english", help="the model to make")
    parser.add_argument("--data", type=Path, default=HERE / "../../../shared/data", help="the folder of the corpora")
    parser.add_argument("--work", type=Path, help="folder for checkpoints and logs")
    parser.add_argument("--out", type=Path, help="the model folder to write")
    parser.add_argument("--encoder", choices=["minilm", "mpnet"], help="`teacher` and `label`: only this one")
    base = "multilingual: an exported folder of this model; keep its tokenizer and start from its weights"
    parser.add_argument("--from", type=Path, dest="base", metavar="FOLDER", help=base)
    layers = "`student` and later stages: the student's number of layers"
    parser.add_argument("--layers", type=int, choices=[3, 4, 6], default=6, help=layers)
    args = parser.parse_args()
    if args.base and args.model == "english":
        parser.error("--from is an option of the multilingual model")
    module, work = MODELS[args.model]
    args.work, args.out = args.work or work, args.out or HERE.parent / args.model
    # Path of the student's files without their suffix.
    args.student = args.work / ("student" if args.layers == 6 else f"student-{args.layers}")

    args.description = importlib.import_module(module)
    stages = {**args.description.STAGES, **args.description.EXTRA_STAGES}
    if args.stage not in ("all", *stages):
        parser.error(f"the {args.model} model has no stage {args.stage}, only {', '.join(stages)}")
    for stage in args.description.STAGES if args.stage == "all" else [args.stage]:
        print(f"== {stage}", flush=True)
        getattr(importlib.import_module(stages[stage]), stage)(args)


if __name__ == "__main__":
    main()

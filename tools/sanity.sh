#!/usr/bin/env bash
# ansible-test sanity, with the tests' requirements in a virtual environment of ansible-test's own.
# Usage: tools/run tools/sanity.sh [TEST OPTIONS ...], for example: tools/run tools/sanity.sh --test validate-modules
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/environment.sh
. "$root/tools/environment.sh"
python "$root/tools/get_pip.py"
mkdir -p "$cache"
work=$(mktemp -d "$cache/sanity.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$("$root/tools/collection_tree.sh" "$work")"
# The collection under test is the copy, and ansible-test brings its own configuration.
# A pyenv shim is on the PATH for Pythons that it then refuses to run: real interpreters instead, so that the oldest
# Python of a managed host is tested where it is here.
PATH=$(tr ':' '\n' <<<"$PATH" | grep -v '/shims$' | paste -sd:)
for folder in "$HOME"/.pyenv/versions/3.*/bin; do
    [ -d "$folder" ] && PATH=$PATH:$folder
done
unset ANSIBLE_COLLECTIONS_PATH ANSIBLE_CONFIG PYTHONPATH
# What only ever runs on a developer's computer is not held to the rules of code for hosts; ruff and mypy read it.
ansible-test sanity --venv --color no --exclude lab/ --exclude benchmarks/ --exclude tools/ \
    --exclude molecule/ --exclude tests/lab/ --exclude tests/unit/lab/ "$@"

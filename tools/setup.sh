#!/usr/bin/env bash
# Make this computer ready: the Python environment, and beside it what the lab needs. The lab is plain Python.
# Usage: tools/setup.sh
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/environment.sh
. "$root/tools/environment.sh"

python=$(main_python)
# Both may want apt-get: one after the other.
have_venv_module "$python"
"$root/tools/run" true &
environment=$!
result=0
PYTHONPATH=$root "$python" -m lab setup || result=$?
wait "$environment"
exit "$result"

#!/usr/bin/env bash
# The collection's documentation as HTML, made from the plugins, the roles' argument specs and docs/docsite.
# Usage: tools/run tools/docs.sh
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$PWD/.cache/docs
rm -rf "$work"
mkdir -p "$work"
antsibull-docs sphinx-init --use-current --sphinx-theme alabaster --dest-dir "$work" dockyard.swarm >/dev/null
cd "$work"
antsibull-docs --config-file antsibull-docs.cfg collection --use-current --fail-on-error --dest-dir rst dockyard.swarm
# Made without a look at other projects' indexes, so that it works without the Internet: their labels stay plain text.
printf '\nintersphinx_mapping = {}\nsuppress_warnings = ["ref.ref"]\n' >>conf.py
sphinx-build -b html -q -W --keep-going -c . rst html
echo "$work/html/index.html"

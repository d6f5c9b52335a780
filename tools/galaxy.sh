#!/usr/bin/env bash
# Build the collection as a user would get it, and let Galaxy's own importer read it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/environment.sh
. "$root/tools/environment.sh"
mkdir -p "$cache"
work=$(mktemp -d "$cache/galaxy.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$("$root/tools/collection_tree.sh" "$work")"
"$root/tools/run" --use requirements-galaxy.txt ansible-galaxy collection build --output-path "$work"
cat >"$work/galaxy-importer.cfg" <<CONFIG
[galaxy-importer]
RUN_ANSIBLE_TEST = False
RUN_ANSIBLE_LINT = False
CHECK_REQUIRED_TAGS = False
REQUIRE_V1_OR_GREATER = False
CONFIG
cd "$work"
GALAXY_IMPORTER_CONFIG=$work/galaxy-importer.cfg \
    "$root/tools/run" --use requirements-galaxy.txt python -m galaxy_importer.main ./*.tar.gz 2>&1 | tee importer.log
# The importer warns of things that it will refuse some day.
if grep -q -E '^(ERROR|WARNING)' importer.log; then exit 1; fi

#!/usr/bin/env bash
# Copy the collection as it stands, files not yet committed included, to a real ansible_collections/dockyard/swarm and
# print its path: ansible-test refuses a symbolic link, and galaxy-importer builds from what it finds.
# Usage: tools/collection_tree.sh DIRECTORY
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$1/ansible_collections/dockyard/swarm
rm -rf "$target"
mkdir -p "$target"
cd "$root"
git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [ -e "$file" ] && printf '%s\0' "$file"; done |
    tar --create --null --files-from=- | tar --extract --directory="$target"
echo "$target"

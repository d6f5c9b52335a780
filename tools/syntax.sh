#!/usr/bin/env bash
# Let this environment's ansible-core read every playbook, with the sample inventory.
# Usage: tools/run [--next] tools/syntax.sh
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
ansible --version | sed -n 1p
ansible-playbook --syntax-check -i inventories/sample/hosts.yml playbooks/*.yml

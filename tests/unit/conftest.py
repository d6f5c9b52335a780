# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the collection importable from its own checkout, and Hypothesis calm on a busy computer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ansible.plugins.loader import init_plugin_loader
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[2]

# tools/run links the checkout here, and sets PYTHONPATH; an editor that starts pytest by itself does not.
if str(ROOT / ".cache") not in sys.path:
    sys.path.insert(0, str(ROOT / ".cache"))

# Before the first import from the collection: Ansible then finds its lookups, filters and tests by name, as in a run.
init_plugin_loader([str(ROOT / ".cache")])

os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".cache" / "hypothesis"))
# Machines boot beside these tests: how long an example takes says nothing about the code.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

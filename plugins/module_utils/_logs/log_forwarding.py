# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the plan for what sends container logs to the collector. Pure: no I/O."""

from __future__ import annotations

import re

from .._core import config_files
from .._core.config_files import missing_packages
from .._core.plan import PlanError

SIZE = re.compile(r"[1-9][0-9]*[KMGT]\Z")


def check_sizes(sizes):
    """Sizes are written as journald and rsyslog both read them."""
    for option, value in sorted(sizes.items()):
        if not SIZE.match(str(value)):
            raise PlanError("%s is %r: write a number and K, M, G or T, for example 1G." % (option, value))


def make_plan(facts, packages, files, units, folders=()):
    """The changes that a host needs: packages, then as :func:`config_files.make_plan` has it."""
    return missing_packages(facts, packages) + config_files.make_plan(facts, files, units, folders)

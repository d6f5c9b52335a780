# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the plan for what sends container logs to the collector. Pure: no I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .._core import config_files
from .._core.config_files import missing_packages
from .._core.plan import PlanError

if TYPE_CHECKING:
    from .._core.config_files import Facts, Items
    from .._core.plan import Plan

SIZE = re.compile(r"[1-9][0-9]*[KMGT]\Z")


def check_sizes(sizes: Mapping[str, Any]) -> None:
    """Sizes are written as journald and rsyslog both read them."""
    for option, value in sorted(sizes.items()):
        if not SIZE.match(str(value)):
            raise PlanError("%s is %r: write a number and K, M, G or T, for example 1G." % (option, value))


def make_plan(facts: Facts, packages: Iterable[str], files: Items, units: Items, folders: Items = ()) -> Plan:
    """The changes that a host needs: packages, then as :func:`config_files.make_plan` has it."""
    return missing_packages(facts, packages) + config_files.make_plan(facts, files, units, folders)

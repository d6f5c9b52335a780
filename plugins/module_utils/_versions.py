# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: versions of packages, and what is asked of them. Pure.

A package's version is ``5:28.5.2-1~debian.13~trixie``, ``26.1.5+dfsg1-9+b9`` or ``3:28.5.2-1.el9``: epoch, the software's
own version, the package's revision. Users ask for ``28``, ``28.5``, ``28.5.2`` or for the whole.
"""

from __future__ import annotations

import re


def upstream(version):
    """The software's own version, of a package's: ``28.5.2``."""
    text = version.split(":", 1)[-1].rsplit("-", 1)[0]
    return re.split(r"[+~]", text)[0]


def fits(version, wanted):
    """Whether a package's version is one that was asked for: the whole of it, or its first numbers."""
    if wanted in (version, version.split(":", 1)[-1]):
        return True
    have = upstream(version)
    return have == wanted or have.startswith(wanted + ".")


def choose(candidates, wanted):
    """The first of the versions, newest first, that was asked for; None where there is none."""
    return next((version for version in candidates if fits(version, wanted)), None)

# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: versions of packages, and what is asked of them. Pure.

A package's version is ``5:28.5.2-1~debian.13~trixie``, ``26.1.5+dfsg1-9+b9`` or ``3:28.5.2-1.el9``: epoch, the software's
own version, the package's revision. Users ask for ``28``, ``28.5``, ``28.5.2``, for the whole, or for ``latest``.
"""

from __future__ import annotations

import re
from typing import Sequence


def upstream(version: str) -> str:
    """The software's own version, of a package's: ``28.5.2``."""
    text = version.split(":", 1)[-1].rsplit("-", 1)[0]
    return re.split(r"[+~]", text)[0]


LATEST = "latest"
AT_LEAST = ">="


def fits(version: str, wanted: str) -> bool:
    """Whether a package's version is one that was asked for.

    That is the whole of it, with its epoch or without; its first numbers; or, as ``>=VERSION``, at least that one.
    """
    if wanted.startswith(AT_LEAST):
        return compare(version, wanted[len(AT_LEAST) :]) >= 0
    if wanted in (version, version.split(":", 1)[-1]):
        return True
    have = upstream(version)
    return have == wanted or have.startswith(wanted + ".")


def choose(candidates: Sequence[str], wanted: str) -> str | None:
    """The first of the versions, best first, that was asked for; None where there is none."""
    if wanted == LATEST:
        return candidates[0] if candidates else None
    return next((version for version in candidates if fits(version, wanted)), None)


def direction(have: str, wanted: str) -> str:
    """What it takes to come from one version to another, which may be no more than its first numbers."""
    if "-" in wanted or ":" in wanted:
        return "upgrade" if compare(have, wanted) < 0 else "downgrade"
    return "upgrade" if compare(upstream(have), wanted) < 0 else "downgrade"


def compare(one: str, other: str) -> int:
    """Below, at or above 0, as the first version is older, equal or newer. An epoch counts where both tell theirs.

    The order is dpkg's (deb-version(7)), which rpm's agrees with for versions of plain numbers.
    """
    both = ":" in one and ":" in other
    keys = [_key(version if both else version.split(":", 1)[-1]) for version in (one, other)]
    return (keys[0] > keys[1]) - (keys[0] < keys[1])


def _key(version: str) -> tuple[int, list[tuple[tuple[int, ...], int]], list[tuple[tuple[int, ...], int]]]:
    epoch, sep, rest = version.rpartition(":")
    number, sep, revision = rest.rpartition("-")
    if not sep:
        number, revision = rest, ""
    return int(epoch) if epoch.isdigit() else 0, _part(number), _part(revision)


def _part(text: str) -> list[tuple[tuple[int, ...], int]]:
    """Words and numbers in turn; the end of a word sorts behind ``~`` and before all else."""
    pieces = [
        (tuple(_weight(letter) for letter in word) + (0,), int(digits or 0))
        for word, digits in re.findall(r"(\D*)(\d*)", text)
    ]
    return pieces + [((0,), 0)]


def _weight(letter: str) -> int:
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256

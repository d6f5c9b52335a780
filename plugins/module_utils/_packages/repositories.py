# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the plan for a host's package repository, the same for apt and dnf. Pure but for ``read``.

``source`` is the module for one package manager's files, ``apt_sources`` or ``dnf_sources``: with ``PATTERNS`` of their paths,
``WHY`` another entry for the same repository is commented out, and functions ``paths``, ``source_text`` and ``take_over``.
"""

from __future__ import annotations

import glob
from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .._core.atomic_files import read_text
from .._core.config_files import digest
from .._core.plan import change
from . import openpgp

if TYPE_CHECKING:
    from typing import Protocol

    from .._core.facts import RepositoryFacts
    from .._core.plan import Plan

    class Source(Protocol):
        """What is there of both modules."""

        PATTERNS: tuple[str, ...]
        WHY: str

        def paths(self, name: str, /) -> tuple[str, str]: ...
        def source_text(self, repository: Mapping[str, Any], /) -> str: ...
        def take_over(self, path: str, text: str, uris: Iterable[str], /) -> str: ...


TAKEN_OVER = "# taken over by dockyard.swarm: "


def read(source: Source, name: str, uris: Iterable[str]) -> RepositoryFacts:
    """The state of a repository on this host: ``{entry, key, named_in}``.

    :param name: of its own files, see ``source.paths``.
    :param uris: the addresses that it has, or had.
    """
    entry, keyring = source.paths(name)
    found = [path for pattern in source.PATTERNS for path in sorted(glob.glob(pattern)) if path != entry]
    text, key = read_text(entry), read_text(keyring)
    return {
        "entry": None if text is None else digest(text),
        "key": None if key is None else _fingerprint(key),
        "named_in": [path for path in found if names(source, path, read_text(path) or "", uris)],
    }


def make_plan(source: Source, state: RepositoryFacts, repository: Mapping[str, Any]) -> Plan:
    """The changes that a repository needs.

    :param state: what :func:`read` gives.
    :param repository: ``{name, uri, suite, components, architecture, fingerprint}``.
    """
    plan = []
    entry, keyring = source.paths(repository["name"])
    wanted = openpgp.normal(repository["fingerprint"])
    if state["key"] != wanted:
        why = "missing" if state["key"] is None else "differs"
        plan.append(change("fetch", keyring, why, before=state["key"], after=wanted))
    for path in state["named_in"]:
        plan.append(change("take over", path, source.WHY, before="in force", after="comment"))
    if state["entry"] != digest(source.source_text(repository)):
        missing = state["entry"] is None
        why, before = ("missing", None) if missing else ("its content differs", "old content")
        plan.append(change("write", entry, why, before=before, after=repository["uri"]))
    return plan


def names(source: Source, path: str, text: str, uris: Iterable[str]) -> bool:
    """Whether a file has an entry in force for a repository."""
    return source.take_over(path, text, uris) != text


def _fingerprint(key: str) -> str:
    try:
        return ", ".join(openpgp.fingerprints(key.encode("utf-8", "surrogateescape")))
    except ValueError:
        return "none"

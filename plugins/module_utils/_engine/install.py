# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the source and version of a host's Engine. Pure functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Sequence

from .._core.plan import change
from .._core.versions import AT_LEAST, LATEST, fits, upstream
from .._packages import apt_sources, dnf_sources, openpgp, package_files, repositories, transaction

if TYPE_CHECKING:
    from .._core.facts import NodeFacts, RepositoryFacts
    from .._core.plan import Plan

    Options = Mapping[str, Any]

# Packages of the Engine itself, which share its version, and those that it runs on.
VERSIONED = ("docker-ce", "docker-ce-cli", "docker-ce-rootless-extras", "docker.io", "docker-cli")
# The daemon itself.
DAEMON = ("docker-ce", "docker.io", "moby-engine")
ENGINE = VERSIONED + ("containerd.io", "containerd", "runc")
# What it also needs, and the host keeps up to date.
BESIDE = ("container-selinux",)
# Where package files are kept on a host until they are installed.
FILES = "/var/cache/dockyard-packages"
# docker.io leaves this when it is removed, and runs it when it is purged: it deletes all data, whichever Engine uses it.
PURGE = "/var/lib/docker/nuke-graph-directory.sh"
# The role's own entries, by family, and their key.
OWN_REPOSITORY = (
    "/etc/apt/sources.list.d/dockyard-docker.sources", "/etc/apt/keyrings/dockyard-docker.asc",
    "/etc/yum.repos.d/dockyard-docker.repo",
)  # fmt: skip
UNITS = ("containerd.service", "docker.service")
VERSION = re.compile(r"[0-9][0-9A-Za-z.+~:-]*")
FINGERPRINT = re.compile(r"[0-9A-F]{40}")


def wanted(
    names: Sequence[str],
    version: str = "",
    hold: bool = True,
    conflicts: Iterable[str] = (),
    files: Sequence[Mapping[str, Any]] = (),
    repository: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a host is to have, as options of module ``packages``, with ``files`` and ``repository``.

    :param conflicts: names of packages that conflict.
    :param files: see :func:`package_files.for_host`, where the Engine comes from files.
    :param repository: see :func:`repositories.make_plan`, where it comes from one. It may have ``urls`` (the mirror's and
        Docker's own) and the ``folders`` below them that this host may be served from, of which ``replaces`` is made.
    """
    versions = {}
    if version == LATEST:
        versions = dict.fromkeys(names, version)
    elif version:
        versions = {name: version for name in names if name in VERSIONED}
    for item in files:
        # Other packages that the Engine needs may be newer on the host.
        exact = "" if item["name"] in ENGINE else AT_LEAST
        versions[item["name"]] = exact + item["version"]
    why = "%s takes its place" % names[0] if names else "it conflicts"
    return {
        "names": list(names),
        "versions": versions,
        "hold": [name for name in names if name in ENGINE or not (files or name in BESIDE)] if hold else [],
        "remove": {name: why for name in conflicts if name not in names},
        "files": [dict(item, dest="%s/%s" % (FILES, item["path"].rsplit("/", 1)[-1])) for item in files],
        "repository": _with_replaced(repository or {}),
    }


def _with_replaced(repository: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a mirror serves stands for what Docker serves: hosts do not ask for both."""
    if "folders" not in repository:
        return repository
    places = ["%s/linux/%s" % (url, folder) for url in repository["urls"] for folder in repository["folders"]]
    kept = {key: value for key, value in repository.items() if key not in ("urls", "folders")}
    return dict(kept, replaces=list(dict.fromkeys(places)))


def make_plan(facts: NodeFacts, install: Mapping[str, Any]) -> dict[str, Plan]:
    """The changes by part.

    ``repository`` is done first. ``packages`` is the transaction. ``changes`` are those of its changes that affect an installed
    Engine, or stop it for a while.

    :param install: see :func:`wanted`.
    """
    parts = {
        "repository": _repository_plan(facts, install.get("repository")),
        "packages": transaction.make_plan(facts, install) + _restart(facts),
    }
    parts["changes"] = [item for item in parts["packages"] if item["do"] in transaction.DISRUPTIVE]
    parts["packages"] += _leftovers(facts, install)
    return parts


def _leftovers(facts: NodeFacts, install: Mapping[str, Any]) -> Plan:
    found = []
    if FILES in facts["files"]:
        found.append(change("remove", FILES, "left over", before="present", after="absent", name=FILES))
    if PURGE in facts["files"] and "docker.io" not in install["names"]:
        why = "a purge of docker.io would delete the data of the Engine that took its place"
        found.append(change("remove", PURGE, why, before="present", after="absent", name=PURGE))
    for path in OWN_REPOSITORY if not install.get("repository") else ():
        if path in facts["files"]:
            found.append(
                change("remove", path, "nothing is installed from it", before="present", after="absent", name=path)
            )
    return found


def _repository_plan(facts: NodeFacts, repository: Mapping[str, Any] | None) -> Plan:
    if not repository:
        return []
    source = {"RedHat": dnf_sources}.get(facts["os"]["family"], apt_sources)
    nothing: RepositoryFacts = {"entry": None, "key": None, "named_in": []}
    plan: Plan = repositories.make_plan(source, facts.get("repository") or nothing, repository)
    return plan


def _restart(facts: NodeFacts) -> Plan:
    """A daemon whose version is not that of its package: some packages leave the restart to the administrator."""
    runs = facts["engine"]["version"]
    package = next((facts["packages"][name] for name in ("docker-ce", "docker.io") if name in facts["packages"]), None)
    if not runs or not package or upstream(runs) == upstream(package):
        return []
    why = "it still runs %s, but %s is installed" % (upstream(runs), upstream(package))
    return [change("restart", "docker.service", why, name="docker.service")]


def check(options: Options, facts: NodeFacts) -> list[str]:
    """The problems of a host's options that can be found before anything is changed, as texts.

    :param options: by their names without the role's, as far as they are set.
    """
    problems = []
    version = options.get("version") or ""
    if isinstance(version, float):
        problems.append(
            "option swarm_engine_version: 28.10 without quotes is the number 28.1: put %s in quotes" % version
        )
    elif version and version != LATEST and not VERSION.fullmatch(str(version)):
        problems.append(
            "option swarm_engine_version: %r is not a version: set one such as 28, 28.5.2 or latest, or the full version "
            "of the package" % version
        )
    if options.get("source") == "distribution" and facts["os"]["family"] == "RedHat":
        problems.append(
            "option swarm_engine_source: %s has no Docker Engine of its own: set it to docker or files"
            % facts["os"]["name"]
        )
    if options.get("source") == "files":
        problems += _check_files(options.get("package_files") or [], str(version), facts)
        for path in options.get("missing_files") or []:
            problems.append(
                "option swarm_engine_package_files: %s does not exist: create it, or remove it from the list" % path
            )
    else:
        problems += _check_key(options)
    return problems


def _check_files(paths: Sequence[str], version: str, facts: NodeFacts) -> list[str]:
    option = "option swarm_engine_package_files: "
    if not paths:
        return [
            option + "it is empty, but swarm_engine_source is files: list the package files, or choose another source"
        ]
    problems: list[str] = package_files.check(paths, facts, needed=DAEMON)
    if problems:
        return [option + text for text in problems]
    for item in package_files.for_host(paths, facts):
        if version and item["name"] in VERSIONED and not fits(item["version"], version):
            problems.append(
                "option swarm_engine_version: %s is wanted, but file %s has %s: add the file of that version, or leave "
                "the option out" % (version, item["path"], item["version"])
            )
    return problems


def version_to_be(options: Options, facts: NodeFacts) -> str | None:
    """The Engine's version after the run, as far as it is known: the options have to suit that one."""
    wanted = str(options.get("version") or "")
    if options.get("source") == "files":
        paths = options.get("package_files") or []
        # Other names are reported by :func:`check`.
        files = package_files.for_host(filter(package_files.is_named, paths), facts)
        wanted = next((item["version"] for item in files if item["name"] in VERSIONED), "")
    elif wanted == LATEST:
        offers = [facts.get("candidates", {}).get(name) for name in VERSIONED]
        wanted = next((found[0] for found in offers if found), "")
    # Docker's packages have an epoch before the Engine's version.
    return wanted.rpartition(":")[2] or facts["engine"]["version"]


def _check_key(options: Options) -> list[str]:
    problems = []
    fingerprint = openpgp.normal(options.get("repository_fingerprint") or "")
    if fingerprint and not FINGERPRINT.fullmatch(fingerprint):
        problems.append("option swarm_engine_repository_fingerprint: it must have 40 hexadecimal digits")
    key = options.get("repository_key")
    if key:
        try:
            found = openpgp.fingerprints(key.encode("utf-8", "surrogateescape"))
        except ValueError as exc:
            return problems + ["option swarm_engine_repository_key: it is not a key: %s" % exc]
        if fingerprint and found != [fingerprint]:
            problems.append(
                "option swarm_engine_repository_key: it has the fingerprint %s, but swarm_engine_repository_fingerprint is "
                "another: find out which one is right" % ", ".join(found)
            )
    return problems

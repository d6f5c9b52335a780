# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the packages of the Debian family, by dpkg's files and apt's commands.

A backend of module ``packages``. Another family's offers the same: functions ``read`` and ``candidates``, and class
``Backend``.
"""

from __future__ import annotations

import glob
import os
import re
import stat
import subprocess
import time
from typing import TYPE_CHECKING, Iterable, Mapping, Sequence

from .._core.atomic_files import read_text, remove
from .._core.plan import ApplyError
from .._core.unfinished import PACKAGES
from . import transaction

if TYPE_CHECKING:
    from .._core.plan import Change, Plan
    from .transaction import Installed

STATUS = "/var/lib/dpkg/status"
EXTENDED = "/var/lib/apt/extended_states"
LISTS = "/var/lib/apt/lists"
ETC = "/etc/"
FILES = "/var/lib/dpkg/info/*.list"  # the paths of each package, written when it is unpacked
# What dpkg had not written to its database yet when it ended; a scratch file beside it, tmp.i, may stay.
HALF_DONE = "/var/lib/dpkg/updates/[0-9]*"
LOCKED = (
    "Could not get lock",
    "Unable to acquire",
    "Unable to lock",
    "is locked by another process",
    "lock was locked by",
)
OUTDATED = ("Unable to locate package", "404  Not Found", "has no installation candidate", "Hash Sum mismatch")
BEGUN = re.compile(r"^(?:Preparing to unpack|Unpacking|Setting up|Removing) ", re.MULTILINE)
COMMAND = (
    "apt-get", "-q", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confdef",
    "-o", "Dpkg::Options::=--force-confold",
)  # fmt: skip
# Configuration files that were removed by hand stay removed, unless this is set.
RESTORE = {"UCF_FORCE_CONFFMISS": "1"}
VERSION_ROW = re.compile(r" (?:\*\*\*|   ) (\S+)")


class OutdatedError(ApplyError):
    """apt's lists do not match what its sources have."""


def read(names: Iterable[str], path: str = STATUS) -> Installed:
    """``{versions, holds}`` of the named packages: the version of each that is installed, and those that are held.

    A package whose transaction was interrupted counts as not installed, so that the next run repairs it.
    """
    found = _installed(names, path)
    pending = PACKAGES.names()
    versions = {name: found["versions"][name] for name in found["versions"] if name not in pending}
    return {"versions": versions, "holds": found["holds"]}


def _installed(names: Iterable[str], path: str = STATUS) -> Installed:
    wanted = set(names)
    versions: dict[str, str] = {}
    holds: list[str] = []
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            text = handle.read()
    except OSError:
        return {"versions": versions, "holds": holds}
    for block in text.split("\n\n"):
        name = block[9 : block.find("\n")] if block.startswith("Package: ") else None
        if name in wanted and "\nStatus: " in block:
            status = block.split("\nStatus: ", 1)[1].split("\n", 1)[0]
            if status.startswith("hold "):
                holds.append(name)
            if status.endswith(" ok installed"):
                versions[name] = block.split("\nVersion: ", 1)[1].split("\n", 1)[0]
    return {"versions": versions, "holds": sorted(holds)}


def candidates(names: Sequence[str]) -> dict[str, list[str]]:
    """By name, the versions that apt's own lists offer: first the one that apt would choose, then the newest first."""
    found: dict[str, list[str]] = {name: [] for name in names}
    if names:
        _code, said = run(["apt-cache", "policy"] + sorted(names), time.monotonic())
        found.update(policy(said))
    return found


def policy(said: str) -> dict[str, list[str]]:
    """The output of ``apt-cache policy``, as :func:`candidates` gives it, without versions that are only installed."""
    found: dict[str, list[str]] = {}
    offers: list[str] = []
    candidate = version = None
    for line in said.splitlines():
        row = VERSION_ROW.match(line)
        if line.endswith(":") and not line.startswith(" "):
            offers, candidate, version = [], None, None
            found[line[:-1]] = offers
        elif line.startswith("  Candidate: "):
            candidate = line.split(": ", 1)[1]
        elif row:
            version = row.group(1)
        elif version and version not in offers and line.startswith("      ") and STATUS not in line:
            offers.insert(0 if version == candidate else len(offers), version)
    return found


def replaced(names: Sequence[str]) -> dict[str, list[str]]:
    """By package, those that apt would remove for it, as far as its lists tell; those without one are left out."""
    if not glob.glob(LISTS + "/*_Packages*"):
        return {}  # a host that has fetched nothing yet
    command = list(COMMAND) + ["--simulate", "install"]
    code, said = run(command + list(names), time.monotonic())
    if code == 0 and not simulated(said)[0]:
        return {}
    # Which one is it that others give way to, or that the lists do not have?
    each = (
        {name: run(command + [name], time.monotonic()) for name in names}
        if len(names) > 1
        else {names[0]: (code, said)}
    )
    kept = automatic().union(transaction.REPLACEABLE)
    found = {name: sorted(simulated(text)[0] - kept) for name, (failed, text) in each.items() if failed == 0}
    return {name: gone for name, gone in found.items() if gone}


class Backend:
    """apt of this host, for module ``packages``."""

    read = staticmethod(read)
    candidates = staticmethod(candidates)
    outdated = OutdatedError  # what install() raises where fetching the lists may help

    def __init__(self, timeout: float = 300, lists_age: float = 3600, may_go: Iterable[str] = ()) -> None:
        self.may_go = set(may_go)  # packages that others may take the place of
        self.lists_age = lists_age
        self.deadline = time.monotonic() + timeout

    def repair(self) -> None:
        """Complete what an interrupted package manager left."""
        pending = PACKAGES.names()
        if pending or glob.glob(HALF_DONE):
            self._must("complete what an interrupted dpkg left", ["dpkg", "--configure", "-a", "--force-confold"])
        if pending:
            self._reinstall(pending)
            PACKAGES.end()

    def _reinstall(self, pending: set[str]) -> None:
        """Reinstall the packages whose transaction was interrupted, with those that came along.

        dpkg syncs the files of packages to the disk. Their scripts do not: what these wrote may be empty.
        """
        begun = PACKAGES.since()
        unpacked = [path for path in glob.glob(FILES) if _mtime(path) >= begun]
        owned = {path: os.stat(path) for path in emptied(unpacked, begun)}
        for path in owned:
            remove(path)
        names = pending.union(os.path.basename(path)[:-5].split(":")[0] for path in unpacked)
        versions = _installed(names)["versions"]
        self.fetch_lists()  # those that are there may be empty, too
        had = candidates(list(versions))
        # One that no source has any more stays as it is.
        words = ["%s=%s" % (name, version) for name, version in sorted(versions.items()) if version in had[name]]
        if words:
            command = list(COMMAND) + ["--reinstall", "--allow-change-held-packages"]
            command += ["-o", "Dpkg::Options::=--force-confmiss", "install"] + words
            self._must("complete what an interrupted apt-get left", command, RESTORE)
        for path, facts in owned.items():
            # Scripts set a file's owner only when its package is first installed.
            if os.path.isfile(path) and not os.path.islink(path):
                os.chown(path, facts.st_uid, facts.st_gid)
                os.chmod(path, stat.S_IMODE(facts.st_mode))

    def lists_are_old(self) -> bool:
        """Whether the lists are to be fetched before anything is installed by them."""
        # The lists themselves have the mirror's times; each fetch touches the folder that it goes through.
        if not glob.glob(LISTS + "/*_Packages*"):
            return True
        return time.time() - _mtime(LISTS + "/partial") > self.lists_age

    def fetch_lists(self) -> None:
        """Fetch the lists of all sources."""
        self._must("fetch the package lists", ["apt-get", "-q", "update"])

    def install(self, plan: Plan, files: Mapping[str, str], own: Iterable[str] = ()) -> None:
        """Carry out a plan of :mod:`transaction` in one transaction.

        :param files: packages that are installed from files: ``name -> path``.
        :param own: names of packages that the caller holds, so that the plan may change them, too.
        """
        command = _transaction(plan, files)
        if not command:
            return
        self._try_out(command, plan, own)
        PACKAGES.begin([item["name"] for item in transaction.installed(plan)])
        code, said = run(command, self.deadline)
        if code:
            if not BEGUN.search(said):
                PACKAGES.forget()
            raise _failure("install %s" % _names(plan), said)
        PACKAGES.end()

    def download(self, plan: Plan, files: Mapping[str, str], own: Iterable[str] = ()) -> None:
        """Fetch what :meth:`install` would install into apt's cache; parameters as there."""
        command = _transaction(plan, files)
        if command:
            self._try_out(command, plan, own)
            code, said = run(command[:1] + ["--download-only"] + command[1:], self.deadline)
            if code:
                raise _failure("fetch %s" % _names(plan), said)

    def hold(self, names: Sequence[str]) -> None:
        """Hold packages."""
        self._must("hold %s" % ", ".join(names), ["apt-mark", "hold"] + list(names))

    def _try_out(self, command: list[str], plan: Plan, own: Iterable[str]) -> None:
        """Refuse a transaction that would remove a package, or change a held one, unless the plan says so."""
        code, said = run(command[:1] + ["--simulate"] + command[1:], self.deadline)
        if code:
            raise _failure("do what is planned, and nothing was changed", said)
        removed, changed = simulated(said)
        planned = {item["name"] for item in plan}.union(self.may_go, transaction.REPLACEABLE)
        # What came as a dependency may go: a package that needs it is kept, or among the lost, too.
        lost = sorted(removed - planned - automatic())
        if lost:
            raise ApplyError(
                "apt-get would also remove %s, and nothing was changed: list them in swarm_cluster_allow_removal if they are not "
                "needed, or install what they need beforehand" % ", ".join(lost),
                output=said,
            )
        against = sorted(set(read(changed)["holds"]) - planned.union(own))
        if against:
            raise ApplyError(
                "apt-get would also change %s, which are held, and nothing was changed: `apt-mark unhold` those that "
                "may be changed" % ", ".join(against),
                output=said,
            )

    def _must(self, what: str, command: list[str], more: Mapping[str, str] | None = None) -> None:
        code, said = run(command, self.deadline, more)
        if code:
            raise ApplyError("cannot %s: %s" % (what, errors(said)), output=said)


def emptied(lists: Iterable[str], since: float) -> list[str]:
    """Empty files, written since then, in folders of /etc that belong to packages by these lists."""
    folders: set[str] = set()
    for path in lists:
        found = (line for line in (read_text(path) or "").splitlines() if line.startswith(ETC))
        folders.update(name for name in found if os.path.isdir(name) and not os.path.islink(name))
    there = (os.path.join(folder, name) for folder in sorted(folders) for name in sorted(os.listdir(folder)))
    return [path for path in there if _is_empty(path, since)]


def _is_empty(path: str, since: float) -> bool:
    facts = os.lstat(path)
    return (
        stat.S_ISREG(facts.st_mode) and facts.st_size == 0 and facts.st_ctime >= since
    )  # scripts copy with the time of the original


def _transaction(plan: Plan, files: Mapping[str, str]) -> list[str]:
    words = [_word(item, files) for item in transaction.installed(plan)]
    words += ["%s-" % item["name"] for item in plan if item["do"] == "remove"]
    if not words:
        return []
    command = list(COMMAND)
    if any(item["do"] == "downgrade" for item in plan):
        command.append("--allow-downgrades")
    # A held package that another one needs newer is changed only with both.
    if any(item.get("held") for item in plan):
        command += ["--allow-change-held-packages", "--ignore-hold"]
    return command + ["install"] + words


def _names(plan: Plan) -> str:
    return ", ".join(item["name"] for item in transaction.installed(plan))


def automatic(path: str = EXTENDED) -> set[str]:
    """Names of the packages that apt installed only because others need them."""
    blocks = (read_text(path) or "").split("\n\n")
    return {
        line[len("Package: ") :]
        for block in blocks
        if "Auto-Installed: 1" in block
        for line in block.splitlines()
        if line.startswith("Package: ")
    }


def simulated(said: str) -> tuple[set[str], set[str]]:
    """Names of the packages that a simulated apt-get would remove, and of those that it would change: two sets."""
    removed = set(re.findall(r"^(?:Remv|Purg) ([^\s:]+)", said, re.MULTILINE))
    changed = set(re.findall(r"^Inst ([^\s:]+)(?::\S+)? \[", said, re.MULTILINE))
    return removed, changed


def run(command: list[str], deadline: float, more: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run a package manager, with ``more`` in its environment, once it is free; returns (exit code, output)."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8", NEEDRESTART_SUSPEND="1")
    environment.update(more or {})
    while True:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
            check=False,
        )  # fmt: skip
        said = done.stdout.decode("utf-8", "replace")
        locked = done.returncode and any(sign in said for sign in LOCKED)
        if not locked or time.monotonic() > deadline:
            return done.returncode, said
        time.sleep(2)


def errors(said: str) -> str:
    """The errors of a package manager, as it prints them."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    found = [line for line in lines if line.startswith(("E:", "Err:", "dpkg: error"))]
    return "; ".join(found[:5] or lines[-3:])


def _word(item: Change, files: Mapping[str, str]) -> str:
    """A package as an argument of apt-get: its file, its name, or its name and version."""
    if item["name"] in files:
        return files[item["name"]]
    return "%s=%s" % (item["name"], item["target"]) if item["target"] else item["name"]


def _failure(what: str, said: str) -> ApplyError:
    kind = OutdatedError if any(sign in said for sign in OUTDATED) else ApplyError
    return kind("apt-get failed to %s: %s" % (what, errors(said)), output=said)


def _mtime(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0

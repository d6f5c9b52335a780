# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the packages of the CentOS family, by the commands rpm and dnf.

A backend of module ``packages``, as :mod:`apt` is. Holding is the work of dnf's plugin versionlock, whose list is read and
written here: that costs nothing, and the plugin's own command drops all comments when it replaces an entry.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Collection, Iterable, Iterator, Mapping, Sequence

from .._core.atomic_files import read_text, write_text
from .._core.plan import ApplyError
from .._core.unfinished import PACKAGES
from .._core.versions import compare, fits
from . import transaction, versionlock

if TYPE_CHECKING:
    from .._core.plan import Change, Plan
    from .transaction import Installed

PLUGIN = "python3-dnf-plugin-versionlock"
PLUGINS = "/etc/dnf/plugins"
FORMAT = "%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE}\n"
BUSY = 200  # dnf's exit code while another process holds its locks
LOCKED = "can't create transaction lock"  # rpm's error while another process holds its lock
OUTDATED = ("Unable to find a match", "No match for argument", "Error downloading packages", "nothing provides")
BEGUN = re.compile(r"^Running transaction$", re.MULTILINE)
SCRIPT = re.compile(r"%\w+\((\S+?)-[^-]+-[^-]+\) scriptlet failed", re.ASCII)


class OutdatedError(ApplyError):
    """dnf's metadata do not match what its repositories have."""


def read(names: Collection[str]) -> Installed:
    """``{versions, holds}`` of the named packages, as :func:`apt.read` does.

    A package whose transaction was interrupted counts as not installed, so that the next run repairs it.
    """
    versions = dict(_query(names))
    holds = versionlock.held(_locks() or "", versions)
    pending = PACKAGES.names()
    return {"versions": {name: versions[name] for name in versions if name not in pending}, "holds": holds}


def _query(names: Collection[str]) -> list[tuple[str, str]]:
    """(name, version) of each of these packages that is installed; twice where two versions of it are."""
    if not names:
        return []
    command = ["rpm", "-q", "--qf", FORMAT] + sorted(set(names))
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return []
    return installed(done.stdout.decode("utf-8", "replace"))


def installed(said: str) -> list[tuple[str, str]]:
    """The output of ``rpm -q``, as :func:`_query` gives it."""
    rows = (line.split() for line in said.splitlines() if " is not installed" not in line)
    return [(row[0], row[1]) for row in rows if len(row) == 2]


def candidates(names: Sequence[str]) -> dict[str, list[str]]:
    """By name, the versions that the host's repositories offer, the newest first."""
    found: dict[str, list[str]] = {name: [] for name in names}
    if names:
        query = ["repoquery", "--available", "--showduplicates", "--qf", "%{name} %{epoch}:%{version}-%{release}"]
        _code, said = run(["dnf", "-q"] + query + sorted(names), time.monotonic())
        found.update(offers(said))
    return found


def offers(said: str) -> dict[str, list[str]]:
    """The output of ``dnf repoquery``, as :func:`candidates` gives it."""
    found: dict[str, list[str]] = {}
    for line in said.splitlines():
        row = line.split()
        if len(row) == 2 and re.match(r"\d+:\S+-\S+$", row[1]) and row[1] not in found.get(row[0], ()):
            found.setdefault(row[0], []).append(row[1])
    for versions in found.values():
        versions.sort(key=functools.cmp_to_key(compare), reverse=True)
    return found


def replaced(names: Sequence[str]) -> dict[str, list[str]]:
    """By package, those that dnf would remove for it, as far as its metadata tell; see :func:`apt.replaced`."""
    found = {tuple(names): _erased(names)}
    if not found[tuple(names)]:
        return {}
    if len(names) > 1:
        found = {(name,): _erased([name]) for name in names}
    return {package[0]: gone for package, gone in found.items() if gone}


def _erased(names: Sequence[str]) -> list[str]:
    command = ["dnf", "-C", "--assumeno", "--setopt=install_weak_deps=False", "install", "--allowerasing"]
    return sorted(simulated(run(command + list(names), time.monotonic())[1]).difference(transaction.REPLACEABLE))


class Backend:
    """dnf of this host, for module ``packages``."""

    read = staticmethod(read)
    candidates = staticmethod(candidates)
    outdated = OutdatedError

    def __init__(self, timeout: float = 300, lists_age: float = 3600, may_go: Iterable[str] = ()) -> None:
        self.may_go = set(may_go)  # packages that others may take the place of
        self.deadline = time.monotonic() + timeout
        # dnf checks the age of its metadata by itself.
        self.options = ["--setopt=metadata_expire=%d" % lists_age]

    def repair(self) -> None:
        """Reinstall the packages whose transaction was interrupted."""
        names = sorted(PACKAGES.names())
        if not names:
            return
        rows = _query(names)
        there = [name for name, _version in rows]
        twice = sorted({name for name in there if there.count(name) > 1})
        # One that no repository has any more cannot be reinstalled: the transaction that follows has to do. Repositories that do
        # not answer are an error here instead.
        self.fetch_lists()
        had = candidates([name for name in there if name not in twice])
        whole = ["%s-%s" % row for row in rows if row[1] in had.get(row[0], ())]
        with _released(names) as options:
            if twice:
                # An interrupted upgrade leaves both versions.
                self._must("complete what an interrupted dnf left", options + ["remove", "--duplicates"] + twice)
            if whole:
                self._must("complete what an interrupted dnf left", options + ["reinstall"] + whole)
        PACKAGES.end()

    def lists_are_old(self) -> bool:
        """Never: see ``options``."""
        return False

    def fetch_lists(self) -> None:
        """Fetch the metadata of all repositories."""
        self._must("fetch the repositories' metadata", ["makecache", "--refresh"])

    def install(self, plan: Plan, files: Mapping[str, str], own: Iterable[str] = ()) -> None:
        """Carry out a plan of :mod:`transaction` in one transaction, see :meth:`apt.Backend.install`."""
        words = [_word(item, files) for item in transaction.installed(plan)]
        removed = [item["name"] for item in plan if item["do"] == "remove"]
        if not words and not removed:
            return
        if any(item["do"] == "hold" for item in plan) and _locks() is None:
            words.append(PLUGIN)
        if words:
            PACKAGES.begin([item["name"] for item in transaction.installed(plan)])
        try:
            with _released([item["name"] for item in plan] + list(own)) as options:
                said = self._transaction(options, words, removed)
                _check(plan, said)
        except ApplyError as exc:
            if not BEGUN.search(exc.details.get("output", "")):
                PACKAGES.forget()  # nothing was changed
            raise
        failed = sorted({match.group(1) for match in SCRIPT.finditer(said)} & {item["name"] for item in plan})
        if failed:
            raise ApplyError(
                "scripts of %s failed; the packages are installed, and are installed again by the next run: %s"
                % (", ".join(failed), errors(said)),
                output=said,
            )
        PACKAGES.end()

    def download(self, plan: Plan, files: Mapping[str, str], own: Iterable[str] = ()) -> None:
        """Fetch what :meth:`install` would install into dnf's cache.

        Not where packages are removed as well: dnf resolves both together, in the transaction only.
        """
        words = [_word(item, files) for item in transaction.installed(plan)]
        if not words or any(item["do"] == "remove" for item in plan):
            return
        with _released([item["name"] for item in plan] + list(own)) as options:
            code, said = run(self._command(options + ["--downloadonly", "install"] + words), self.deadline)
        if code:
            raise _failure("fetch %s" % ", ".join(words), said)

    def hold(self, names: Sequence[str]) -> None:
        """Hold packages at the versions that they have."""
        if _locks() is None:
            self._must("install %s, which holds packages" % PLUGIN, ["install", PLUGIN])
        path = versionlock.list_path(read_text(versionlock.CONFIG))
        if path is None:
            raise ApplyError(
                "%s switches the plugin off that holds packages: set enabled=1 there, or hold no packages"
                % versionlock.CONFIG
            )
        versions = self.read(names)["versions"]
        write_text(path, versionlock.hold(_locks() or "", {name: versions[name] for name in names}))

    def _transaction(self, options: list[str], words: list[str], removed: list[str]) -> str:
        if not removed:
            options = options + self._erasing(options, words)
            code, said = run(self._command(options + ["install"] + words), self.deadline)
            if code:
                raise _failure("install %s" % ", ".join(words), said)
            return said
        script = [["install"] + words] if words else []
        script += [["remove"] + removed, ["run"]]
        folder = tempfile.mkdtemp(prefix="dockyard-", dir="/run")
        try:
            path = os.path.join(folder, "transaction")
            write_text(path, "".join("%s\n" % " ".join(line) for line in script))
            # A shell continues after a failed line, and exits with 0.
            options = options + ["--setopt=clean_requirements_on_remove=False"]
            _code, said = run(self._command(options + ["--assumeno", "shell", path], yes=False), self.deadline)
            _check_trial(said, removed)
            options = options + ["--setopt=metadata_expire=never"]
            return run(self._command(options + ["shell", path]), self.deadline)[1]
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _erasing(self, options: list[str], words: list[str]) -> list[str]:
        """The option that lets packages go which are in the way, after a trial that shows that no others would."""
        if not self.may_go:
            return []
        said = run(
            self._command(options + ["--assumeno", "install", "--allowerasing"] + words, yes=False), self.deadline
        )[1]
        _check_trial(said, self.may_go.union(transaction.REPLACEABLE))
        return ["--allowerasing"]

    def _command(self, words: list[str], yes: bool = True) -> list[str]:
        return ["dnf"] + (["-y"] if yes else []) + ["--setopt=install_weak_deps=False"] + self.options + words

    def _must(self, what: str, words: list[str]) -> None:
        code, said = run(self._command(words), self.deadline)
        if code:
            raise ApplyError("cannot %s: %s" % (what, errors(said)), output=said)


@contextlib.contextmanager
def _released(names: Collection[str]) -> Iterator[list[str]]:
    """Options for a transaction that may change these packages, and those that this collection holds.

    The list itself is not changed, so that the packages are still held after a power cut.
    """
    text = _locks() or ""
    if not versionlock.locked(text, names):
        yield []
        return
    folder = tempfile.mkdtemp(prefix="dockyard-", dir="/run")
    try:
        path = os.path.join(folder, "versionlock.list")
        write_text(path, versionlock.released(text, names))
        write_text(os.path.join(folder, "versionlock.conf"), "[main]\nenabled = 1\nlocklist = %s\n" % path)
        yield ["--setopt=pluginconfpath=%s,%s" % (PLUGINS, folder)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _locks() -> str | None:
    """The list of what is held; None where the plugin is not there."""
    config = read_text(versionlock.CONFIG)
    if config is None:
        return None
    path = versionlock.list_path(config)
    return (read_text(path) if path else None) or ""


def run(command: list[str], deadline: float) -> tuple[int, str]:
    """Run a package manager, once no other holds its locks; returns (exit code, output)."""
    environment = dict(os.environ, LC_ALL="C.UTF-8", COLUMNS="200")
    command = command[:1] + ["--setopt=exit_on_lock=1"] + command[1:]
    while True:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
            check=False,
        )  # fmt: skip
        said = done.stdout.decode("utf-8", "replace")
        locked = done.returncode == BUSY or (done.returncode and LOCKED in said)
        if not locked or time.monotonic() > deadline:
            return done.returncode, said
        time.sleep(2)


def simulated(said: str) -> set[str]:
    """Names of the packages that a transaction, as dnf shows it, would remove."""
    found, inside = set(), False
    for line in said.splitlines():
        if line.startswith("Removing"):
            inside = True
        elif not line.startswith(" "):
            inside = False
        row = re.match(r" (\S+)", line)
        if inside and row:
            found.add(row.group(1))
        # Below an installation: the package that it replaces, which is removed as well.
        replaced = re.match(r"\s+replacing\s+(\S+)\.\w+\s", line)
        if replaced:
            found.add(replaced.group(1))
    return found


def _check_trial(said: str, removed: Iterable[str]) -> None:
    if complaints(said):
        raise _failure("do what is planned, and nothing was changed", said)
    lost = sorted(simulated(said) - set(removed))
    if lost:
        raise ApplyError(
            "dnf would also remove %s, and nothing was changed: list them in swarm_cluster_allow_removal if they are not needed, "
            "or install what they need beforehand" % ", ".join(lost),
            output=said,
        )


def _check(plan: Plan, said: str) -> None:
    """Check that a transaction did what was planned: a shell exits with 0 in any case."""
    rows = _query([item["name"] for item in plan])
    there = dict(rows)
    undone = [item["name"] for item in plan if item["do"] == "remove" and item["name"] in there]
    for item in transaction.installed(plan):
        if item["name"] not in there or (item["target"] and not fits(there[item["name"]], item["target"])):
            undone.append(item["name"])
    if undone:
        raise _failure("do what was planned of %s" % ", ".join(undone), said)


def complaints(said: str) -> list[str]:
    """The lines of dnf's errors, apart from the one that it was answered no."""
    lines = [line.strip() for line in said.splitlines()]
    signs = ("Error:", "Error: ", "RPM: error", "error:", "No match for argument")
    return [line for line in lines if line.startswith(signs) and "Operation aborted" not in line]


def errors(said: str) -> str:
    """The errors of dnf, as it prints them."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    found = complaints(said)
    # The reasons why a transaction cannot be resolved, or a package not be fetched, are in other lines.
    found += [line for line in lines if line.startswith(("Problem", "- ", "[FAILED]"))]
    return "; ".join(list(dict.fromkeys(found))[:6] or lines[-3:])


def _word(item: Change, files: Mapping[str, str]) -> str:
    """A package as an argument of dnf: its file, its name, or its name and version."""
    if item["name"] in files:
        return files[item["name"]]
    return "%s-%s" % (item["name"], item["target"]) if item["target"] else item["name"]


def _failure(what: str, said: str) -> ApplyError:
    kind = OutdatedError if any(sign in said for sign in OUTDATED) else ApplyError
    return kind("dnf failed to %s: %s" % (what, errors(said)), output=said)

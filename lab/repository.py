"""A signed apt repository that stands in for Docker's own: packages of its names, with Debian's binaries inside.

Its two versions are those of Debian trixie and sid, so that installing, pinning, holding and upgrading are done for real.
It is made once per recipe, when somebody asks for it, and answers on the address of the package cache.
"""

import hashlib
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path

from lab import processes, signing
from lab.aptcache import ADDRESS
from lab.errors import LabError
from lab.images import packages
from lab.locks import computer_locked, locked
from lab.mirror import find_mirror
from lab.paths import RUN_ROOT, cache_root
from lab.progress import Progress, Silent
from lab.recipe import fingerprint
from lab.shell import run

PORT = 3144
# Releases of Debian that the packages are offered for, by number, and where their binaries come from.
OFFERED = {"bookworm": 12, "trixie": 13}
_ORIGINS = ("trixie", "sid")
_RECORD = RUN_ROOT / "repository.json"
_OWNER = "The lab <lab@example.com>"
_PATIENCE = 10


# What no test needs: a machine takes long to unpack it.
UNWANTED = (
    *("etc/init.d", "usr/share/doc", "usr/share/man", "usr/share/*-completion*", "usr/share/zsh", "usr/bin/ctr"),
    *("usr/bin/containerd-shim", "usr/bin/containerd-shim-runc-v1", "usr/lib/containerd", "usr/lib/cni"),
    *("usr/sbin/recvtty", "usr/sbin/seccompagent", "usr/sbin/remap-rootfs", "usr/sbin/fs-idmap"),
)


@dataclass(frozen=True)
class Package:
    """A package of Docker's name: whose files it has, and what it needs; ``own`` is of the release itself."""

    name: str
    source: str
    depends: str
    conflicts: str
    units: str = ""
    own: tuple[str, ...] = ()


PACKAGES = (
    # Debian's runc wants the C library of its own release.
    Package("containerd.io", "containerd", "libc6, libseccomp2", "containerd, runc", "containerd.service", ("runc",)),
    Package("docker-ce-cli", "docker-cli", "libc6", "docker-cli, podman-docker"),
    Package(
        "docker-ce",
        "docker.io",
        "containerd.io (>= {containerd}), docker-ce-cli, iptables, libc6, libsystemd0, tini",
        "docker.io",
        "docker.service docker.socket",
    ),
)
# As the helpers of Debian's packages write them, so that masked and disabled units are treated as everywhere.
_SCRIPTS = {
    "postinst": """\
getent group docker >/dev/null || groupadd --system docker
for unit in {units}; do
    deb-systemd-helper unmask $unit >/dev/null || true
    if deb-systemd-helper --quiet was-enabled $unit; then
        deb-systemd-helper enable $unit >/dev/null || true
    else
        deb-systemd-helper update-state $unit >/dev/null || true
    fi
done
if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    if [ -n "$2" ]; then action=restart; else action=start; fi
    deb-systemd-invoke $action {units} >/dev/null || true
fi
""",
    "prerm": """\
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    deb-systemd-invoke stop {units} >/dev/null || true
fi
""",
    "postrm": """\
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
fi
""",
}


@dataclass(frozen=True)
class Served:
    """The repository, where it answers."""

    url: str
    fingerprint: str
    folder: Path


def ask(progress: Progress | None = None) -> Served:
    """Have the repository, made where it is missing, and have it answer."""
    folder = _ensure(progress or Silent())
    with computer_locked():
        _serve()
    url = f"http://{ADDRESS}:{PORT}/{folder.name}"
    site = folder / "linux" / "debian"
    _await(f"{url}/linux/debian/gpg")
    return Served(url, (site / "fingerprint").read_text(), site)


def start() -> None:
    """Have it answer if it was ever asked for. The caller holds the computer's lock."""
    if _root().is_dir():
        _serve()


def stop() -> None:
    """Stop answering. The caller holds the computer's lock and knows that no lab is left."""
    processes.end(_RECORD)


def _root() -> Path:
    return cache_root() / "repository"


def _serve() -> None:
    if processes.running(_RECORD):
        return
    run(["ip", "address", "replace", f"{ADDRESS}/32", "dev", "lo"])
    words: list[str | Path] = [
        sys.executable,
        "-m",
        "http.server",
        "--bind",
        ADDRESS,
        "--directory",
        _root(),
        str(PORT),
    ]
    processes.spawn(words, RUN_ROOT / "repository.log", _RECORD)


def _await(url: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=_PATIENCE):
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                problem = f"the lab's repository does not answer ({url}: {error})"
                raise LabError(problem, f"see {RUN_ROOT}/repository.log; labs share one cache directory") from None
        time.sleep(0.05)


def _ensure(progress: Progress) -> Path:
    target = _root() / fingerprint(sys.modules[__name__], packages, find_mirror())
    if not target.exists():
        with locked(cache_root() / "locks" / "repository.lock", lambda: progress.say("repository", "waiting")):
            if not target.exists():
                progress.say("repository", "building")
                _build(target)
                progress.say("repository", "built")
    return target


def _build(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    (cache_root() / "build").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="repository-", dir=cache_root() / "build") as name:
        work = Path(name)
        site = work / "site" / "linux" / "debian"
        debs = _download(work)
        key = _make_key(work / "gnupg", site)
        for suite in OFFERED:
            pool = site / "dists" / suite / "pool" / "stable" / "amd64"
            pool.mkdir(parents=True)
            for origin in _ORIGINS:
                # As Docker's, an Engine wants a containerd that is as new as itself.
                containerd = _upstream(debs[origin, "containerd"])
                for package in PACKAGES:
                    own = [debs[suite, name] for name in package.own]
                    made = replace(package, depends=package.depends.format(containerd=containerd))
                    _make_package(made, suite, [debs[origin, package.source], *own], work, pool)
            _index(site, suite, key)
        run(["gpgconf", "--kill", "all"], env={"GNUPGHOME": str(key)}, check=False)
        (work / "site").rename(target)


def _download(work: Path) -> dict[tuple[str, str], Path]:
    """Give the packages of Debian that are needed, by release and name."""
    found = {}
    for suite in {*_ORIGINS, *OFFERED}:
        names = {package.source for package in PACKAGES if suite in _ORIGINS}
        names |= {name for package in PACKAGES for name in package.own if suite in OFFERED}
        folder = work / suite
        folder.mkdir()
        wanted = tuple(sorted(names))
        found.update(
            {(suite, name): deb for name, deb in zip(wanted, packages.fetch(suite, wanted, folder), strict=True)}
        )
    return found


def _make_key(home: Path, site: Path) -> Path:
    site.mkdir(parents=True)
    public, found = signing.make_key(home, _OWNER, "rsa2048")
    (site / "gpg").write_text(public)
    (site / "fingerprint").write_text(found)
    return home


def _upstream(deb: Path) -> str:
    version = run(["dpkg-deb", "-f", deb, "Version"]).stdout.split(":")[-1]
    return version.split("+")[0].split("~")[0].split("-")[0].strip()


def _make_package(package: Package, suite: str, debs: list[Path], work: Path, pool: Path) -> None:
    with tempfile.TemporaryDirectory(dir=work) as name:
        root = Path(name)
        for deb in debs:
            run(["dpkg-deb", "-x", deb, root])
        for pattern in UNWANTED:
            for path in root.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        version = f"{_upstream(debs[0])}-1~debian.{OFFERED[suite]}~{suite}"
        control = root / "DEBIAN"
        control.mkdir()
        (control / "control").write_text(
            f"Package: {package.name}\nVersion: {'5:' if package.name.startswith('docker') else ''}{version}\n"
            f"Architecture: amd64\nMaintainer: {_OWNER}\nDepends: {package.depends}\nConflicts: {package.conflicts}\n"
            f"Replaces: {package.conflicts}\nDescription: {package.name}, as far as tests need it\n"
        )
        settings = sorted(path.relative_to(root) for path in (root / "etc").rglob("*") if path.is_file())
        (control / "conffiles").write_text("".join(f"/{path}\n" for path in settings))
        for script, text in _SCRIPTS.items() if package.units else ():
            (control / script).write_text("#!/bin/sh\nset -e\n" + text.format(units=package.units))
            (control / script).chmod(0o755)
        # Docker's repository leaves the epoch out of its files' names.
        deb = pool / f"{package.name}_{version}_amd64.deb"
        root.chmod(0o755)
        run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", root, deb])


def _index(site: Path, suite: str, key: Path) -> None:
    folder = site / "dists" / suite
    stanzas = []
    for deb in sorted(folder.glob("pool/stable/amd64/*.deb")):
        content = deb.read_bytes()
        stanzas.append(
            f"{run(['dpkg-deb', '-f', deb]).stdout.strip()}\nFilename: {deb.relative_to(site)}\nSize: {len(content)}\n"
            f"SHA256: {hashlib.sha256(content).hexdigest()}\n"
        )
    index = folder / "stable" / "binary-amd64" / "Packages"
    index.parent.mkdir(parents=True)
    index.write_text("\n".join(stanzas))
    content = index.read_bytes()
    release = folder / "Release"
    release.write_text(
        f"Origin: Docker\nLabel: Docker CE\nSuite: {suite}\nCodename: {suite}\nArchitectures: amd64\nComponents: stable\n"
        "Date: Thu, 01 Jan 2026 00:00:00 UTC\n"
        f"SHA256:\n {hashlib.sha256(content).hexdigest()} {len(content)} stable/binary-amd64/Packages\n"
    )
    env = {"GNUPGHOME": str(key)}
    run(["gpg", "--batch", "--yes", "--clearsign", "-o", folder / "InRelease", release], env=env)

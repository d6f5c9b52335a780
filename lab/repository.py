"""A signed apt repository that stands in for Docker's own: packages of its names, with Debian's binaries inside.

`ensure` makes it once, by content; `serve` has it answer on the address of the package cache. Its two versions are those of
Debian trixie and sid, so that installing, pinning, holding and upgrading are done for real.
"""

import hashlib
import http.server
import shutil
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lab import processes
from lab.aptcache import ADDRESS
from lab.images import packages
from lab.locks import locked
from lab.mirror import find_mirror
from lab.paths import RUN_ROOT, cache_root
from lab.progress import Progress, Silent
from lab.recipe import fingerprint
from lab.shell import run

PORT = 3144
URL = f"http://{ADDRESS}:{PORT}"
# Releases of Debian that the packages are offered for, and where their binaries come from.
OFFERED = ("bookworm", "trixie")
_ORIGINS = ("trixie", "sid")
_RECORD = RUN_ROOT / "repository.json"
_OWNER = "The lab <lab@example.com>"


@dataclass(frozen=True)
class Package:
    """A package of Docker's name: whose files it takes over from Debian, and what it needs."""

    name: str
    sources: tuple[str, ...]
    depends: str
    conflicts: str
    units: tuple[str, ...] = ()


PACKAGES = (
    Package("containerd.io", ("containerd", "runc"), "libc6, libseccomp2", "containerd, runc", ("containerd.service",)),
    Package("docker-ce-cli", ("docker-cli",), "libc6", "docker-cli"),
    Package(
        "docker-ce",
        ("docker.io",),
        "containerd.io, docker-ce-cli, iptables, libc6, libsystemd0, tini",
        "docker.io",
        ("docker.service", "docker.socket"),
    ),
)


def ensure(progress: Progress | None = None) -> Path:
    """Give the folder of the repository, making it where it is missing."""
    stamp = fingerprint(sys.modules[__name__], packages, find_mirror())
    target = cache_root() / "repository" / stamp
    if not target.exists():
        with locked(cache_root() / "locks" / "repository.lock"):
            if not target.exists():
                (progress or Silent()).say("repository", "building")
                _build(target)
    return target


def serve(folder: Path) -> None:
    """Have the repository answer, unless it does. The caller holds the computer's lock."""
    if not processes.running(_RECORD):
        processes.spawn([sys.executable, "-m", "lab.repository", str(folder)], RUN_ROOT / "repository.log", _RECORD)


def stop() -> None:
    """Stop answering. The caller holds the computer's lock and knows that no lab is left."""
    processes.end(_RECORD)


def _build(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="repository-", dir=target.parent) as work:
        site = Path(work, "site", "linux", "debian")
        key = _make_key(Path(work, "gnupg"), site)
        for suite in OFFERED:
            pool = site / "dists" / suite / "pool" / "stable" / "amd64"
            pool.mkdir(parents=True)
            for origin in _ORIGINS:
                for package in PACKAGES:
                    _make_package(package, suite, origin, Path(work), pool)
            _index(site, suite, key)
        Path(work, "site").rename(target)


def _make_key(home: Path, site: Path) -> Path:
    home.mkdir(mode=0o700)
    site.mkdir(parents=True)
    env = {"GNUPGHOME": str(home)}
    run(["gpg", "--batch", "--passphrase", "", "--quick-generate-key", _OWNER, "rsa2048", "sign", "never"], env=env)
    (site / "gpg").write_text(run(["gpg", "--armor", "--export"], env=env).stdout)
    listed = run(["gpg", "--list-keys", "--with-colons"], env=env).stdout
    (site / "fingerprint").write_text(
        next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))
    )
    return home


def _make_package(package: Package, suite: str, origin: str, work: Path, pool: Path) -> None:
    root = Path(tempfile.mkdtemp(dir=work))
    version = ""
    for deb in packages.fetch(origin, package.sources):
        run(["dpkg-deb", "-x", deb, root])
        version = run(["dpkg-deb", "-f", deb, "Version"]).stdout.strip()
    upstream = version.split(":")[-1].split("+")[0].split("-")[0]
    number = {"bookworm": 12, "trixie": 13}[suite]
    full = f"5:{upstream}-1~debian.{number}~{suite}"
    control = root / "DEBIAN"
    control.mkdir()
    (control / "control").write_text(
        f"Package: {package.name}\nVersion: {full}\nArchitecture: amd64\nMaintainer: {_OWNER}\n"
        f"Depends: {package.depends}\nConflicts: {package.conflicts}\nReplaces: {package.conflicts}\n"
        f"Description: {package.name}, as far as tests need it\n"
    )
    script = control / "postinst"
    units = " ".join(package.units)
    script.write_text(
        "#!/bin/sh\nset -e\ngetent group docker >/dev/null || groupadd --system docker\n"
        + (f"systemctl daemon-reload\nsystemctl enable {units}\nsystemctl restart {units} || true\n" if units else "")
    )
    script.chmod(0o755)
    run(["dpkg-deb", "--root-owner-group", "-b", root, pool / f"{package.name}_{full.replace(':', '%3a')}_amd64.deb"])
    shutil.rmtree(root)


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


def main() -> None:
    """Answer for the folder that the command line names, until ended."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
    http.server.ThreadingHTTPServer((ADDRESS, PORT), handler).serve_forever()


if __name__ == "__main__":
    main()

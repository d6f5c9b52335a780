"""A signed dnf repository that stands in for Docker's own, and one for what CentOS Stream itself would bring.

Docker's has packages of its names with Debian's binaries inside, in the versions of Debian trixie and sid, so that installing,
pinning, holding and upgrading are done for real. Both are made once per recipe, when a lab has a machine that wants them, and
answer beside the apt repository.
"""

import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab import repository, signing
from lab.aptcache import ADDRESS
from lab.images import packages
from lab.locks import computer_locked, locked
from lab.mirror import find_mirror
from lab.paths import cache_root
from lab.progress import Progress, Silent
from lab.recipe import fingerprint
from lab.shell import run
from lab.suites import RPM_PATH

DOCKER = "linux/centos"
STABLE = f"{DOCKER}/9/x86_64/stable"
BASE = "base/9/x86_64"
_OWNER = "The lab (rpm) <lab@example.com>"


@dataclass(frozen=True)
class Package:
    """An rpm: whose files it takes over from Debian, under which version, and what it does where it is installed."""

    name: str
    sources: tuple[str, ...] = ()
    epoch: int = 0
    release: str = "1.el9"
    version: str = ""  # else that of the last source
    tags: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # patterns; else all of the sources
    empty: tuple[str, ...] = ()
    move: tuple[tuple[str, str], ...] = ()
    units: tuple[str, ...] = ()
    setup: str = ""


_GROUP = "getent group docker >/dev/null || groupadd --system docker"
DOCKER_PACKAGES = (
    Package(
        "containerd.io",
        ("runc", "containerd"),
        tags=("Conflicts: containerd", "Conflicts: runc", "Obsoletes: containerd", "Obsoletes: runc"),
        units=("containerd.service",),
    ),
    Package("docker-ce-cli", ("docker-cli",), epoch=1, tags=("Conflicts: docker", "Conflicts: podman-docker")),
    Package(
        "docker-ce",
        ("docker.io",),
        epoch=3,
        tags=(
            *(
                "Requires: containerd.io",
                "Requires: docker-ce-cli",
                "Requires: container-selinux",
                "Requires: iptables",
            ),
            *("Conflicts: docker", "Conflicts: docker-io", "Obsoletes: docker-engine"),
        ),
        units=("docker.service", "docker.socket"),
        setup=_GROUP,
    ),
)
_PLUGIN = "python3-dnf-plugin-versionlock"
BASE_PACKAGES = (
    Package(
        "chrony",
        ("chrony",),
        move=(
            ("usr/lib/systemd/system/chrony.service", "usr/lib/systemd/system/chronyd.service"),
            ("usr/share/chrony/chrony.conf", "etc/chrony/chrony.conf"),
        ),
        units=("chronyd.service",),
        setup=(
            "getent passwd _chrony >/dev/null || useradd --system --user-group --home-dir /var/lib/chrony _chrony\n"
            "install -d -o _chrony -g _chrony /var/lib/chrony /var/log/chrony"
        ),
    ),
    Package(
        _PLUGIN,
        ("dnf-plugins-core",),
        files=("usr/lib/python3/dist-packages/dnf-plugins/versionlock.py", "etc/dnf/plugins/versionlock.*"),
    ),
    # In name alone: the machine has Debian's shell and iptables, and no SELinux.
    Package("bash", version="5.1.8", tags=("Provides: /bin/sh",)),
    Package("container-selinux", version="2.230.0"),
    Package("iptables-nft", version="1.8.10", tags=("Provides: iptables = 1.8.10",)),
    # What has to give way to Docker's packages.
    Package("podman-docker", version="5.2.2", empty=("usr/bin/docker",)),
    Package("runc", version="1.1.13", empty=("usr/bin/runc",)),
)
_ORIGINS = ("trixie", "sid")

# Debian's files depend on Debian's packages, of which rpm knows nothing: hence AutoReqProv. As in Docker's own packages, an
# upgrade restarts a daemon that runs, and installing starts none.
_SPEC = """\
Name: {name}
Epoch: {epoch}
Version: {version}
Release: {release}
Summary: {name}, as far as tests need it
License: Apache-2.0
AutoReqProv: no
{tags}
%description
Debian's files under another name, for tests.

%install
cp -a {root}/. %{{buildroot}}/

%post
{setup}
{reload}
%preun
if [ $1 -eq 0 ]; then {stop}; fi
%postun
if [ $1 -ge 1 ]; then {restart}; fi
%files
{files}
"""
_MACROS = {
    "debug_package": "%{nil}",
    "__os_install_post": "%{nil}",
    "_build_id_links": "none",
    "_binary_payload": "w1.gzdio",
    "_rpmfilename": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
}


def ask(progress: Progress | None = None) -> repository.Served:
    """Have the repositories, made where they are missing, and have them answer."""
    folder = _ensure(progress or Silent())
    with computer_locked():
        _link(folder)
        repository.start()
    return repository.Served(
        f"http://{ADDRESS}:{repository.PORT}/{folder.name}", (folder / DOCKER / "fingerprint").read_text(), folder
    )


def _link(folder: Path) -> None:
    """Give the newest a name that stays: the machines' disk images have it."""
    link = folder.parent / f"{RPM_PATH}.new"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    link.rename(folder.parent / RPM_PATH)


def _ensure(progress: Progress) -> Path:
    target = cache_root() / "repository" / f"rpm-{fingerprint(sys.modules[__name__], packages, find_mirror())}"
    if not target.exists():
        with locked(cache_root() / "locks" / "rpm-repository.lock", lambda: progress.say("rpm repository", "waiting")):
            if not target.exists():
                progress.say("rpm repository", "building")
                _build(target)
                progress.say("rpm repository", "built")
    return target


def _build(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    (cache_root() / "build").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rpm-repository-", dir=cache_root() / "build") as folder:
        work = Path(folder)
        site = work / "site"
        for part in (STABLE, BASE):
            (site / part).mkdir(parents=True)
        debs = {origin: _fetch(origin, DOCKER_PACKAGES, work / origin) for origin in _ORIGINS}
        for origin in _ORIGINS:
            for package in DOCKER_PACKAGES:
                _make(package, debs[origin], work, site / STABLE)
        base = _fetch("trixie", BASE_PACKAGES, work / "base")
        for package in BASE_PACKAGES:
            _make(package, base, work, site / BASE)
        _sign(site, work / "gnupg")
        for part in (STABLE, BASE):
            run(["createrepo_c", "--quiet", site / part])
        site.rename(target)


def _fetch(origin: str, wanted: tuple[Package, ...], target: Path) -> dict[str, Path]:
    names = tuple(dict.fromkeys(name for package in wanted for name in package.sources))
    target.mkdir()
    return dict(zip(names, packages.fetch(origin, names, target), strict=True))


def _make(package: Package, debs: dict[str, Path], work: Path, target: Path) -> None:
    root = work / "root"
    root.mkdir()
    version = package.version
    for source in package.sources:
        run(["dpkg-deb", "-x", debs[source], root])
        full = run(["dpkg-deb", "-f", debs[source], "Version"]).stdout.strip()
        version = package.version or _upstream(full)
    for pattern in repository.UNWANTED:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for old, new in package.move:
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        (root / old).rename(root / new)
    for name in package.empty:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("#!/bin/sh\n")
        (root / name).chmod(0o755)
    spec = work / "package.spec"
    spec.write_text(_spec(package, version, root))
    macros = {**_MACROS, "_topdir": str(work / "rpmbuild"), "_rpmdir": str(target)}
    defined = [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]
    run(["rpmbuild", "--quiet", "-bb", "--target", "x86_64", *defined, spec])
    shutil.rmtree(root)


def _upstream(version: str) -> str:
    """Give the software's own version of a Debian package's: 28.5.2 of 5:28.5.2+dfsg4-5."""
    return re.split(r"[-+~]", version.split(":")[-1])[0]


def _spec(package: Package, version: str, root: Path) -> str:
    units = " ".join(package.units)
    systemctl = "systemctl --no-reload disable --now" if units else ":"
    return _SPEC.format(
        name=package.name,
        epoch=package.epoch,
        version=version,
        release=package.release,
        tags="".join(f"{tag}\n" for tag in package.tags),
        root=root,
        setup=package.setup or ":",
        reload="systemctl daemon-reload" if units else ":",
        stop=f"{systemctl} {units}",
        restart=f"systemctl daemon-reload; systemctl try-restart {units}" if units else ":",
        files="".join(_files(package, root)),
    )


def _files(package: Package, root: Path) -> list[str]:
    found = {path for pattern in package.files or ("**/*",) for path in root.glob(pattern)}
    for path in root.rglob("*"):
        if path not in found and not path.is_dir():
            path.unlink()
    lines = []
    for path in sorted(found):
        if path.is_symlink() or path.is_file():
            name = f"/{path.relative_to(root)}"
            lines.append(f'{"%config(noreplace) " if name.startswith("/etc/") else ""}"{name}"\n')
    return lines


def _sign(site: Path, home: Path) -> None:
    """Sign Docker's packages with a key made for them; it lies where Docker's lies, its fingerprint beside it."""
    env = {"GNUPGHOME": str(home)}
    try:
        public, key = signing.make_key(home, _OWNER, "rsa3072")
        (site / DOCKER / "gpg").write_text(public)
        (site / DOCKER / "fingerprint").write_text(key)
        # rpm's own default is gpg2, a name that Debian has not.
        macros = ["--define", f"_gpg_name {key}", "--define", f"__gpg {shutil.which('gpg')}"]
        run(["rpmsign", "--addsign", *macros, *sorted((site / STABLE).glob("*.rpm"))], env=env)
    finally:
        run(["gpgconf", "--kill", "gpg-agent"], env=env, check=False)

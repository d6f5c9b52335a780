"""Debian packages and what they depend on, unpacked into a directory, without touching this computer's apt."""

import subprocess
from pathlib import Path

from lab.errors import LabError
from lab.locks import locked
from lab.mirror import apt_validity_options, check_reachable, find_mirror
from lab.paths import cache_root
from lab.shell import environment, last_words, run

_CONFIG = """\
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "{base}/state";
Dir::State::status "{base}/state/status";
Dir::Cache "{base}/cache";
Dir::Etc "{base}/etc";
Dir::Etc::sourcelist "{base}/etc/lab.sources";
Dir::Etc::sourceparts "/dev/null";
"""
_FRESH_SECONDS = 6 * 3600


def fetch(suite: str, names: tuple[str, ...], target: Path) -> list[Path]:
    """Download just these packages, without what they depend on; gives their files in the order of the names."""
    base = cache_root() / "apt" / suite
    with locked(cache_root() / "locks" / f"apt-{suite}.lock"):
        env = _prepare(base, suite)
        run(["env", f"--chdir={target}", "apt-get", "-q", "download", *names], env=env)
    found = {deb.name.split("_")[0]: deb for deb in target.glob("*.deb")}
    return [found[name] for name in names]


def unpack(suite: str, names: tuple[str, ...], root: Path) -> None:
    """Unpack packages with all they depend on. /bin, /lib and the like are links into /usr, as in Debian itself."""
    for directory in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / directory).mkdir(parents=True, exist_ok=True)
        (root / directory).symlink_to(f"usr/{directory}")
    for deb in with_dependencies(suite, names):
        # dpkg-deb -x would replace the links by directories.
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE, env=environment()) as source:
            result = subprocess.run(
                ["tar", "-x", "--keep-directory-symlink", "-C", root],
                stdin=source.stdout,
                capture_output=True,
                text=True,
                check=False,
            )
        if result.returncode != 0:
            raise LabError(f"{deb.name} cannot be unpacked: {last_words(result.stderr)}", "run `python -m lab clean`")


def with_dependencies(suite: str, names: tuple[str, ...]) -> list[Path]:
    """Download packages with all they depend on; gives their files, which are there until the next time."""
    base = cache_root() / "apt" / suite
    with locked(cache_root() / "locks" / f"apt-{suite}.lock"):
        env = _prepare(base, suite)
        for old in (base / "cache/archives").glob("*.deb"):
            old.unlink()
        run(["apt-get", "-q", "-y", "--download-only", "install", *names], env=env)
        kept = base / "cache" / "kept" / "+".join(names)
        kept.mkdir(parents=True, exist_ok=True)
        for old in kept.iterdir():
            old.unlink()
        for deb in (base / "cache/archives").glob("*.deb"):
            deb.rename(kept / deb.name)
    return sorted(kept.iterdir())


def _prepare(base: Path, suite: str) -> dict[str, str]:
    for directory in ("state/lists/partial", "cache/archives/partial", "etc/preferences.d"):
        (base / directory).mkdir(parents=True, exist_ok=True)
    # An empty status: nothing is installed, so everything a package depends on comes along.
    (base / "state/status").write_text("")
    mirror = find_mirror()
    (base / "etc/lab.sources").write_text(mirror.sources(suite))
    config = base / "apt.conf"
    config.write_text(_CONFIG.format(base=base) + apt_validity_options())
    env = {"APT_CONFIG": str(config), "DEBIAN_FRONTEND": "noninteractive"}
    check_reachable(mirror, suite)
    run(["apt-get", "-q", "update"], env=env)
    return env

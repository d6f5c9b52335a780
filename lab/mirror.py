"""The Debian mirror this computer itself uses, so that machines get theirs from the same place."""

import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.shell import run

_REMEDY = "set LAB_MIRROR=URL (and LAB_SECURITY_MIRROR=URL where it is not next to it)"


@dataclass(frozen=True)
class Mirror:
    """Base addresses of the archive and of its security archive."""

    main: str
    security: str

    def sources(self, suite: str) -> str:
        """Give the deb822 source list of a suite: main, and for a release updates and security."""
        stanza = (
            "Types: deb\nURIs: {uri}\nSuites: {suites}\nComponents: main\n"
            "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        )
        if suite in ("sid", "forky"):  # not released
            return stanza.format(uri=self.main, suites=suite)
        return "\n".join(
            (
                stanza.format(uri=self.main, suites=f"{suite} {suite}-updates"),
                stanza.format(uri=self.security, suites=f"{suite}-security"),
            )
        )


def find_mirror(apt_dir: Path = Path("/etc/apt")) -> Mirror:
    """Give the mirror from LAB_MIRROR or from this computer's apt sources."""
    override = os.environ.get("LAB_MIRROR", "").rstrip("/")
    if override:
        security = os.environ.get("LAB_SECURITY_MIRROR", "").rstrip("/")
        return Mirror(override, security or _beside(override))
    return choose(entry for path in _source_files(apt_dir) for entry in parse(path.read_text(), path.suffix))


def choose(entries: Iterable[tuple[str, str]]) -> Mirror:
    """Pick the archive and the security archive out of (URI, suite) pairs."""
    main = security = ""
    for uri, suite in entries:
        if suite.endswith(("-security", "/updates")):
            security = security or uri
        elif re.fullmatch(r"(bullseye|bookworm|trixie|forky|sid|(old)*stable|testing|unstable)(-updates)?", suite):
            main = main or uri
    if not main:
        raise LabError("this computer's apt sources name no Debian mirror", _REMEDY)
    return Mirror(main, security or _beside(main))


def parse(text: str, suffix: str) -> list[tuple[str, str]]:
    """Read (URI, suite) pairs out of a source list in deb822 (.sources) or one-line (.list) format."""
    return _parse_deb822(text) if suffix == ".sources" else _parse_lines(text)


def check_reachable(mirror: Mirror, suite: str) -> None:
    """Fail with one line when the mirror does not answer."""
    url = f"{mirror.main}/dists/{suite}/InRelease"
    try:
        with urllib.request.urlopen(url, timeout=20):
            pass
    except (urllib.error.URLError, OSError, ValueError) as error:
        problem = f"the Debian mirror does not answer ({url}: {error})"
        raise LabError(problem, f"check the network, or {_REMEDY}") from None


def apt_validity_options() -> str:
    """Give this computer's own apt settings about old Release files: a frozen mirror needs them on machines too."""
    result = run(["apt-config", "dump"], check=False)
    wanted = re.compile(r'^(Acquire::Check-(?:Valid-Until|Date) "[^"]*";)$', re.MULTILINE)
    return "".join(f"{line}\n" for line in wanted.findall(result.stdout))


def _beside(main: str) -> str:
    """Guess the security archive: mirrors keep it next to the main one."""
    return f"{main}-security"


def _source_files(apt_dir: Path) -> list[Path]:
    files = [apt_dir / "sources.list"]
    files += sorted(p for p in (apt_dir / "sources.list.d").glob("*") if p.suffix in (".list", ".sources"))
    return [path for path in files if path.is_file()]


def _parse_lines(text: str) -> list[tuple[str, str]]:
    pattern = re.compile(r"^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)", re.MULTILINE)
    return [(uri.rstrip("/"), suite) for uri, suite in pattern.findall(text) if "://" in uri]


def _parse_deb822(text: str) -> list[tuple[str, str]]:
    entries = []
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')} {line.strip()}"
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get("enabled", "yes").lower() in ("no", "false", "0") or "deb" not in fields.get("types", "").split():
            continue
        uris, suites = fields.get("uris", "").split(), fields.get("suites", "").split()
        entries += [(uri.rstrip("/"), suite) for uri in uris for suite in suites]
    return entries

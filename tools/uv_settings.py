"""Print pip's settings as uv's environment variables, NAME=VALUE each on a line. uv reads none of pip's.

Exits with 1 if pip has a setting that has no counterpart in uv. Run it with the Python that has pip.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable

NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "constraint": "UV_CONSTRAINT",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
# They change nothing of what is installed.
WITHOUT_EFFECT = {
    *("break-system-packages", "cache-dir", "disable-pip-version-check", "no-cache-dir", "no-color", "no-input"),
    *("no-warn-script-location", "progress-bar", "quiet", "require-virtualenv", "retries", "root-user-action"),
    "verbose",
}
# As pip does: the best release of all indexes, not the first index that knows the package.
ALWAYS = {"UV_INDEX_STRATEGY": "unsafe-best-match"}


def translate(lines: Iterable[str]) -> dict[str, str]:
    """Turn the lines of ``pip config list`` into uv's variables."""
    found = {}
    # The environment goes before the files, and what is for installing before what is for all of pip.
    for section in ("global", "install", ":env:"):
        for line in lines:
            name, _, value = line.partition("=")
            part, _, key = name.rpartition(".")
            if part == section and key not in WITHOUT_EFFECT:
                separator = "," if key == "find-links" else " "
                found[NAMES[key]] = separator.join(str(ast.literal_eval(value)).split())
    return {**ALWAYS, **found}


def main() -> None:
    """Print them."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    try:
        settings = translate(listed.stdout.splitlines())
    except KeyError as error:
        sys.exit(f"pip's setting {error} has no counterpart")
    for name, value in settings.items():
        print(f"{name}={value}")


if __name__ == "__main__":
    main()

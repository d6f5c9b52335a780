"""A key for a repository of the lab."""

import re
from pathlib import Path

from lab.errors import LabError
from lab.shell import run


def make_key(home: Path, owner: str, kind: str) -> tuple[str, str]:
    """Make a key in a folder of its own; gives its public part, and its fingerprint."""
    home.mkdir(mode=0o700)
    env = {"GNUPGHOME": str(home)}
    run(["gpg", "--batch", "--passphrase", "", "--quick-generate-key", owner, kind, "sign", "never"], env=env)
    found = re.search(r"[0-9A-F]{40}", run(["gpg", "--list-keys", "--with-colons"], env=env).stdout)
    if not found:
        raise LabError("gpg tells no fingerprint of the key that it made")
    return run(["gpg", "--armor", "--export"], env=env).stdout, found[0]

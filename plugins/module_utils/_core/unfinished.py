# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what other programs began on this host, and may not be on the disk yet.

After a power cut the package manager's database may have a package whose scripts never ran, or whose files are empty, and the
Engine may list an image whose files are empty: what is written reaches the disk up to half a minute later. What is noted here
counts as missing, so that the next run does it again.
"""

from __future__ import annotations

import os
from typing import Iterable

from .atomic_files import read_text, remove, write_text


class Pending:
    """Names, in a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def names(self) -> set[str]:
        """The names of what is not certain."""
        return set((read_text(self.path) or "").split())

    def since(self) -> float:
        """When the latest of it was begun, in seconds since the epoch."""
        return os.stat(self.path).st_mtime

    def begin(self, names: Iterable[str]) -> None:
        """Note names before anything is done; those noted before stay."""
        self._keep(self.names().union(names))

    def end(self, names: Iterable[str] | None = None) -> None:
        """Forget these names, or all: what they stand for is complete. Has it on the disk before."""
        os.sync()
        self.forget(names)

    def forget(self, names: Iterable[str] | None = None) -> None:
        """Forget these names, or all: nothing was done."""
        self._keep(set() if names is None else self.names().difference(names))

    def _keep(self, names: set[str]) -> None:
        if names:
            write_text(self.path, "".join("%s\n" % name for name in sorted(names)))
        else:
            remove(self.path)


PACKAGES = Pending("/etc/dockyard/packages.pending")
IMAGES = Pending("/etc/dockyard/images.pending")

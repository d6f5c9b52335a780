# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: packages whose transaction was begun and not ended.

After a power cut a package may be in the package manager's database whose scripts never ran, or whose files are empty: what
scripts write is not on the disk for half a minute. Until it is repaired, such a package counts as not installed.
"""

from __future__ import annotations

import os

from ansible_collections.dockyard.swarm.plugins.module_utils._files import read_text, remove, write_text

PATH = "/etc/dockyard/packages.pending"


def names():
    """The names of these packages."""
    return set((read_text(PATH) or "").split())


def begun():
    """When their transaction began, in seconds since the epoch."""
    return os.stat(PATH).st_mtime


def begin(packages):
    """Note the names of packages before they are changed; those noted before stay."""
    write_text(PATH, "".join("%s\n" % name for name in sorted(names().union(packages))))


def end():
    """Forget the packages: they are whole, and on the disk."""
    os.sync()
    forget()


def forget():
    """Forget the packages: none was changed."""
    remove(PATH)

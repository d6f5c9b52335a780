# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what the controller's folder for secrets has and lacks, in lines to be read. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .controller import Fit

STATES = {
    "ok": "ok",
    "new": "not made yet",
    "missing": "MISSING: the cluster has one",
    "different": "DIFFERENT: the cluster has another one",
}


def report(folder: str, found: list[Fit], files: list[dict[str, Any]], swarm: bool) -> dict[str, list[str]]:
    """The folder in lines: ``{lines, wrong, warnings}``.

    :param files: see :func:`_controller.files`.
    :param swarm: whether a swarm could be asked.
    """
    lines = ["folder: %s" % folder]
    lines += [] if swarm else ["swarm: none could be asked; compared with the certificates on the hosts alone"]
    wrong = []
    for item in found:
        text = "%s (%s): %s" % (item["secret"]["what"], item["secret"]["file"], STATES[item["state"]])
        if item["state"] == "ok" and item["known"] is None:
            text += ", though the swarm has no fingerprint of it yet: site.yml adds it"
        lines.append(text)
        if item["state"] in ("missing", "different"):
            wrong.append(text)
    mixed = any(one["encrypted"] for one in files)
    warnings = []
    for one in files:
        notes = [one["error"]] if one["error"] else []
        if one["wide"]:
            notes.append("permissions are too wide (%s): chmod %s" % (one["mode"], "700" if one["folder"] else "600"))
        if mixed and one["secret"] and not one["encrypted"]:
            notes.append("not encrypted, though other files are: ansible-vault encrypt")
        if one["expires"]:
            notes.append("certificate expires on %s: site.yml renews it" % one["expires"])
        warnings += ["%s: %s" % (one["file"], note) for note in notes]
    return {"lines": lines + warnings, "wrong": wrong, "warnings": warnings}

# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: how a manager forms a new single-manager cluster: the request, and the steps after it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Mapping

from .._core.plan import change

if TYPE_CHECKING:
    from .._core.facts import ApiObject
    from .._core.plan import Change, Plan


def init_request(manifest: Mapping[str, Any], addresses: Collection[str]) -> ApiObject:
    """The body of the request that makes a manager the only one of its swarm, with all that the swarm has."""
    body = {
        "ForceNewCluster": True,
        "ListenAddr": manifest["listen_addr"],
        "AdvertiseAddr": manifest["raft_addr"],
        # The settings as they were when the backup was made.
        "Spec": dict(manifest["spec"], Name="default"),
    }
    if manifest["autolock"]:
        body["AutoLockManagers"] = True
    if manifest["data_path_addr"] in addresses:
        body["DataPathAddr"] = manifest["data_path_addr"]
    return body


def last_steps(what: str, key_encrypted: bool) -> Plan:
    """The steps after a manager formed a new cluster."""
    steps = [change("end", what, "the Engine sets up networks when it starts with a quorum")]
    return ([decrypt("after a last restart of the Engine it must not be locked")] if key_encrypted else []) + steps


def decrypt(why: str) -> Change:
    """Have a manager's key on the disk as without autolock; it encrypts it again as soon as it leads its swarm."""
    return change("decrypt", "swarm: the manager's key", why, before="encrypted", after="until it leads")

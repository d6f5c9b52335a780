# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the settings of a swarm that can be changed while it runs, and its rotations. Pure functions."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Iterable, Mapping

from ansible.module_utils.parsing.convert_bool import boolean

from .._core.plan import PlanError, change

if TYPE_CHECKING:
    from .._core.facts import ApiObject
    from .._core.plan import Plan


OPTION = "swarm_node_settings"
SECOND = 10**9
HOUR = 3600 * SECOND

# Key -> (part of the Spec, field, unit, least, unit's name); least None is a switch. A task history of -1 keeps all tasks.
# The Engine also takes 0 for the heartbeat, the certificates and the snapshots, but no swarm can want that.
SETTINGS: dict[str, tuple[str, str, int, int | None, str]] = {
    "autolock": ("EncryptionConfig", "AutoLockManagers", 1, None, ""),
    "task_history_limit": ("Orchestration", "TaskHistoryRetentionLimit", 1, -1, ""),
    "dispatcher_heartbeat": ("Dispatcher", "HeartbeatPeriod", SECOND, 1, " seconds"),
    "node_cert_expiry": ("CAConfig", "NodeCertExpiry", HOUR, 1, " hours"),
    "snapshot_interval": ("Raft", "SnapshotInterval", 1, 1, ""),
    "keep_old_snapshots": ("Raft", "KeepOldSnapshots", 1, 0, ""),
    "log_entries_for_slow_followers": ("Raft", "LogEntriesForSlowFollowers", 1, 0, ""),
}

# What can be rotated -> what it is called, and the parameter of /swarm/update that does it, if it is one.
ROTATIONS = {
    "worker_token": ("join token of workers", "rotateWorkerToken"),
    "manager_token": ("join token of managers", "rotateManagerToken"),
    "unlock_key": ("unlock key", "rotateManagerUnlockKey"),
    "ca": ("certificate authority of the swarm", None),
}


def check_settings(wanted: Any) -> list[str]:
    """What is wrong with the settings: texts that name the option."""
    return _parse(wanted)[1]


def settings_plan(wanted: Any, spec: ApiObject) -> Plan:
    """The settings that differ.

    :param wanted: values by the keys of :data:`SETTINGS`; what is not named, or None, is left alone.
    :param spec: the swarm's Spec.
    """
    changes = []
    for key, value in _checked(wanted).items():
        actual = _actual(key, spec)
        if actual != value:
            changes.append(change("set", "swarm setting %s" % key, "differs", before=actual, after=value))
    return changes


def merged_spec(spec: ApiObject, wanted: Any) -> ApiObject:
    """The complete Spec to write: the Engine takes what is left out as a wish to have it off, autolock for one."""
    merged = copy.deepcopy(spec)
    merged["Name"] = "default"
    for key, value in _checked(wanted).items():
        part, field, unit = SETTINGS[key][:3]
        merged[part] = dict(merged.get(part) or {}, **{field: value if isinstance(value, bool) else value * unit})
    return merged


def rotation_plan(rotate: Iterable[str], wanted: Any, spec: ApiObject, under_way: bool = False) -> Plan:
    """The rotations that were asked for. They are commands: each is a change whenever it is asked for.

    :param rotate: some of :data:`ROTATIONS`.
    :param wanted: the settings that are set along with them.
    :param under_way: whether the authority is being rotated now. That is then waited for, and no other one begun.
    """
    unknown = [name for name in rotate if name not in ROTATIONS]
    if unknown:
        raise PlanError("option rotate: %s is unknown; known are %s" % (", ".join(unknown), ", ".join(ROTATIONS)))
    if "unlock_key" in rotate and not autolock(merged_spec(spec, wanted)):
        raise PlanError(
            "option rotate: the swarm has no unlock key, since autolock is off: set autolock: true in %s and run site first, or "
            "leave unlock_key out" % OPTION
        )
    changes = []
    for name, (what, _parameter) in ROTATIONS.items():
        if name not in rotate:
            continue
        if name == "ca" and under_way:
            changes.append(change("finish", what, "a rotation is under way", rotation=name))
        else:
            changes.append(change("rotate", what, "asked for", after="a new one", rotation=name))
    return changes


def has_update(plan: Plan) -> bool:
    """Whether a plan changes the swarm; else it only waits for a rotation that is under way."""
    return any(item["do"] in ("rotate", "set") for item in plan)


def label_plan(wanted: Mapping[str, str], spec: ApiObject) -> Plan:
    """The labels of the swarm itself that are missing or differ; others stay."""
    have = spec.get("Labels") or {}
    return [
        change(
            "set", "swarm label %s" % name, "differs" if name in have else "missing", before=have.get(name), after=str(value)
        )
        for name, value in sorted(wanted.items())
        if have.get(name) != str(value)
    ]  # fmt: skip


def updated_spec(spec: ApiObject, wanted: Any, plan: Plan, labels: Mapping[str, str] | None = None) -> ApiObject:
    """The swarm's Spec with all that a plan changes in it."""
    changed = merged_spec(spec, wanted)
    if labels:
        changed["Labels"] = dict(changed.get("Labels") or {}, **{name: str(value) for name, value in labels.items()})
    if "ca" in _rotations(plan):
        authority = changed.get("CAConfig") or {}
        changed["CAConfig"] = dict(authority, ForceRotate=(authority.get("ForceRotate") or 0) + 1)
    return changed


def update_parameters(plan: Plan) -> dict[str, str]:
    """The parameters of ``/swarm/update`` for what a plan rotates by them."""
    rotations = _rotations(plan)
    return {parameter: "true" for name, (_what, parameter) in ROTATIONS.items() if name in rotations and parameter}


def _rotations(plan: Plan) -> set[str]:
    return {item["rotation"] for item in plan if item["do"] == "rotate"}


def autolock(spec: ApiObject) -> bool:
    """Whether managers have to be unlocked after a start."""
    return bool(_actual("autolock", spec))


def public_spec(spec: ApiObject) -> ApiObject:
    """The Spec without the key of an authority that was supplied from outside. The Engine leaves it out, too."""
    shown = copy.deepcopy(spec)
    for name in ("SigningCAKey", "SigningCACert"):
        (shown.get("CAConfig") or {}).pop(name, None)
    return shown


def unrotated(cluster: ApiObject, nodes: Iterable[ApiObject]) -> list[str]:
    """Names of the nodes whose certificates are not from the swarm's present authority.

    While a rotation is under way, the cluster's issuer is the new authority, and its trust root still the old one.

    :param cluster: the answer to GET /swarm; ``nodes`` that to GET /nodes.
    """
    issuer = (cluster.get("TLSInfo") or {}).get("CertIssuerPublicKey")
    names = []
    for node in nodes:
        description = node.get("Description") or {}
        if (description.get("TLSInfo") or {}).get("CertIssuerPublicKey") != issuer:
            state = (node.get("Status") or {}).get("State")
            name = description.get("Hostname") or node["ID"]
            names.append(name if state == "ready" else "%s (%s)" % (name, state))
    return sorted(names)


def _actual(key: str, spec: ApiObject) -> float:
    part, field, unit, least = SETTINGS[key][:4]
    # What is 0 or false, the Engine leaves out.
    value = (spec.get(part) or {}).get(field) or 0
    if least is None:
        return bool(value)
    return value / unit if value % unit else value // unit


def _checked(wanted: Any) -> dict[str, int]:
    values, problems = _parse(wanted)
    if problems:
        raise PlanError("; ".join(problems))
    return values


def _parse(wanted: Any) -> tuple[dict[str, int], list[str]]:
    """The values as what they are, since a template makes text of them, and what is wrong with them."""
    if not isinstance(wanted, dict):
        return {}, ["option %s: it is %r; give a dictionary of %s" % (OPTION, wanted, ", ".join(SETTINGS))]
    values: dict[str, int] = {}
    problems = []
    for key, value in wanted.items():
        if key not in SETTINGS:
            problems.append("option %s.%s: there is no such setting; known are %s" % (OPTION, key, ", ".join(SETTINGS)))
        elif value is not None:
            least, unit = SETTINGS[key][3:]
            parsed = _switch(value) if least is None else _number(value)
            if parsed is None or (least is not None and parsed < least):
                can_be = "true or false" if least is None else "a whole number of at least %d%s" % (least, unit)
                problems.append("option %s.%s: it is %r; it can be %s" % (OPTION, key, value, can_be))
            else:
                values[key] = parsed
    return values, problems


def _switch(value: Any) -> bool | None:
    try:
        return bool(boolean(value))
    except TypeError:
        return None


def _number(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    try:
        return int(value)
    except ValueError:
        return None

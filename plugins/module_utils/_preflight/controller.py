# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: whether the controller's folder is the one that the cluster was made with. Pure functions.

What is made once on the controller has a fingerprint, which the swarm keeps as a label of its own. Before there is a label, or
a swarm, the hosts tell the authority by the certificates that they trust.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, TypedDict

from .._core.config_files import digest
from .._core.plan import change
from .._swarm.settings import label_plan

if TYPE_CHECKING:
    from .._core.facts import ApiObject, NodeFacts
    from .._core.plan import Plan

LABEL = "dockyard.swarm.controller."
AUTHORITY = "authority"
EMPTY = digest("")
TAKE_OVER = "swarm_cluster_take_over"
ON_PURPOSE = "-e %s=true" % TAKE_OVER
MISFIT = (
    "the folder %(dir)s on this controller is not the one that this cluster was made with: %(wrong)s. Nothing was changed. "
    "Either bring the folder of the controller that made the cluster (or set swarm_cluster_secrets_dir to it), or take the "
    "cluster over with " + ON_PURPOSE + ", which %(cost)s"
)
AWAY = (
    TAKE_OVER
    + ": all hosts have to trust the former and the new certificate authority at once, and these do not take part: %s. Run "
    "without --limit, and start these hosts or take them out of the inventory"
)
ALONE = (
    TAKE_OVER + ": %s on %s trusts the certificate authority, too, and its role is not in this play. Run playbook site with "
    + ON_PURPOSE
)  # fmt: skip
LOGGING_TRUST = "/etc/dockyard/logging/sender-ca.crt"


class Secret(TypedDict):
    """One secret as the folder has it."""

    name: str
    what: str
    file: str
    path: str
    length: int
    lost: str  # what a new one costs
    authority: bool
    fingerprint: str | None  # None: it is not there
    digests: list[str]  # of an authority: of files on hosts that trust it
    trusted_by: list[dict[str, Any]]
    apply: list[str]


class Folder(TypedDict):
    dir: str
    problem: str | None
    former: bool  # whether an authority that was replaced is still trusted
    secrets: list[Secret]


class Fit(TypedDict):
    """Whether one secret fits the cluster."""

    secret: Secret
    state: str  # ok, new, missing, different
    known: str | None  # the fingerprint that the swarm keeps


class ControllerPlan(TypedDict):
    problems: list[str]
    steps: Plan  # what the first stage does
    make: list[Secret]  # secrets to make on the controller
    labels: dict[str, str]  # of the swarm, as far as the fingerprints are known
    marks: Plan  # the labels that the swarm lacks
    replaced: Secret | None  # the authority that is taken over now
    former: str | None  # the fingerprint of the one that it replaces, where the swarm has it
    trust: list[dict[str, Any]]  # files on hosts that have to hold both authorities
    apply: list[str]  # task files that write them with the new one alone
    untrusted: dict[str, list[str]]  # host -> files with another authority


def fits(secrets: list[Secret], labels: Mapping[str, str] | None, read: Mapping[str, NodeFacts]) -> list[Fit]:
    """Each secret compared with what swarm and hosts show.

    :param labels: the labels of the swarm, None where no swarm can be asked.
    """
    return [_fit(secret, (labels or {}).get(LABEL + secret["name"]), read) for secret in secrets]


def controller_plan(
    folder: Folder,
    spec: ApiObject | None,
    read: Mapping[str, NodeFacts],
    away: list[str],
    take_over: bool,
) -> ControllerPlan:
    """What is to be done on the controller and to the swarm's labels, or why nothing may be.

    :param spec: the Spec of the swarm, None where no swarm can be asked.
    :param away: hosts of the inventory that were not read, or that the run does not act on.
    """
    found = fits(folder["secrets"], (spec or {}).get("Labels"), read)
    wrong = [item for item in found if item["state"] in ("missing", "different")]
    plan: ControllerPlan = {
        "problems": [folder["problem"]] if folder["problem"] else [],
        "steps": [],
        "make": [],
        "labels": {},
        "marks": [],
        "replaced": None,
        "former": None,
        "trust": [],
        "apply": [],
        "untrusted": {},
    }
    if wrong and not take_over:
        plan["problems"].append(_misfit(folder["dir"], wrong))
    authority = next((item for item in found if item["secret"]["name"] == AUTHORITY), None)
    replaced = take_over and authority in wrong
    if replaced:
        plan["problems"] += _cannot_take_over(away, read, folder["secrets"])
    if plan["problems"]:
        return plan
    plan["make"] = [item["secret"] for item in found if item["secret"]["fingerprint"] is None]
    plan["labels"] = {
        LABEL + item["secret"]["name"]: item["secret"]["fingerprint"] for item in found if item["secret"]["fingerprint"]
    }
    plan["marks"] = label_plan(plan["labels"], spec or {})
    if authority:
        if replaced:
            plan["replaced"], plan["former"] = authority["secret"], authority["known"]
            plan["untrusted"] = _untrusted(authority["secret"], read)
        if (replaced and plan["untrusted"]) or folder["former"]:
            plan["trust"] = authority["secret"]["trusted_by"]
            # Only a run of all hosts can tell that none needs the former one any more.
            plan["apply"] = [] if away else authority["secret"]["apply"]
    plan["steps"] = _steps(plan, wrong, spec is not None)
    return plan


def _fit(secret: Secret, known: str | None, read: Mapping[str, NodeFacts]) -> Fit:
    have = secret["fingerprint"]
    if known is None:
        shown = [sha for shas in _shown(secret, read).values() for sha in shas.values()]
        # A first run that was cut short, or a cluster from before there were labels: one host that has it is enough.
        fit = not shown or any(sha in secret["digests"] for sha in shown)
    else:
        fit = have == known
    if fit:
        return {"secret": secret, "state": "ok" if have else "new", "known": known}
    return {"secret": secret, "state": "different" if have else "missing", "known": known}


def _shown(secret: Secret, read: Mapping[str, NodeFacts]) -> dict[str, dict[str, str]]:
    """Host -> file -> digest of each file that holds an authority. An empty one tells nothing."""
    found: dict[str, dict[str, str]] = {}
    for host, facts in read.items():
        for item in secret["trusted_by"]:
            actual = facts["files"].get(item["path"])
            if actual and actual["sha256"] and actual["sha256"] != EMPTY:
                found.setdefault(host, {})[item["path"]] = actual["sha256"]
    return found


def _untrusted(secret: Secret, read: Mapping[str, NodeFacts]) -> dict[str, list[str]]:
    return {
        host: [path for path, sha in shas.items() if sha not in secret["digests"]]
        for host, shas in _shown(secret, read).items()
        if any(sha not in secret["digests"] for sha in shas.values())
    }


def _misfit(folder: str, wrong: list[Fit]) -> str:
    listed = ["%s is %s (%s)" % (item["secret"]["what"], item["state"], item["secret"]["file"]) for item in wrong]
    kept = [item for item in wrong if item["state"] == "different"]
    costs = list(dict.fromkeys(item["secret"]["lost"] for item in wrong if item["secret"]["lost"]))
    cost = "keeps what is here and makes what is missing" if kept else "makes new ones"
    return MISFIT % {
        "dir": folder,
        "wrong": ", ".join(listed),
        "cost": ": ".join([cost, *(["; ".join(costs)] if costs else [])]),
    }


def _cannot_take_over(away: list[str], read: Mapping[str, NodeFacts], secrets: list[Secret]) -> list[str]:
    problems = [AWAY % ", ".join(away)] if away else []
    paths = [item["path"] for secret in secrets for item in secret["trusted_by"]]
    hosts = [host for host, facts in read.items() if LOGGING_TRUST in facts["files"]]
    if hosts and LOGGING_TRUST not in paths:
        problems.append(ALONE % (LOGGING_TRUST, ", ".join(hosts)))
    return problems


def _steps(plan: ControllerPlan, wrong: list[Fit], swarm: bool) -> Plan:
    steps = []
    for item in wrong:
        secret = item["secret"]
        steps.append(
            change(
                "take over", secret["what"], "asked for by %s" % TAKE_OVER, before=item["known"] or "another one",
                after=secret["fingerprint"] or "a new one",
            )
        )  # fmt: skip
    for secret in plan["make"]:
        why = "missing" if swarm else "missing, and no swarm says that there is one"
        steps.append(change("create", "%s on the controller" % secret["what"], why, after=secret["file"]))
    if swarm:
        steps += plan["marks"]
    if plan["trust"]:
        steps.append(
            change("trust", "the former and the new certificate authority", "until no host needs the former one")
        )
    return steps

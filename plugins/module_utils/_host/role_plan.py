# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the plan of role swarm_host, firewall included. Pure, and for the controller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from .._core.config_files import make_plan
from . import firewall, nftables
from .host_plan import host_plan

if TYPE_CHECKING:
    from .._core.facts import NodeFacts
    from .._core.plan import Plan
    from .firewall import WantedRules

MODULES_UNIT = "systemd-modules-load.service"


def make_role_plan(facts: NodeFacts, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What the host needs: ``{all, files, units, rules, keep, firewall, table}``.

    ``all`` are the changes, ``firewall`` those of them that a running firewall needs, ``rules`` and ``keep`` what it is given,
    ``files`` and ``units`` everything for module ``config_files``, and ``table`` the part of both that are the collection's own
    rules.

    :param wanted: ``host``, ``addresses`` (of all members), ``packages``, ``sysctls``, ``modules``, ``files``, ``time_units``,
        ``timezone``; ``backend``, empty where the firewall is left alone; ``published``; and ``firewall``, the options of
        :func:`firewall.wanted_rules`.
    :raises ValueError: one of the user's ports is no rule.
    """
    rules = firewall.wanted_rules(wanted["host"], wanted["addresses"], wanted["firewall"])
    own = wanted["backend"] == "nftables"
    table = table_files(facts, rules, wanted["published"], own)
    plan = host_plan(
        facts, wanted["packages"], wanted["sysctls"], wanted["modules"], wanted["files"], wanted["time_units"],
        wanted["timezone"],
    )  # fmt: skip
    units: list[dict[str, Any]] = [
        {"name": MODULES_UNIT, "own": False, "restart": any(item["do"] == "load" for item in plan)}
    ]
    units += [{"name": name} for name in wanted["time_units"]]
    if own or facts["firewall"]["table"] is not None:
        plan += make_plan(facts, table["files"], table["units"])
    opened: Plan = []
    if wanted["backend"] and facts["firewall"]["unit"] is not None:
        opened = firewall.make_plan(facts["firewall"], rules["rules"], rules["keep"])
    return {
        "all": plan + opened,
        "files": wanted["files"] + table["files"],
        "units": units + table["units"],
        "rules": rules["rules"],
        "keep": rules["keep"],
        "firewall": opened,
        "table": table,
    }


def table_files(
    facts: NodeFacts, rules: WantedRules, published: str = "open", present: bool = True
) -> dict[str, list[dict[str, Any]]]:
    """The files and the unit of the collection's own rules, as options of module ``config_files``.

    :param rules: what :func:`firewall.wanted_rules` gives.
    """
    texts = {nftables.PATH: nftables.ruleset(rules, facts["firewall"]["rules"], published)}
    texts.update(nftables.UNIT_FILES)
    unit = {
        "name": firewall.OWN_UNIT,
        "present": present,
        "reload": True,
        "restart": facts["firewall"]["table"] is False,
    }
    files: list[dict[str, Any]] = [
        {"path": path, "content": text, "unit": firewall.OWN_UNIT, "present": present} for path, text in texts.items()
    ]
    files[0]["validate"] = "nft -c -f %s"
    return {"files": files, "units": [unit]}

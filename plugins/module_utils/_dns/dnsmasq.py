# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: dnsmasq's settings, checked, and the plan for them. All pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping

from .._core.options import as_int
from .._core.plan import PlanError, change
from .._core.systemd import STARTS_AT_BOOT
from .dnsmasq_files import parse_conf, parse_hosts, render_conf, render_hosts
from .names import check_name, check_server
from .records import LINE_LIMIT, check_records

if TYPE_CHECKING:
    from .._core.plan import Plan
    from .dnsmasq_files import Settings, Values

CONF_PATH = "/etc/dnsmasq.d/dockyard.conf"
HOSTS_PATH = "/etc/dockyard/dnsmasq.hosts"
# Beside the hosts file during a change; one that is found means an interrupted run. It holds what was to be done, and the
# files that dnsmasq last ran with.
PENDING = ".previous"
MODE = "0644"

DEFAULTS: dict[str, Any] = {
    "records": [], "domain": "", "upstreams": [], "upstreams_file": None, "forwarders": {}, "listen_addresses": [],
    "cache_size": 1000, "bind": "dynamic", "extra": [], "conf_path": CONF_PATH, "hosts_path": HOSTS_PATH,
}  # fmt: skip


def settings_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """The settings among a module's or role's parameters, with the defaults for what is left out."""
    settings = {key: value if params.get(key) is None else params[key] for key, value in DEFAULTS.items()}
    settings["domain"] = settings["domain"].lower().rstrip(".")
    settings["cache_size"] = as_int(settings["cache_size"])
    settings["forwarders"] = {
        zone: [servers] if isinstance(servers, str) else list(servers or [])
        for zone, servers in settings["forwarders"].items()
    }
    return settings


def check_settings(settings: Settings) -> list[str]:
    """Everything that is wrong with the settings; see the module's options."""
    domain = settings["domain"]
    problems = []
    if domain:
        text = check_name(domain)
        problems += ["domain: %s" % text] if text else []
    elif any(isinstance(item, dict) and "@" in (item.get("name"), item.get("value")) for item in settings["records"]):
        problems.append("domain: is empty, and a record says @ for it; set it")
    for option in ("upstreams", "listen_addresses"):
        for server in settings[option]:
            text = check_server(server, port=option == "upstreams")
            problems += ["%s: %s" % (option, text)] if text else []
    for zone, servers in settings["forwarders"].items():
        text = check_name(zone)
        problems += ["forwarders: %s" % text] if text else []
        if domain and zone.lower().rstrip(".") == domain:
            problems.append("forwarders: %s is the local domain, which is answered here; remove it" % zone)
        if not servers:
            problems.append("forwarders: %s has no server; give at least one" % zone)
        for server in servers:
            text = check_server(server)
            problems += ["forwarders: %s: %s" % (zone, text)] if text else []
    own = set(settings["listen_addresses"]) | {"127.0.0.1", "::1"}
    for server in [item for items in settings["forwarders"].values() for item in items] + settings["upstreams"]:
        address, _sep, port = str(server).partition("#")
        if address in own and port in ("", "53"):
            problems.append("upstreams, forwarders: %s is this server, and a query would loop; remove it" % server)
    if settings["cache_size"] < 0:
        problems.append("cache_size: %d is negative; give 0 for no cache" % settings["cache_size"])
    for line in settings["extra"]:
        if "\n" in line or len(line.encode("utf-8", "surrogateescape")) > LINE_LIMIT:
            problems.append("extra: %r... is no single line; give one option of dnsmasq a line" % line[:40])
    # A further line may define names, which are not known here.
    return problems + check_records(settings["records"], domain, known=None if settings["extra"] else ())


def check_port(
    port_53: Iterable[str],
    listen_addresses: Iterable[str],
    unit: Mapping[str, Any] | None,
    option: str = "listen_addresses",
    owners: Mapping[str, str] | None = None,
) -> list[str]:
    """What is wrong where another service listens on port 53 of an address that dnsmasq needs: a list of sentences.

    :param port_53: the addresses on which something listens on port 53; ``::`` is one that takes IPv4 addresses, too.
    :param unit: what systemd knows of dnsmasq, or None. Where it is active, it is the one that listens.
    :param owners: address -> the process, in words, as far as it is known.
    """
    if unit and unit.get("active") == "active":
        return []
    wanted = list(listen_addresses) + ["127.0.0.1"]
    taken = [address for address in port_53 if address in wanted or address in ("0.0.0.0", "::")]
    return [
        "%s: %s listens on port 53 of %s; stop it, or let another host serve names"
        % (option, (owners or {}).get(address) or "another service", address)
        for address in taken
    ]


def make_plan(settings: Settings, state: Mapping[str, Any]) -> Plan:
    """What is to be done so that dnsmasq serves ``settings``.

    ``state``: ``conf`` and ``hosts`` (None, or sha256, mode, uid, gid and, where it was read, ``text``), ``unit`` (None
    or what systemd knows), ``service`` (its name), ``pending`` (what an interrupted run had still to do, or None).
    """
    problems = check_settings(settings)
    unit = state["unit"]
    if unit and unit["masked"]:
        problems.append("service: %s is masked; unmask it, or let another host serve names" % state["service"])
    if problems:
        raise PlanError("; ".join(problems))
    hosts = _file_changes(settings["hosts_path"], state["hosts"], render_hosts(settings), parse_hosts)
    conf = _file_changes(settings["conf_path"], state["conf"], render_conf(settings), parse_conf)
    plan = hosts + conf
    if not unit or unit["enabled"] not in STARTS_AT_BOOT:
        was = unit["enabled"] if unit else None
        plan.append(change("enable", state["service"], "it would not start at boot", was, "enabled"))
    action = _action(unit, hosts, [item for item in conf if item["do"] != "set"], state["pending"])
    if action:
        plan.append(change(action[0], state["service"], action[1], unit["active"] if unit else None, action[0]))
    return plan


def _action(unit: Mapping[str, Any] | None, hosts: Plan, conf: Plan, pending: str | None) -> tuple[str, str] | None:
    if not unit or unit["active"] != "active":
        return "start", "it does not run"
    if conf:
        return "restart", "dnsmasq reads its configuration only when it starts"
    if pending == "restart":
        return "restart", "a run was interrupted before dnsmasq ran with its new files"
    if hosts:
        return "reload", "dnsmasq reads addresses again on SIGHUP and goes on answering meanwhile"
    if pending:
        return "reload", "a run was interrupted before dnsmasq had read its new addresses"
    return None


def _file_changes(path: str, found: Mapping[str, Any] | None, text: str, parse: Callable[[str | None], Values]) -> Plan:
    """The differences of one file: by record where its text was read, else as a whole."""
    changes = []
    if not found or found["sha256"] != hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest():
        if not found or "text" in found:
            changes = _record_changes(path, parse(found["text"] if found else None), parse(text))
        if not changes:
            why = "its order or layout differs" if found and "text" in found else "its content differs"
            changes = [
                change("write", path, why if found else "missing", "old content" if found else "absent", "new content")
            ]
    if found and (found["mode"], found["uid"], found["gid"]) != (MODE, 0, 0):
        was = "mode %s, owner %d:%d" % (found["mode"], found["uid"], found["gid"])
        # dnsmasq reads it under its own user.
        changes.append(change("set", path, "its mode or owner differs", was, "mode %s, owner 0:0" % MODE))
    return changes


def _record_changes(path: str, old: Values, new: Values) -> Plan:
    changes = []
    for key in list(new) + [key for key in old if key not in new]:
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        do, why = "change", "differs"
        if not before or not after:
            do, why = ("remove", "is not wanted") if before else ("add", "is missing")
        label = "%s: %s" % (path, " ".join(part for part in key if part))
        changes.append(change(do, label, why, _shown(before), _shown(after)))
    return changes


def _shown(values: list[str] | None) -> str | None:
    return None if values is None else ", ".join(values)

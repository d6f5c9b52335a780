# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: dnsmasq's two files, rendered from the module's settings and parsed. All pure.

Addresses go to a hosts file, which dnsmasq reads again on SIGHUP without dropping a query. Everything else is
configuration, which it reads only when it starts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Mapping

from .names import canonical, expand
from .records import EXTRA, as_number, owner, txt

if TYPE_CHECKING:
    from .records import Record

    Settings = Mapping[str, Any]
    Values = dict[tuple[str, str], list[str]]

HEADER = "# Written by dockyard.swarm; changes made here are lost.\n"

_RECORD_KINDS = {
    "cname": "CNAME", "ptr-record": "PTR", "srv-host": "SRV", "txt-record": "TXT", "mx-host": "MX"
}  # fmt: skip


def render_hosts(settings: Settings) -> str:
    """The hosts file: addresses in the order given, since the first name of an address is the one of its PTR."""
    lines = [
        "%s %s\n" % (canonical(record["value"]), expand(record["name"], settings["domain"]))
        for record in settings["records"]
        if record["type"] in ("A", "AAAA")
    ]
    return HEADER + "".join(lines)


def render_conf(settings: Settings) -> str:
    """The configuration file."""
    domain = settings["domain"]
    lines = ["bind-%s" % settings["bind"], "domain-needed", "bogus-priv", "no-hosts"]
    lines.append("addn-hosts=%s" % settings["hosts_path"])
    addresses = [canonical(item) for item in settings["listen_addresses"]]
    lines += ["listen-address=%s" % item for item in addresses + [x for x in ("127.0.0.1",) if x not in addresses]]
    lines.append("cache-size=%d" % settings["cache_size"])
    if domain:
        lines.append("local=/%s/" % domain)
    if settings["upstreams"] or not settings["upstreams_file"]:
        lines.append("no-resolv")
    else:
        lines.append("resolv-file=%s" % settings["upstreams_file"])
    lines += ["server=%s" % item for item in settings["upstreams"]]
    for zone in sorted(settings["forwarders"]):
        lines += ["server=/%s/%s" % (zone.lower().rstrip("."), item) for item in settings["forwarders"][zone]]
    lines += [_conf_line(item, domain) for item in settings["records"] if item["type"] not in ("A", "AAAA")]
    return HEADER + "".join("%s\n" % line for line in lines + list(settings["extra"]))


def _conf_line(record: Record, domain: str) -> str:
    kind, name = record["type"], owner(record, domain)
    if kind == "TXT":
        return "txt-record=%s,%s" % (name, txt(record["value"]))
    value = expand(record["value"], domain)
    number: dict[str, Any] = {key: as_number(record.get(key) or 0) for key in EXTRA.get(kind, ())}
    if kind == "CNAME":
        return "cname=%s,%s%s" % (name, value, ",%d" % number["ttl"] if record.get("ttl") is not None else "")
    if kind == "PTR":
        return "ptr-record=%s,%s" % (name, value)
    if kind == "MX":
        return "mx-host=%s,%s,%d" % (name, value, number["priority"])
    return "srv-host=%s,%s,%d,%d,%d" % (name, value, number["port"], number["priority"], number["weight"])


def parse_hosts(text: str | None) -> Values:
    """What a hosts file says: ``(type, name) -> addresses``."""
    found: Values = {}
    for line in (text or "").splitlines():
        words = line.partition("#")[0].split()
        for name in words[1:]:
            found.setdefault(("AAAA" if ":" in words[0] else "A", name), []).append(words[0])
    return found


def parse_conf(text: str | None) -> Values:
    """What a configuration file says: ``(option or type, what it is about) -> values``."""
    found: Values = {}
    for line in (text or "").splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        option, sep, value = line.partition("=")
        key, about = option, ""
        if option in _RECORD_KINDS:
            key = _RECORD_KINDS[option]
            about, _sep, value = value.partition(",")
        elif option in ("server", "local") and value.startswith("/"):
            about, _sep, value = value[1:].partition("/")
        found.setdefault((key, about), []).append(value if sep and (value or not about) else "yes")
    return found


def explain(said: str, path: str, text: str) -> str:
    """dnsmasq's output, with the line of the configuration in place of a line number in a temporary file."""
    lines = text.splitlines()

    def line(match: re.Match[str]) -> str:
        number = int(match.group(1))
        return ": %s" % lines[number - 1] if 0 < number <= len(lines) else match.group(0)

    return re.sub(r" at line (\d+) of " + re.escape(path), line, said.strip())

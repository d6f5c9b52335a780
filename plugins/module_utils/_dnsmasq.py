# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: records and servers checked, dnsmasq's two files rendered, and what differs. All pure.

Addresses go to a hosts file, which dnsmasq reads again on SIGHUP without dropping a query. Everything else is
configuration, which it reads only when it starts.
"""

from __future__ import annotations

import hashlib
import re
import socket
import struct

from ansible_collections.dockyard.swarm.plugins.module_utils._host_plan import missing_packages
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import PlanError, change

CONF_PATH = "/etc/dnsmasq.d/dockyard.conf"
HOSTS_PATH = "/etc/dockyard/dnsmasq.hosts"
# Beside the hosts file while a change is under way; its presence tells of an interruption. It holds what was to be
# done and the files that dnsmasq last ran with.
PENDING = ".previous"
MODE = "0644"

TYPES = ("A", "AAAA", "CNAME", "PTR", "SRV", "TXT", "MX")
EXTRA = {"CNAME": ("ttl",), "SRV": ("port", "priority", "weight"), "MX": ("priority",)}
KEYS = ("name", "type", "value", "priority", "weight", "port", "ttl")
QUERY_TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}
# dnsmasq reads its configuration in lines of at most this many bytes and splits a longer one without a word.
LINE_LIMIT = 1000

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_HEADER = "# Written by dockyard.swarm; changes made here are lost.\n"


# Names and addresses


def address_family(text):
    """4 or 6 for an IP address in its usual notation, else None."""
    for family, number in ((socket.AF_INET, 4), (socket.AF_INET6, 6)):
        try:
            socket.inet_pton(family, text)
            return number
        except (OSError, ValueError, TypeError):
            pass
    return None


def canonical(address):
    """An address in the one notation in which equal ones are equal."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_ntop(family, socket.inet_pton(family, address))


def reverse_name(address):
    """The name under which an address's PTR record is."""
    if ":" in address:
        digits = "".join("%02x" % byte for byte in bytearray(socket.inet_pton(socket.AF_INET6, address)))
        return ".".join(reversed(digits)) + ".ip6.arpa"
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"


def expand(name, domain):
    """A name in full: one without dots gets the domain, ``@`` is the domain. ``_service._proto`` do not count."""
    name = str(name).lower()
    if name.endswith("."):
        return name[:-1]
    if name == "@":
        return domain or name
    own = [label for label in name.split(".") if not label.startswith("_")]
    return "%s.%s" % (name, domain) if domain and len(own) < 2 else name


def check_name(name):
    """What is wrong with a DNS name, or None."""
    if not isinstance(name, str) or not name:
        return "is empty; give a name such as web or web.example.org"
    text = name[:-1] if name.endswith(".") else name
    if len(text) > 253:
        return "%r is longer than 253 characters; shorten it" % name
    for label in text.lower().split("."):
        if label == "*":
            return "%r is a wildcard, which dnsmasq has no record for; list the names" % name
        if not _LABEL.match(label):
            if any(ord(char) > 127 for char in label):
                return "%r is not ASCII; write it in punycode (xn--...)" % name
            return "%r is malformed: use labels of letters, digits, - and _ with dots between" % name
    return None


def check_server(text, port=True):
    """What is wrong with the address of an upstream server (``port``: ``ADDRESS#PORT`` is fine), or None."""
    form = "an IP address or ADDRESS#PORT" if port else "an IP address"
    address, sep, number = text.partition("#") if isinstance(text, str) else ("", "", "")
    if not address_family(address):
        return "%r is a malformed address; give %s" % (text, form)
    if sep and not (port and number.isdigit() and 0 < int(number) < 65536):
        return "%r has a malformed port; give %s" % (text, form)
    return None


# Records


def check_records(records, domain="", option="records", known=None):
    """Everything that is wrong with a list of records, as sentences that name record, option and remedy.

    :param domain: the domain in which names without dots are expanded.
    :param option: the name of the variable or option that holds the list.
    :param known: further names that dnsmasq will know. None: not all are known here, so that targets of CNAME
        records are not looked for.
    """
    if not isinstance(records, (list, tuple)):
        return ["%s: is not a list; give a list of dictionaries with name, type and value" % option]
    problems = []
    good = []
    for index, record in enumerate(records):
        if not isinstance(record, dict):
            problems.append("%s[%d]: %r is not a dictionary; give name, type and value" % (option, index, record))
            continue
        where = "%s[%d] (%s)" % (option, index, record.get("name", "without a name"))
        found = _check_record(record)
        problems += ["%s: %s" % (where, text) for text in found]
        if not found:
            good.append((where, record))
    return problems + _check_together(good, domain, known)


def _check_record(record):
    """What is wrong with one record by itself."""
    unknown = sorted(set(record) - set(KEYS))
    problems = ["%s: is unknown; known are %s" % (key, ", ".join(KEYS)) for key in unknown]
    kind = record.get("type")
    if kind not in TYPES:
        return problems + ["type: %r is unknown; use one of %s" % (kind, ", ".join(TYPES))]
    name, value = record.get("name"), record.get("value")
    is_reverse = isinstance(name, str) and (address_family(name) or name.rstrip(".").endswith(".arpa"))
    text = None if name == "@" or (address_family(name) and kind == "PTR") else check_name(name)
    if text:
        problems.append("name: %s" % text)
    elif address_family(name) and kind != "PTR":
        problems.append("name: %r is an address; give a name, or use type PTR" % name)
    elif kind == "PTR" and not is_reverse:
        problems.append("name: %r is no address; give the address that the name in value belongs to" % name)
    elif kind == "SRV" and not re.match(r"_[^.]+\._[^.]+(\.|\Z)", name):
        problems.append("name: %r names no service; write it as _service._tcp or _service._udp" % name)
    problems += _check_value(kind, value)
    return problems + _check_extra(kind, record)


def _check_value(kind, value):
    if kind == "TXT":
        if not isinstance(value, str) or not value:
            return ["value: is empty; give a text"]
        if any(ord(char) < 32 or ord(char) == 127 for char in value):
            return ["value: has a control character, such as a line break; leave it out"]
        if len(_txt(value).encode("utf-8", "surrogateescape")) > LINE_LIMIT - 270:
            return ["value: is longer than dnsmasq reads; keep it below 700 bytes or make it several records"]
        return []
    if kind in ("A", "AAAA"):
        family = 4 if kind == "A" else 6
        found = address_family(value)
        if found and found != family:
            return ["value: %s is an IPv%d address; use type %s" % (value, found, "A" if found == 4 else "AAAA")]
        return [] if found else ["value: %r is a malformed address; give an IPv%d address" % (value, family)]
    if address_family(value):
        return ["value: %s is an address; give a name%s" % (value, ", or use type A" if kind == "CNAME" else "")]
    text = None if value == "@" else check_name(value)
    return ["value: %s" % text] if text else []


def _check_extra(kind, record):
    problems = []
    for key in ("priority", "weight", "port", "ttl"):
        value = record.get(key)
        if value is None:
            continue
        if key not in EXTRA.get(kind, ()):
            having = " and ".join(name for name in TYPES if key in EXTRA.get(name, ()))
            problems.append("%s: a %s record has none, only %s; leave it out" % (key, kind, having))
            continue
        low, high = (1 if key == "port" else 0), (2**31 - 1 if key == "ttl" else 65535)
        number = _number(value)
        if number is None or not low <= number <= high:
            problems.append("%s: %r is not a number from %d to %d" % (key, value, low, high))
    if kind == "SRV" and record.get("port") is None:
        problems.append("port: is missing; an SRV record needs the port of its service")
    return problems


def _number(value):
    if isinstance(value, bool) or not re.match(r"\d+\Z", str(value)):
        return None
    return int(value)


def _check_together(good, domain, known):
    """What is wrong with records that are fine one by one."""
    problems = []
    by_name = {}
    seen = {}
    aliases = {}
    for where, record in good:
        name = _owner(record, domain)
        by_name.setdefault(name, []).append((where, record))
        key = (record["type"], name) + _data(record, domain)
        if key in seen:
            problems.append("%s: is the same as %s; remove one" % (where, seen[key]))
        seen.setdefault(key, where)
    for name, items in by_name.items():
        for where, record in items:
            if record["type"] != "CNAME":
                continue
            others = [text for text, other in items if other is not record]
            if others:
                problems.append(
                    "%s: a CNAME record stands alone, yet %s has the same name; rename or remove one"
                    % (where, others[0])
                )
            aliases[name] = (where, expand(record["value"], domain))
    there = None if known is None else set(by_name) | {expand(name, domain) for name in known}
    for where, target in aliases.values():
        passed = set()
        while target in aliases and target not in passed:
            passed.add(target)
            target = aliases[target][1]
        if target in passed:
            problems.append("%s: value: leads in a circle by %s; let one of them name a host" % (where, target))
        elif there is not None and target not in there:
            problems.append(
                "%s: value: %s is none of the records, and dnsmasq follows a CNAME only to names of its own; "
                "add a record for it or use type A" % (where, target)
            )
    return problems


def _owner(record, domain):
    """The full name that a record belongs to."""
    if record["type"] == "PTR" and address_family(record["name"]):
        return reverse_name(record["name"])
    return expand(record["name"], domain)


def _data(record, domain):
    """What a record says, in the form in which equal ones are equal."""
    kind = record["type"]
    if kind in ("A", "AAAA"):
        return (canonical(record["value"]),)
    if kind == "TXT":
        return (record["value"],)
    extra = () if kind == "CNAME" else tuple(_number(record.get(key) or 0) for key in EXTRA.get(kind, ()))
    return (expand(record["value"], domain),) + extra


def automatic_records(hosts, names, domain, records=()):
    """Records of the hosts (name -> address) and of further names (name -> addresses), without the user's ``records``.

    A name that the user has records for is left to the user. Hosts come first, since the first name of an address is
    the one that a reverse lookup finds.
    """
    taken = {expand(item.get("name", ""), domain) for item in records if isinstance(item, dict)}
    wanted = []
    for host, address in hosts.items():
        if not address_family(host):
            name = host.lower()
            inside = not domain or name.endswith("." + domain)
            wanted.append((name if inside else "%s.%s" % (name, domain), address))
    for name, addresses in names.items():
        wanted += [(expand(name, domain), address) for address in addresses]
    made = [
        {"name": name, "type": "AAAA" if address_family(address) == 6 else "A", "value": address}
        for name, address in wanted
        if name not in taken
    ]
    return [item for index, item in enumerate(made) if item not in made[:index]]


# Settings


DEFAULTS: dict = {
    "records": [], "domain": "", "upstreams": [], "upstreams_file": None, "forwarders": {}, "listen_addresses": [],
    "cache_size": 1000, "bind": "dynamic", "extra": [], "conf_path": CONF_PATH, "hosts_path": HOSTS_PATH,
}  # fmt: skip


def settings_of(params):
    """The settings among a module's or role's parameters, with the defaults for what is left out."""
    settings = {key: value if params.get(key) is None else params[key] for key, value in DEFAULTS.items()}
    settings["domain"] = settings["domain"].lower().rstrip(".")
    settings["forwarders"] = {
        zone: [servers] if isinstance(servers, str) else list(servers or [])
        for zone, servers in settings["forwarders"].items()
    }
    return settings


def check_settings(settings):
    """Everything that is wrong with what dnsmasq is asked to be; see the module's options."""
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
            problems.append("forwarders: %s is the own domain, which is answered here; remove it" % zone)
        if not servers:
            problems.append("forwarders: %s has no server; give at least one" % zone)
        for server in servers:
            text = check_server(server)
            problems += ["forwarders: %s: %s" % (zone, text)] if text else []
    own = set(settings["listen_addresses"]) | {"127.0.0.1", "::1"}
    for server in [item for items in settings["forwarders"].values() for item in items] + settings["upstreams"]:
        address, _sep, port = str(server).partition("#")
        if address in own and port in ("", "53"):
            problems.append("upstreams, forwarders: %s is this server, and a query would circle; remove it" % server)
    if settings["cache_size"] < 0:
        problems.append("cache_size: %d is negative; give 0 for no cache" % settings["cache_size"])
    for line in settings["extra"]:
        if "\n" in line or len(line.encode("utf-8", "surrogateescape")) > LINE_LIMIT:
            problems.append("extra: %r... is no single line; give one option of dnsmasq a line" % line[:40])
    # A further line may bring names of its own, which are not looked into.
    return problems + check_records(settings["records"], domain, known=None if settings["extra"] else ())


def check_port(port_53, listen_addresses, unit, option="listen_addresses"):
    """What is wrong where another service holds port 53 on an address that dnsmasq is to have: a list of sentences.

    :param port_53: the addresses on which something listens on port 53.
    :param unit: what systemd knows of dnsmasq, or None. Where it is active, it is the one that listens.
    """
    if unit and unit.get("active") == "active":
        return []
    wanted = list(listen_addresses) + ["127.0.0.1"]
    taken = [address for address in port_53 if address in wanted or address == "0.0.0.0"]
    return [
        "%s: another service listens on port 53 of %s; stop it, or let another host serve names" % (option, address)
        for address in taken
    ]


# Files


def render_hosts(settings):
    """The hosts file: addresses in the order given, since the first name of an address is the one of its PTR."""
    lines = [
        "%s %s\n" % (canonical(record["value"]), expand(record["name"], settings["domain"]))
        for record in settings["records"]
        if record["type"] in ("A", "AAAA")
    ]
    return _HEADER + "".join(lines)


def render_conf(settings):
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
    return _HEADER + "".join("%s\n" % line for line in lines + list(settings["extra"]))


def _conf_line(record, domain):
    kind, name = record["type"], _owner(record, domain)
    if kind == "TXT":
        return "txt-record=%s,%s" % (name, _txt(record["value"]))
    value = expand(record["value"], domain)
    number = {key: _number(record.get(key) or 0) for key in EXTRA.get(kind, ())}
    if kind == "CNAME":
        return "cname=%s,%s%s" % (name, value, ",%d" % number["ttl"] if record.get("ttl") is not None else "")
    if kind == "PTR":
        return "ptr-record=%s,%s" % (name, value)
    if kind == "MX":
        return "mx-host=%s,%s,%d" % (name, value, number["priority"])
    return "srv-host=%s,%s,%d,%d,%d" % (name, value, number["port"], number["priority"], number["weight"])


def _txt(value):
    """A text as dnsmasq reads it: quoted, in pieces of at most 255 bytes, the most that DNS has in one string."""
    pieces, size = [""], 0
    for char in value:
        width = len(char.encode("utf-8", "surrogateescape"))
        if size + width > 255:
            pieces.append("")
            size = 0
        pieces[-1] += "\\" + char if char in '"\\' else char
        size += width
    return ",".join('"%s"' % piece for piece in pieces)


def parse_hosts(text):
    """What a hosts file says: ``(type, name) -> addresses``."""
    found = {}
    for line in (text or "").splitlines():
        words = line.partition("#")[0].split()
        for name in words[1:]:
            found.setdefault(("AAAA" if ":" in words[0] else "A", name), []).append(words[0])
    return found


_RECORD_KINDS = {
    "cname": "CNAME", "ptr-record": "PTR", "srv-host": "SRV", "txt-record": "TXT", "mx-host": "MX"
}  # fmt: skip


def parse_conf(text):
    """What a configuration file says: ``(option or type, what it is about) -> values``."""
    found = {}
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


# The plan


def make_plan(settings, state):
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
    if not unit or unit["enabled"] not in ("enabled", "static", "alias", "generated", "indirect"):
        was = unit["enabled"] if unit else None
        plan.append(change("enable", state["service"], "it must come up with the host", was, "enabled"))
    told = _action(unit, hosts, [item for item in conf if item["do"] != "set"], state["pending"])
    if told:
        plan.append(change(told[0], state["service"], told[1], unit["active"] if unit else None, told[0]))
    return plan


def _action(unit, hosts, conf, pending):
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


def _file_changes(path, found, text, parse):
    """The differences of one file: by record where its text was read, else as a whole."""
    changes = []
    if not found or found["sha256"] != hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest():
        if not found or "text" in found:
            changes = _record_changes(path, parse(found["text"] if found else None), parse(text))
        if not changes:
            why = "its order or layout differs" if found and "text" in found else "its content differs"
            changes = [change("write", path, why if found else "there is no such file", "other", "as planned")]
    if found and (found["mode"], found["uid"], found["gid"]) != (MODE, 0, 0):
        was = "%s %d:%d" % (found["mode"], found["uid"], found["gid"])
        changes.append(change("set", path, "dnsmasq reads it under its own user", was, "%s 0:0" % MODE))
    return changes


def _record_changes(path, old, new):
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


def _shown(values):
    return None if values is None else ", ".join(values)


def explain(said, path, text):
    """What dnsmasq says of a configuration, with the line that it means instead of the place of a passing file."""
    lines = text.splitlines()

    def line(match):
        number = int(match.group(1))
        return ": %s" % lines[number - 1] if 0 < number <= len(lines) else match.group(0)

    return re.sub(r" at line (\d+) of " + re.escape(path), line, said.strip())


# Asking a server


def probes(settings, old_hosts):
    """What to ask the server in order to see that it runs with the new files: (name, type, present, absent).

    Addresses that changed are asked for; where none did, a few that are wanted; where there are none, anything.
    """
    old, new = parse_hosts(old_hosts), parse_hosts(render_hosts(settings))
    changed = [key for key in dict.fromkeys(list(new) + list(old)) if old.get(key) != new.get(key)]
    asked = changed[:10] or list(new)[:3]
    if not asked:
        return [(settings["domain"] or "localhost", "A", set(), set())]
    return [
        (name, kind, set(new.get((kind, name), ())), set(old.get((kind, name), ())) - set(new.get((kind, name), ())))
        for kind, name in asked
    ]


def encode_query(number, name, kind):
    """A DNS query as it goes over UDP."""
    labels = [label.encode("ascii") for label in name.split(".")]
    question = b"".join(bytes(bytearray([len(label)])) + label for label in labels) + b"\0"
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + question + struct.pack("!2H", QUERY_TYPES[kind], 1)


def decode_answer(data):
    """``{number, code, truncated, addresses}`` of a DNS answer, or None where it is none."""
    try:
        number, flags, questions, answers = struct.unpack("!4H", data[:8])
        if not flags & 0x8000:
            return None
        offset, addresses = 12, set()
        for _index in range(questions):
            offset = _skip_name(data, offset) + 4
        for _index in range(answers):
            offset = _skip_name(data, offset)
            kind, _class, _ttl, size = struct.unpack("!2HIH", data[offset : offset + 10])
            offset += 10
            if kind in (1, 28):
                family = socket.AF_INET if kind == 1 else socket.AF_INET6
                addresses.add(socket.inet_ntop(family, data[offset : offset + size]))
            offset += size
    except (struct.error, IndexError, ValueError):
        return None
    return {"number": number, "code": flags & 15, "truncated": bool(flags & 0x0200), "addresses": addresses}


def _skip_name(data, offset):
    raw = bytearray(data)
    while raw[offset]:
        if raw[offset] >= 0xC0:
            return offset + 2
        offset += raw[offset] + 1
    return offset + 1


def satisfied(answer, present, absent):
    """Whether an answer is the one that the new files give."""
    if answer is None:
        return False
    found = answer["addresses"]
    if found & absent:
        return False
    return present <= found or (answer["truncated"] and bool(found & present))


# The role


RESOLV_CONF = "/etc/resolv.conf"
RESOLVED_PENDING = "/etc/dockyard/resolved.pending"
# The last of all drop-ins, since lists of servers add up and the last word counts.
RESOLVED_STUB = "/etc/systemd/resolved.conf.d/zz-dockyard-stub.conf"
RESOLVED_DNS = "/etc/systemd/resolved.conf.d/zz-dockyard.conf"


def stub_text():
    """The drop-in that takes port 53 from systemd-resolved's stub."""
    return _HEADER + "[Resolve]\nDNSStubListener=no\n"


def resolved_text(resolvers):
    """The drop-in that sends systemd-resolved's queries to the cluster's servers alone: an empty list comes first."""
    return _HEADER + "[Resolve]\nDNS=\nDNS=%s\nDomains=~.\n" % " ".join(resolvers)


def resolv_conf_text(text, resolvers):
    """A resolv.conf with other name servers; everything else in it stays."""
    kept = [line for line in text.splitlines() if not re.match(r"\s*nameserver\s", line) and line + "\n" != _HEADER]
    return _HEADER + "".join("%s\n" % line for line in kept + ["nameserver %s" % item for item in resolvers])


def upstreams_text(text, own):
    """The name servers of a resolv.conf without the cluster's own and without loopback ones: what lies upstream."""
    rows = [line.split() for line in text.splitlines()]
    found = [row[1] for row in rows if len(row) > 1 and row[0] == "nameserver"]
    usable = [item for item in found if item not in own and not item.startswith("127.") and item != "::1"]
    if not usable:
        raise PlanError(
            "swarm_dns_upstreams: the host has no name server of its own to send other names to (found: %s); list some"
            % (", ".join(found) or "none")
        )
    return _HEADER + "".join("nameserver %s\n" % item for item in usable)


def make_role_plan(node, wanted):
    """What role swarm_dns has to do on a host, from ``node_facts``; each change has its ``stage``, server or resolver.

    ``wanted``: ``serve``, ``manage_resolver``, ``packages``, ``resolvers`` (addresses, in the order in which this host
    asks them), ``settings`` (the module's options; the service is dnsmasq).
    """
    uses_resolved = _active(node, "systemd-resolved.service")
    link = (node["files"].get(RESOLV_CONF) or {}).get("link") or ""
    linked = uses_resolved and "systemd/resolve/" in link
    plan = []
    if wanted["serve"]:
        plan += [dict(item, stage="server") for item in _server_plan(node, wanted, uses_resolved, link)]
    if wanted["manage_resolver"]:
        plan += [dict(item, stage="resolver") for item in _resolver_plan(node, wanted, linked)]
    return plan


def _active(node, name):
    return (node["units"].get(name) or {}).get("active") == "active"


def _server_plan(node, wanted, uses_resolved, link):
    settings = wanted["settings"]
    unit = node["units"].get("dnsmasq.service")
    problems = check_port(node["dns"]["port_53"], settings["listen_addresses"], unit, option="swarm_dns_servers")
    if problems:
        raise PlanError("; ".join(problems))
    plan = missing_packages(node, wanted["packages"])
    upstreams_file = settings["upstreams_file"]
    if not settings["upstreams"] and upstreams_file and upstreams_file not in node["files"]:
        why = "other names go to the servers that the host has asked so far"
        plan.append(change("write", upstreams_file, why, None, "as found"))
    if uses_resolved:
        if link.endswith("stub-resolv.conf"):
            plan.append(
                change("link", RESOLV_CONF, "the stub listener is given up", link, "/run/systemd/resolve/resolv.conf")
            )
        running = "127.0.0.53" in node["dns"]["port_53"]
        plan += _drop_in(node, RESOLVED_STUB, stub_text(), "port 53 is for dnsmasq", running)
    files = node["files"]
    state = {
        "conf": files.get(settings["conf_path"]),
        "hosts": files.get(settings["hosts_path"]),
        "unit": unit,
        "service": "dnsmasq.service",
        "pending": "restart" if settings["hosts_path"] + PENDING in files else None,
    }
    return plan + make_plan(settings, state)


def _drop_in(node, path, text, why, stale):
    """A drop-in of systemd-resolved that is not right, or that it does not run with yet."""
    found = node["files"].get(path)
    right = found and found["sha256"] == hashlib.sha256(text.encode()).hexdigest() and found["mode"] == MODE
    if right and not stale and RESOLVED_PENDING not in node["files"]:
        return []
    says = ", ".join(line for line in text.splitlines()[2:] if not line.endswith("="))
    return [change("write", path, why, "other" if found else None, says, text=text)]


def _resolver_plan(node, wanted, linked):
    servers, now = wanted["resolvers"], node["dns"]["resolvers"]
    why = "names of the cluster are answered by its own servers"
    if linked:
        return _drop_in(node, RESOLVED_DNS, resolved_text(servers), why, False)
    found = node["files"].get(RESOLV_CONF)
    if found and not found["link"] and now == servers[:3] and found["mode"] == MODE:
        return []
    return [change("write", RESOLV_CONF, why, ", ".join(now), ", ".join(servers[:3]))]

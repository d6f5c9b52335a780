# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from ansible_collections.dockyard.swarm.plugins.filter.plan_text import plan_text
from ansible_collections.dockyard.swarm.plugins.module_utils._host import firewall
from ansible_collections.dockyard.swarm.plugins.module_utils._host import firewalld as _firewalld
from ansible_collections.dockyard.swarm.plugins.module_utils._host import ufw as _ufw
from ansible_collections.dockyard.swarm.plugins.module_utils._host.firewall_facts import read_firewall

ENABLED = "# /etc/ufw/ufw.conf\n#\n\n# Set to yes to start on boot.\nENABLED=yes\n\nLOGLEVEL=low\n"
DEFAULTS = 'IPV6=yes\nDEFAULT_INPUT_POLICY="DROP"\nDEFAULT_OUTPUT_POLICY="ACCEPT"\n'

# Written by ufw 0.36.2.
UFW = """\
### RULES ###

### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in
-A ufw-user-input -p tcp --dport 22 -j ACCEPT

### tuple ### allow tcp 2377,7946 0.0.0.0/0 any 10.77.1.12 in comment=646f636b79617264
-A ufw-user-input -p tcp -m multiport --dports 2377,7946 -s 10.77.1.12 -j ACCEPT

### tuple ### allow esp any 0.0.0.0/0 any 10.77.1.12 in comment=646f636b79617264
-A ufw-user-input -p esp -s 10.77.1.12 -j ACCEPT

### tuple ### allow any any 0.0.0.0/0 any 10.9.9.9 in
### tuple ### allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in_eth7
### tuple ### allow udp 1000:1010 0.0.0.0/0 any 0.0.0.0/0 in
### tuple ### deny tcp 99 0.0.0.0/0 any 0.0.0.0/0 in
### tuple ### allow tcp 99 0.0.0.0/0 any 10.5.5.5 in
### tuple ### limit tcp 2222 0.0.0.0/0 any 0.0.0.0/0 in
### tuple ### allow tcp 23 0.0.0.0/0 any 0.0.0.0/0 OpenSSH - in
### tuple ### allow any 514 0.0.0.0/0 any 0.0.0.0/0 in
### tuple ### route:allow tcp 81 0.0.0.0/0 any 0.0.0.0/0 in
### tuple ### allow tcp 443 10.77.1.11 any 10.1.1.1 in
### tuple ### allow tcp 444 0.0.0.0/0 99 10.1.1.1 in
### tuple ### allow any 53 0.0.0.0/0 any 0.0.0.0/0 out
### tuple ### allow_log udp 5 0.0.0.0/0 any 10.2.0.0/16 in comment=74776f20776f72647320646f636b79617264

### END RULES ###
"""
UFW6 = """\
### tuple ### allow tcp 22 ::/0 any ::/0 in
### tuple ### allow tcp 5 ::/0 any 2001:db8::5 in comment=646f636b79617264
"""

# Written by firewalld 1.3.3 with FirewallBackend=iptables.
ZONE = """\
<?xml version="1.0" encoding="utf-8"?>
<zone>
  <short>Public</short>
  <service name="ssh"/>
  <port port="8000-8009" protocol="udp"/>
  <protocol value="igmp"/>
  <forward-port port="81" protocol="tcp" to-port="80"/>
  <rule family="ipv4" priority="-32377">
    <source address="10.77.1.12"/>
    <port port="2377" protocol="tcp"/>
    <accept/>
  </rule>
  <rule family="ipv4">
    <source address="10.77.1.12"/>
    <port port="2377" protocol="tcp"/>
    <drop/>
  </rule>
  <rule family="ipv4">
    <source address="10.77.1.13"/>
    <service name="docker-swarm"/>
    <accept/>
  </rule>
  <rule family="ipv4">
    <source address="10.77.1.13"/>
    <port port="7946" protocol="tcp"/>
    <reject/>
  </rule>
  <rule family="ipv4">
    <source ipset="office"/>
    <accept/>
  </rule>
  <rule>
    <source-port port="53" protocol="udp"/>
    <accept/>
  </rule>
  <forward/>
</zone>
"""
SERVICES = {
    "ssh": '<service><short>SSH</short><port protocol="tcp" port="22"/></service>',
    "docker-swarm": '<service><port port="2377" protocol="tcp"/><port port="7946" protocol="tcp"/>'
    '<port port="7946" protocol="udp"/><port port="4789" protocol="udp"/><protocol value="esp"/></service>',
}
IPSETS = {"office": '<ipset type="hash:net"><entry>192.0.2.0/24</entry><entry>198.51.100.7</entry></ipset>'}

ADDRESSES = {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"}
LOGS = {"port": 6514, "hosts": ["a"]}


def names(server):
    return [
        {"port": 53, "protocol": kind, "hosts": [server], "from": ["members", "containers"]} for kind in ("tcp", "udp")
    ]


OPTIONS = {
    "managers": ["a"], "data_path_port": 4789, "data_paths": ADDRESSES, "served": [*names("a"), LOGS], "kept": [],
    "bridges": [], "ports": [],
}  # fmt: skip


def ufw(rules, rules6="", conf=ENABLED, defaults=DEFAULTS):
    return {"unit": "ufw.service", "rules": _ufw.read(conf, defaults, rules, rules6)}


def firewalld(zone, services=None, ipsets=None):
    def parsed(texts):
        return lambda name: ElementTree.fromstring(texts[name]) if name in texts else None

    element = ElementTree.fromstring(zone)
    return {
        "unit": "firewalld.service",
        "rules": _firewalld.read(element, parsed(ipsets or IPSETS), parsed(services or SERVICES)),
    }


def wanted(host="a", **options):
    found = firewall.wanted_rules(host, ADDRESSES, dict(OPTIONS, **options))
    return {name: found[name] for name in ("rules", "keep")}


def test_ufw_rules_in_force():
    assert ufw(UFW, UFW6)["rules"] == [
        "any from 10.9.9.9",
        "esp from 10.77.1.12 # dockyard",
        "tcp 22 from any",
        "tcp 23 from any",
        "tcp 2377 from 10.77.1.12 # dockyard",
        "tcp 5 from 2001:db8::5 # dockyard",
        "tcp 514 from any",
        "tcp 7946 from 10.77.1.12 # dockyard",
        "udp 1000-1010 from any",
        "udp 5 from 10.2.0.0/16",
        "udp 514 from any",
    ]


def test_ufw_that_lets_everything_in_or_does_not_filter():
    everything = ufw("", defaults=DEFAULTS.replace("DROP", "ACCEPT", 1))
    assert everything["rules"] == ["any from any"]
    assert firewall.make_plan(everything, wanted()["rules"]) == []
    assert _ufw.read(ENABLED.replace("=yes", "=no"), DEFAULTS, UFW) is None


def test_firewalld_rules_in_force():
    assert firewalld(ZONE)["rules"] == [
        "any from 192.0.2.0/24",
        "any from 198.51.100.7",
        "esp from 10.77.1.13",
        "igmp from any",
        "tcp 22 from any",
        "tcp 2377 from 10.77.1.12 # dockyard",
        "tcp 2377 from 10.77.1.13",
        "udp 4789 from 10.77.1.13",
        "udp 7946 from 10.77.1.13",
        "udp 8000-8009 from any",
    ]
    assert firewalld('<zone target="ACCEPT"/>')["rules"] == ["any from any"]


def put(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


def test_only_the_firewall_that_runs_is_read(tmp_path):
    assert read_firewall({}, str(tmp_path)) == {"unit": None, "rules": [], "table": None, "flushes": False, "zones": []}
    put(tmp_path, "etc/ufw/ufw.conf", ENABLED)
    put(tmp_path, "etc/ufw/user.rules", UFW)
    assert read_firewall({}, str(tmp_path))["unit"] is None
    # `ufw enable` starts no unit.
    units = {"ufw.service": {"active": "inactive"}}
    assert read_firewall(units, str(tmp_path)) == dict(ufw(UFW), table=None, flushes=False, zones=[])
    put(tmp_path, "etc/ufw/ufw.conf", ENABLED.replace("=yes", "=no"))
    units["ufw.service"]["active"] = "active"
    assert read_firewall(units, str(tmp_path)) == {
        "unit": None,
        "rules": [],
        "table": None,
        "flushes": False,
        "zones": [],
    }
    units["nftables.service"] = {"active": "active"}
    assert read_firewall(units, str(tmp_path)) == {
        "unit": "nftables.service",
        "rules": [],
        "table": None,
        "flushes": False,
        "zones": [],
    }


def test_firewalld_is_read_from_its_default_zone(tmp_path):
    units = {"firewalld.service": {"active": "active"}, "ufw.service": {"active": "active"}}
    put(tmp_path, "usr/lib/firewalld/zones/public.xml", '<zone><service name="ssh"/></zone>')
    put(tmp_path, "usr/lib/firewalld/services/ssh.xml", SERVICES["ssh"])
    assert read_firewall(units, str(tmp_path))["rules"] == ["tcp 22 from any"]
    put(tmp_path, "etc/firewalld/firewalld.conf", "# zone\nDefaultZone=home\n")
    assert read_firewall(units, str(tmp_path))["rules"] == []
    put(tmp_path, "etc/firewalld/zones/home.xml", '<zone><port port="1" protocol="tcp"/></zone>')
    found = read_firewall(units, str(tmp_path))
    assert found == {
        "unit": "firewalld.service",
        "rules": ["tcp 1 from any"],
        "table": None,
        "flushes": False,
        "zones": [],
    }


@pytest.mark.parametrize(
    ("conf", "direct", "flushes"),
    [
        ("FirewallBackend=nftables\n", None, False),
        (None, '<?xml version="1.0"?><direct>\n</direct>', False),
        ("FirewallBackend=iptables\n", None, True),
        (None, '<direct><rule ipv="ipv4" table="filter" chain="INPUT" priority="0">-j ACCEPT</rule></direct>', True),
        (None, '<direct><passthrough ipv="ipv4">-N x</passthrough></direct>', True),
    ],
)
def test_reloads_of_firewalld_that_take_the_engines_rules_away(tmp_path, conf, direct, flushes):
    units = {"firewalld.service": {"active": "active"}}
    for name, text in (("firewalld.conf", conf), ("direct.xml", direct)):
        if text:
            put(tmp_path, f"etc/firewalld/{name}", text)
    assert read_firewall(units, str(tmp_path))["flushes"] is flushes


def test_a_manager_with_everything():
    others = ["10.0.0.2", "10.0.0.3"]
    heads = ["esp", "tcp 2377", "tcp 53", "tcp 6514", "tcp 7946", "udp 4789", "udp 53", "udp 7946"]
    bridges = ["tcp 53 from 172.16.0.0/12", "udp 53 from 172.16.0.0/12"]
    assert wanted() == {"rules": sorted([f"{h} from {o}" for h in heads for o in others] + bridges), "keep": []}


def test_a_worker_lets_in_less():
    rules = wanted("b")["rules"]
    assert {rule.split(" from ")[0] for rule in rules} == {"esp", "tcp 7946", "udp 4789", "udp 7946"}


@pytest.mark.parametrize(
    ("options", "more", "less"),
    [
        ({"data_path_port": 5000}, {"udp 5000 from 10.0.0.2"}, {"udp 4789 from 10.0.0.2"}),
        ({"data_paths": dict(ADDRESSES, b="10.9.0.2")}, {"udp 4789 from 10.9.0.2", "esp from 10.9.0.2"}, set()),
        ({"bridges": ["10.200.0.0/16"]}, {"udp 53 from 10.200.0.0/16"}, {"udp 53 from 172.16.0.0/12"}),
        ({"ports": [{"port": 8080}]}, {"tcp 8080 from any"}, set()),
        (
            {"ports": [{"port": "1-9", "protocol": "udp", "sources": ["192.0.2.9/24"]}]},
            {"udp 1-9 from 192.0.2.0/24"},
            set(),
        ),
    ],
)
def test_options(options, more, less):
    before, after = set(wanted()["rules"]), set(wanted(**options)["rules"])
    assert more <= after - before
    assert less <= before - after
    assert bool(before ^ after) == bool(more)


def test_a_member_without_an_address_yet_and_a_server_that_is_no_member():
    addresses = {"a": "10.0.0.1", "b": "b.example.org"}
    options = dict(OPTIONS, data_paths=addresses, served=[])
    rules = firewall.wanted_rules("a", addresses, options)["rules"]
    assert rules == []
    outside = firewall.wanted_rules("ns", ADDRESSES, dict(OPTIONS, served=names("ns")))["rules"]
    assert {rule.split(" from ")[0] for rule in outside} == {"tcp 53", "udp 53"}


@pytest.mark.parametrize(
    "port",
    [
        {"port": 0},
        {"port": "9-1"},
        {"port": 70000},
        {"port": 1, "protocol": "esp"},
        {"port": 1, "sources": ["host"]},
        {},
    ],
)
def test_ports_of_the_user_that_cannot_be(port):
    assert firewall.check_ports([port])
    assert firewall.check_ports([{"port": 1}, {"port": "1-2", "protocol": "udp", "sources": ["::1"]}]) == []


@pytest.mark.parametrize("text", ["", "tcp 1", "esp 5 from any", "tcp 1 from nowhere", "TCP 1 from any"])
def test_what_is_no_rule(text):
    with pytest.raises(ValueError):
        firewall.parse(text)


def test_the_plan_has_a_line_for_each_port():
    lines = plan_text(firewall.make_plan(ufw(""), wanted("b")["rules"]))
    assert lines == [
        "open port 7946/tcp from 10.0.0.1, 10.0.0.3: closed by ufw.service",
        "open port 4789/udp from 10.0.0.1, 10.0.0.3: closed by ufw.service",
        "open port 7946/udp from 10.0.0.1, 10.0.0.3: closed by ufw.service",
        "open protocol esp from 10.0.0.1, 10.0.0.3: closed by ufw.service",
    ]


@pytest.mark.parametrize("unit", [None, "nftables.service"])
def test_hosts_without_a_firewall_that_is_managed(unit):
    assert firewall.make_plan({"unit": unit, "rules": []}, wanted()["rules"]) == []


@pytest.mark.parametrize(
    "rule", ["any from any", "any from 10.0.0.2", "tcp from 10.0.0.0/24", "tcp 2000-3000 from any", "tcp 2377 from any"]
)
def test_what_others_opened_is_good_enough(rule):
    facts = {"unit": "ufw.service", "rules": [rule]}
    assert firewall.make_plan(facts, ["tcp 2377 from 10.0.0.2"]) == []


def test_only_what_the_collection_made_is_closed():
    facts = {
        "unit": "ufw.service",
        "rules": ["tcp 1 from any", "tcp 2 from any # dockyard", "tcp 3 from any # dockyard"],
    }
    lines = plan_text(firewall.make_plan(facts, [], ["tcp 3 from any"]))
    assert lines == ["close port 2/tcp from any: dockyard opened it, and it is no longer needed"]


def test_a_role_that_is_not_in_the_play_opens_nothing_and_loses_nothing():
    alone = wanted(served=[], kept=OPTIONS["served"])
    assert set(alone["rules"]) | set(alone["keep"]) == set(wanted()["rules"])
    assert {rule.split(" from ")[0] for rule in alone["keep"]} == {"tcp 53", "udp 53", "tcp 6514"}


@pytest.mark.parametrize(
    ("port", "rules"),
    [
        ({"port": 8500}, {"tcp 8500 from 10.0.0.2", "tcp 8500 from 10.0.0.3"}),
        ({"port": 8500, "hosts": ["a", "b"], "from": ["192.0.2.0/24"]}, {"tcp 8500 from 192.0.2.0/24"}),
        ({"port": 8500, "protocol": "udp", "from": ["any"]}, {"udp 8500 from any"}),
        ({"port": 8500, "from": ["containers"]}, {"tcp 8500 from 172.16.0.0/12"}),
        ({"port": 8500, "hosts": ["b"]}, set()),
    ],
)
def test_a_port_of_a_role_is_open_where_it_is_served_for_whom_it_names(port, rules):
    assert set(wanted(served=[*OPTIONS["served"], port])["rules"]) - set(wanted()["rules"]) == rules


# --- carrying a plan out leaves nothing to do


class Ufw:
    """What ufw makes of its rules when it is called, as seen on machines."""

    def __init__(self, text=""):
        self.tuples = [line[14:] for line in text.splitlines() if line.startswith("### tuple")]

    def text(self):
        return "".join("### tuple ### %s\n" % item for item in self.tuples)

    def __call__(self, verb, action, *words):
        comment = ""
        if words[-2] == "comment":
            words, comment = words[:-2], " comment=" + words[-1].encode().hex()
        options = dict(zip(words[::2], words[1::2], strict=True))
        source = {"any": "0.0.0.0/0"}.get(options["from"], options["from"])
        key = f"{options['proto']} {options.get('port', 'any')} 0.0.0.0/0 any {source} in"
        same = [item for item in self.tuples if item.split(" comment=")[0].split(" ", 1)[1] == key]
        if verb == "prepend":
            if not same:  # else: Skipping inserting existing rule
                self.tuples.insert(0, f"{action} {key}{comment}")
        else:
            self.tuples = [item for item in self.tuples if item not in same or item.split()[0] != action]


OWN = "comment=646f636b79617264"
STARTS = [
    "",
    UFW,
    "### tuple ### deny tcp 2377,7946 0.0.0.0/0 any 10.0.0.2 in\n",
    f"""\
### tuple ### deny any any 0.0.0.0/0 any 10.0.0.0/24 in
### tuple ### allow tcp 53,2377,6514,7946 0.0.0.0/0 any 10.0.0.2 in {OWN}
### tuple ### allow tcp 2377 0.0.0.0/0 any 10.0.0.3 in
""",
    f"""\
### tuple ### allow tcp 2377 0.0.0.0/0 any 10.0.0.2 in {OWN}
### tuple ### allow tcp 2377,7946 0.0.0.0/0 any 10.0.0.9 in {OWN}
""",
    "### tuple ### deny udp 53,4789,7946 0.0.0.0/0 any 10.0.0.3 in_eth0\n",
]
MANY = [{"port": port} for port in range(8000, 8040, 2)]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("options", [{}, {"ports": MANY}, {"managers": []}])
def test_ufw_has_nothing_left_to_do(start, options):
    tool, target = Ufw(start), wanted(**options)
    for _step in range(2):
        plan = firewall.make_plan(ufw(tool.text()), **target)
        for command in _ufw.commands(plan, tool.text()):
            tool(*command)
        assert firewall.make_plan(ufw(tool.text()), **target) == []
        target = wanted("c")  # and the way back
    own = {rule for rule in ufw(tool.text())["rules"] if rule.endswith("# dockyard")}
    assert {rule.replace(" # dockyard", "") for rule in own} <= set(target["rules"])


def test_ufw_is_called_once_for_several_ports():
    addresses = {"a": "10.0.0.1", "b": "10.0.0.2"}
    target = firewall.wanted_rules("a", addresses, dict(OPTIONS, data_paths=addresses))
    plan = firewall.make_plan(ufw(""), target["rules"])
    commands = [" ".join(command) for command in _ufw.commands(plan, "")]
    assert "prepend allow proto tcp from 10.0.0.2 to any port 53,2377,6514,7946 comment dockyard" in commands
    assert len(commands) == 5


def test_ufw_keeps_a_port_open_while_its_rule_is_made_anew():
    tool = Ufw(STARTS[4])
    plan = firewall.make_plan(ufw(tool.text()), ["tcp 2377 from 10.0.0.2", "tcp 7946 from 10.0.0.2"])
    for command in _ufw.commands(plan, tool.text()):
        tool(*command)
        assert "tcp 2377 from 10.0.0.2 # dockyard" in ufw(tool.text())["rules"]


def apply_to_zone(zone, commands):
    """What firewalld keeps of rich rules."""
    zone = re.sub(r">\s+<", "><", zone)
    assert all(len({option.split("=")[0] for option in command if "=" in option}) == 1 for command in commands)
    for option in [option for command in commands if command[0] == "--permanent" for option in command[1:]]:
        verb, _sep, text = option.partition("=")
        words = dict(pair.split("=") for pair in text.replace('"', "").split() if "=" in pair)
        if "source" in text:
            rule = f'<rule family="{words["family"]}" priority="{words["priority"]}"><source address="{words["address"]}"/>'
        else:
            rule = f'<rule priority="{words["priority"]}">'
        if "port port" in text:
            rule += f'<port port="{words["port"]}" protocol="{words["protocol"]}"/>'
        elif "protocol value" in text:
            rule += f'<protocol value="{words["value"]}"/>'
        rule += "<accept/></rule>"
        zone = zone.replace(rule, "")
        if verb == "--add-rich-rule":
            zone = zone.replace("</zone>", rule + "</zone>")
    return zone


@pytest.mark.parametrize("zone", ["<zone></zone>", ZONE])
@pytest.mark.parametrize("options", [{}, {"ports": MANY}, {"managers": []}])
def test_firewalld_has_nothing_left_to_do(zone, options):
    target = wanted(**options)
    for _step in range(2):
        zone = apply_to_zone(zone, _firewalld.commands(firewall.make_plan(firewalld(zone), **target)))
        assert firewall.make_plan(firewalld(zone), **target) == []
        target = wanted("c")


def test_interfaces_in_another_zone_of_firewalld():
    text = '<?xml version="1.0"?>\n<zone%s>\n  <interface name="eth0"/>\n  <source address="10.0.0.0/8"/>\n</zone>\n'
    rule = '<zone>\n<rule><source address="10.0.0.0/8"/><accept/></rule>\n</zone>\n'
    zones = [
        ("/z/drop.xml", text % ' target="DROP"'),
        ("/z/public.xml", text % ""),
        ("/z/open.xml", text % ' target="ACCEPT"'),
    ]
    found = _firewalld.other_zones([*zones, ("/z/rules.xml", rule)], "public")
    assert [(item["path"], item["line"], item["name"], item["value"]) for item in found] == [
        ("/z/drop.xml", 3, "interface eth0", "drop"), ("/z/drop.xml", 4, "source 10.0.0.0/8", "drop"),
    ]  # fmt: skip

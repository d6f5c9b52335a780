"""Bridge, taps and packet filter rules of a lab, and what of them is left on this computer."""

import glob
import ipaddress
import json
import re
from dataclasses import dataclass
from pathlib import Path

from lab.naming import BRIDGE_PREFIX
from lab.shell import run

# The bridge's alias says whose it is, so that a lab of another checkout or user can be recognised.
ALIAS = "dockyard-lab "
COMMENT = "dockyard-lab-"
CUT = "dockyard-lab cut"
ETHERNET = 14


@dataclass(frozen=True)
class Bridge:
    """A lab's bridge found on this computer."""

    name: str
    state: Path


def bridges() -> list[Bridge]:
    """Give every bridge that a lab of this computer made."""
    links = json.loads(run(["ip", "-j", "link", "show", "type", "bridge"]).stdout or "[]")
    return [
        Bridge(link["ifname"], Path(link["ifalias"].removeprefix(ALIAS)))
        for link in links
        if link.get("ifname", "").startswith(BRIDGE_PREFIX) and link.get("ifalias", "").startswith(ALIAS)
    ]


def exists(interface: str) -> bool:
    """Tell whether an interface is there."""
    return Path(f"/sys/class/net/{interface}").exists()


def taps(bridge: str) -> list[str]:
    """Give the taps that belong to a bridge by their names, attached or not."""
    return sorted(path.name for path in Path("/sys/class/net").glob(f"{bridge}t*"))


def tap_holders(names: list[str]) -> dict[str, int]:
    """Give the process that holds each tap open."""
    holders = {}
    # Unlike pathlib's, this one does not mind processes that end meanwhile.
    for info in map(Path, glob.iglob("/proc/[0-9]*/fdinfo/*")):
        try:
            found = re.search(r"^iff:\s*(\S+)$", info.read_text(), re.MULTILINE)
        except OSError:
            continue
        if found and found[1] in names:
            holders[found[1]] = int(info.parts[2])
    return holders


def routed() -> list[ipaddress.IPv4Network]:
    """Give the subnets this computer has routes or addresses for."""
    networks = []
    for route in json.loads(run(["ip", "-j", "-4", "route", "show", "table", "all"]).stdout or "[]"):
        if route.get("type", "unicast") in ("unicast", "local") and route["dst"] != "default":
            networks.append(ipaddress.IPv4Network(route["dst"], strict=False))
    return networks


def make_bridge(bridge: str, state: Path, subnet: ipaddress.IPv4Network) -> None:
    """Make the bridge with its address and rules; what is there already is left as it is."""
    if not exists(bridge):
        run(["ip", "link", "add", bridge, "type", "bridge", "forward_delay", "0", "stp_state", "0"])
    run(["ip", "link", "set", bridge, "alias", f"{ALIAS}{state}"])
    run(["ip", "address", "replace", f"{subnet[1]}/{subnet.prefixlen}", "dev", bridge])
    run(["ip", "link", "set", bridge, "up"])
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    for rule in _rules(bridge, subnet):
        if run(["iptables", "-w", *_action(rule, "-C")], check=False).returncode != 0:
            run(["iptables", "-w", *_action(rule, "-I")])


def make_tap(tap: str, bridge: str) -> None:
    """Make a machine's tap and plug it into the bridge."""
    if not exists(tap):
        run(["ip", "tuntap", "add", tap, "mode", "tap"])
    run(["ip", "link", "set", tap, "alias", "", "master", bridge, "up"])


def cut(tap: str) -> None:
    """Pull a machine's cable: the bridge forwards nothing from or to it.

    The tap itself stays up. On one that is down the machine's writes fail, and its driver may give up for good.
    """
    run(["ip", "link", "set", tap, "alias", CUT])
    _set_port(tap, "0")


def plug(tap: str) -> None:
    """Plug a machine's cable in again."""
    run(["ip", "link", "set", tap, "alias", ""])
    _set_port(tap, "3")


def narrow(tap: str, address: str, mtu: int) -> None:
    """Bring a machine no larger packets; from an MTU of 1500 on, everything.

    The tap keeps its own MTU: where bridged packets go through iptables, the bridge cuts larger ones into pieces. A token bucket
    drops what is larger than its depth. This computer itself is told of the MTU, so that it still reaches the machine.
    """
    bridge = Path(f"/sys/class/net/{tap}/master").resolve().name
    run(["ip", "route", "replace", f"{address}/32", "dev", bridge, "mtu", str(min(mtu, 1500))])
    if mtu < 1500:
        depth = str(mtu + ETHERNET)
        run(["tc", "qdisc", "replace", "dev", tap, "root", "tbf", "rate", "10gbit", "burst", depth, "limit", "1000000"])
    else:
        run(["tc", "qdisc", "delete", "dev", tap, "root"], check=False)


def plugged(tap: str) -> bool:
    """Tell whether a machine's cable is there and plugged in."""
    try:
        return Path(f"/sys/class/net/{tap}/ifalias").read_text().strip() != CUT
    except OSError:
        return False


def _set_port(tap: str, state: str) -> None:
    # Without a machine on it the port is disabled anyway, and the kernel refuses to change that.
    if Path(f"/sys/class/net/{tap}/carrier").read_text().strip() == "1":
        run(["bridge", "link", "set", "dev", tap, "state", state])


def remove(bridge: str) -> None:
    """Remove a lab's taps, bridge and rules."""
    for tap in taps(bridge):
        run(["ip", "link", "delete", tap], check=False)
    if exists(bridge):
        run(["ip", "link", "delete", bridge], check=False)
    remove_rules(bridge)


def remove_rules(bridge: str) -> None:
    """Remove exactly the rules that carry a lab's comment."""
    for table, line in _tagged():
        if f"{COMMENT}{bridge}" in line.replace('"', " ").split():
            words = line.replace('"', "").split()
            run(["iptables", "-w", "-t", table, "-D", *words[1:]], check=False)


def tagged_bridges() -> set[str]:
    """Give the bridges that some rule's comment names."""
    found = (re.search(rf"{COMMENT}(\w+)", line) for _, line in _tagged())
    return {match[1] for match in found if match}


def _rules(bridge: str, subnet: ipaddress.IPv4Network) -> list[list[str]]:
    tag = ["-m", "comment", "--comment", f"{COMMENT}{bridge}"]
    # ACCEPT both ways: a dockerd on this computer sets the chain's policy to DROP.
    return [
        ["filter", "FORWARD", "-i", bridge, *tag, "-j", "ACCEPT"],
        ["filter", "FORWARD", "-o", bridge, *tag, "-j", "ACCEPT"],
        ["nat", "POSTROUTING", "-s", str(subnet), "!", "-o", bridge, *tag, "-j", "MASQUERADE"],
    ]


def _action(rule: list[str], action: str) -> list[str]:
    return ["-t", rule[0], action, *rule[1:]]


def _tagged() -> list[tuple[str, str]]:
    lines = []
    for table in ("filter", "nat"):
        output = run(["iptables", "-w", "-t", table, "-S"], check=False).stdout
        lines += [(table, line) for line in output.splitlines() if COMMENT in line]
    return lines

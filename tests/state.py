"""What the machines of a lab are, as plain data that is the same for two runs which did the same.

    python -m tests.state LAB            # as JSON
    python -m tests.state LAB FILE       # what differs from an earlier one

Secrets are told by hash alone, and where a host has one of the controller's, by the name that it has there.
"""

from __future__ import annotations

import difflib
import fnmatch
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lab.api import Lab, Machine

ROOT = Path(__file__).resolve().parents[1]
DOMAIN = "swarm.test"

# What differs between two runs that did the same, and what stands for it. IDs of things with a name are told by that instead.
CHANCE = (
    (re.compile(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----\n?", re.DOTALL), "PEM"),
    (re.compile(r"\bMFkwEwYHKoZIzj0[0-9A-Za-z+/]+=*"), "KEY"),  # a public one, as the swarm's authority has
    (re.compile(r"SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}"), "TOKEN"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"), "TIME"),
    (re.compile(r"(?<![0-9a-z:])[0-9a-f]{64}(?![0-9a-z])"), "ID"),
    (re.compile(r"(?<![0-9a-z])[0-9a-z]{25}(?![0-9a-z])"), "ID"),
    (
        re.compile(r"(?<=_)[0-9a-f]{12}\Z"),
        "HASH",
    ),  # at the end of a secret's name: of content that has a password in it
)

# Files whose content is by chance, or by the order of events; that they are there, with which mode and owner, is compared.
CHANCE_FILES = (
    "/etc/machine-id",
    "/etc/ssh/ssh_host_*",
    "/etc/ld.so.cache",
    "/etc/docker/key.json",  # what Engines of old called a host by
    "/etc/dockyard/swarm.json",  # IDs; the run after this one would put other ones right
    # Of what the units were started with, certificates included; that they are what the files are now is a second run's business.
    "/etc/dockyard/logging/started-collector",
    "/etc/dockyard/logging/started-sender",
    "/var/spool/rsyslog/dockyard/*.journal",  # how far the journal has been sent
    # The numbers of users go by the order in which packages are configured; the users are compared by themselves.
    *(
        f"/etc/{name}{end}"
        for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")
        for end in ("", "-")
    ),
)

INFO = (
    "Name", "ServerVersion", "Driver", "DriverStatus", "LoggingDriver", "CgroupDriver", "CgroupVersion", "DockerRootDir",
    "RegistryConfig", "HttpProxy", "HttpsProxy", "NoProxy", "Labels", "LiveRestoreEnabled", "DefaultAddressPools",
    "DefaultRuntime", "Runtimes", "Debug", "Plugins", "SecurityOptions", "Warnings", "Isolation", "IPv4Forwarding",
)  # fmt: skip


def dump(lab: Lab) -> dict[str, Any]:
    """Everything, of all machines and the controller, by what it is about."""
    machines = lab.machines
    names = [f"{machine.name}.{DOMAIN}" for machine in machines] + [machine.name for machine in machines]
    names += [f"registry.{DOMAIN}", f"logs.{DOMAIN}", f"nobody.{DOMAIN}", "gateway.lab.example"]
    names += [machine.address for machine in machines]
    with ThreadPoolExecutor(len(machines)) as pool:
        raw = dict(zip((m.name for m in machines), pool.map(lambda m: _ask(m, names), machines), strict=True))
    secrets = lab.state.directory / "secrets"
    return normal(raw, dict(_hashes(secrets)), str(lab.state.network.network_address).rpartition(".")[0]) | {
        "controller": _controller(secrets)
    }


def _ask(machine: Machine, names: list[str]) -> dict[str, Any]:
    script = (ROOT / "tests" / "host_state.py").read_text()
    done = machine.ssh("python3 - " + " ".join(names), stdin=script, timeout=300)
    if done.returncode:
        raise AssertionError(f"{machine.name} does not tell its state: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def _hashes(secrets: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(secrets.rglob("*")):
        if path.is_file():
            yield hashlib.sha256(path.read_bytes()).hexdigest(), str(path.relative_to(secrets))


def _controller(secrets: Path) -> dict[str, str]:
    """What the run made on the controller: everything's mode, never its content."""
    return {str(path.relative_to(secrets)): f"{path.stat().st_mode:06o}" for path in sorted(secrets.rglob("*"))}


def normal(raw: dict[str, dict[str, Any]], secrets: dict[str, str], subnet: str) -> dict[str, Any]:
    """What machines told, without what differs by chance."""
    names = _names(raw)
    hosts = {}
    for host, told in raw.items():
        engine = {key: value for key, value in told["engine"].items() if key != "swarm"}
        info = engine.pop("info")
        engine["info"] = {key: info[key] for key in INFO if key in info} | {"Swarm": _membership(info["Swarm"])}
        engine["networks"] = [_network(item) for item in engine["networks"]]
        # Tasks that ended are history.
        engine["containers"] = [item for item in engine["containers"] if item[0] == "running"]
        hosts[host] = {
            **{key: value for key, value in told.items() if key not in ("engine", "files", "units")},
            "units": {kind: _units(units) for kind, units in told["units"].items()},
            "files": {path: _file(path, facts, secrets) for path, facts in told["files"].items()},
            "engine": _plain(engine, names),
        }
    swarms = {host: _swarm(told["engine"]["swarm"], names) for host, told in raw.items() if "swarm" in told["engine"]}
    whole = {"hosts": hosts, "swarm": swarms}
    return json.loads(json.dumps(whole, sort_keys=True).replace(f"{subnet}.", "SUBNET."))


def _network(item: dict[str, Any]) -> dict[str, Any]:
    """Who else has an overlay network is told by name of the moment; the addresses stay the same.

    Of docker0, an Engine that finds it there tells the address, and one that makes it does not.
    """
    if item["Name"] == "bridge":
        pools = [{key: pool[key] for key in pool if key != "Gateway"} for pool in item["IPAM"]["Config"]]
        return item | {"IPAM": item["IPAM"] | {"Config": pools}}
    return item | ({"Peers": sorted(peer["IP"] for peer in item["Peers"])} if item.get("Peers") else {})


def _units(units: Any) -> Any:
    """Without those of the lab's own, one of which runs at a machine's first boot alone."""
    if isinstance(units, dict):
        return {name: value for name, value in units.items() if not name.startswith("lab-")}
    return units


def _names(raw: dict[str, dict[str, Any]]) -> dict[str, str]:
    """By ID, the name of everything in the swarm that has one."""
    names = {}
    for told in raw.values():
        names[told["engine"]["info"]["Swarm"]["NodeID"]] = f"node {told['hostname']}"
        for network in told["engine"]["networks"]:
            names[network["Id"]] = f"network {network['Name']}"
        for kind, items in told["engine"].get("swarm", {}).items():
            if kind in ("services", "secrets", "configs"):
                names.update({item["ID"]: f"{kind[:-1]} {_chance(item['Spec']['Name'])}" for item in items})
    names.pop("", None)
    return names


def _membership(swarm: dict[str, Any]) -> dict[str, Any]:
    """How a node sees itself in the swarm."""
    found = {
        key: swarm.get(key) for key in ("LocalNodeState", "ControlAvailable", "Error", "NodeAddr", "Nodes", "Managers")
    }
    return found | {"managers at": sorted(item["Addr"] for item in swarm.get("RemoteManagers") or [])}


def _swarm(swarm: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """What a manager tells of the cluster."""
    services = {item["ID"]: item["Spec"]["Name"] for item in swarm["services"]}
    nodes = {item["ID"]: item["Description"]["Hostname"] for item in swarm["nodes"]}
    settings = {key: value for key, value in swarm["swarm"].items() if key not in ("ID", "Version", "JoinTokens")}
    # Fingerprints of what was made by chance.
    if settings["Spec"].get("Labels"):
        settings["Spec"] = dict(settings["Spec"], Labels=dict.fromkeys(settings["Spec"]["Labels"], "FINGERPRINT"))
    return {
        "settings": _plain(settings, names),
        "nodes": sorted((_plain(_node(item), names) for item in swarm["nodes"]), key=lambda item: item["hostname"]),
        "services": {
            name: _plain(_service(item), names) for item in swarm["services"] if (name := item["Spec"]["Name"])
        },
        "running": sorted(
            [services.get(item["ServiceID"], "?"), nodes.get(item.get("NodeID", ""), "?"), item["Status"]["State"]]
            for item in swarm["tasks"]
            if item["DesiredState"] == "running"
        ),
        **{kind: sorted(_items(swarm[kind], names), key=json.dumps) for kind in ("secrets", "configs")},
    }


def _node(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "hostname": item["Description"]["Hostname"],
        "spec": item["Spec"],
        "engine": item["Description"]["Engine"],
        "platform": item["Description"]["Platform"],
        "status": item["Status"],
        "manager": item.get("ManagerStatus"),
    }


def _service(item: dict[str, Any]) -> dict[str, Any]:
    endpoint = item.get("Endpoint", {})
    return {"spec": item["Spec"], "ports": endpoint.get("Ports"), "addresses": endpoint.get("VirtualIPs")}


def _items(items: list[dict[str, Any]], names: dict[str, str]) -> list[Any]:
    return [_plain({key: value for key, value in item["Spec"].items() if key != "Data"}, names) for item in items]


def _file(path: str, facts: dict[str, Any], secrets: dict[str, str]) -> dict[str, Any]:
    if any(fnmatch.fnmatchcase(path, pattern) for pattern in CHANCE_FILES):
        return {key: value for key, value in facts.items() if key not in ("sha256", "text")}
    if facts.get("sha256") in secrets:
        kept = {key: value for key, value in facts.items() if key not in ("sha256", "text")}
        return kept | {"same as": secrets[facts["sha256"]]}
    return {key: value for key, value in facts.items() if not (key == "sha256" and "text" in facts)}


def _plain(value: Any, names: dict[str, str]) -> Any:
    """The same without what is by chance."""
    if isinstance(value, dict):
        return {_plain(key, names): _plain(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, names) for item in value]
    if isinstance(value, str):
        return names.get(value) or _chance(value)
    return value


def _chance(text: str) -> str:
    for pattern, word in CHANCE:
        text = pattern.sub(word, text)
    return text


def difference(wanted: object, found: object) -> str:
    """What differs, to be read: nothing where they are the same."""
    texts = [list(_lines(value)) for value in (wanted, found)]
    return "\n".join(difflib.unified_diff(*texts, "an uninterrupted run", "this one", lineterm="", n=0))


def _lines(value: object, path: str = "") -> Iterator[str]:
    """One line for each single value, with the way to it: so each line of a difference says where it is."""
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from _lines(value[key], f"{path} > {key}" if path else key)
    elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        for number, item in enumerate(value):
            yield from _lines(item, f"{path}[{number}]")
    elif isinstance(value, str) and "\n" in value:
        for line in value.splitlines():
            yield f"{path}: {line}"
    else:
        yield f"{path}: {json.dumps(value)}"


def main() -> None:
    """Print a state, or what differs from an earlier one."""
    found = dump(Lab(sys.argv[1]))
    if len(sys.argv) > 2:
        sys.stdout.write(difference(json.loads(Path(sys.argv[2]).read_text()), found) + "\n")
    else:
        sys.stdout.write(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

"""Runs on a machine by itself, with nothing but Python 3: all that the machine is, as one line of JSON.

    python3 - NAME ... < tests/host_state.py

The names are those to ask its DNS servers for.
"""

import contextlib
import glob
import grp
import hashlib
import http.client
import json
import os
import pwd
import random
import socket
import struct
import subprocess
import sys

# Whole trees: what an interrupted run leaves beside the files that it was to write counts, too.
TREES = ("/etc", "/usr/local", "/var/spool/rsyslog", "/var/lib/rsyslog")
# These alone: what is inside grows with whatever the machine does.
PLACES = (
    *("/var/log/swarm", "/var/log/swarm/*", "/var/lib/docker", "/var/cache/dockyard*"),
    "/var/lib/dpkg/updates/[0-9]*",  # what dpkg has not written to its database; beside it, it leaves a scratch file
)
SHOWN = ("docker", "dockyard", "dnsmasq", "rsyslog", "resolv", "chrony")  # files that a difference is read in
RUNTIME = ("/run/systemd/system/*", "/run/systemd/system/*/*")  # of this boot alone: masks, for example


def run(*words):
    """What a command prints, line by line."""
    return subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()


def file_facts(path):
    """Kind, mode and owner; the hash of a file, and its text where it is short, no secret, and concerns the swarm."""
    facts = os.lstat(path)
    found = {
        "mode": "%06o" % facts.st_mode,
        "owner": "%s:%s" % (pwd.getpwuid(facts.st_uid).pw_name, grp.getgrgid(facts.st_gid).gr_name),
    }
    if os.path.islink(path):
        found["link"] = os.readlink(path)
    elif os.path.isfile(path):
        with open(path, "rb") as handle:
            data = handle.read()
        found["sha256"] = hashlib.sha256(data).hexdigest()
        if facts.st_mode & 0o004 and len(data) < 1 << 14 and any(word in path for word in SHOWN):
            found["text"] = data.decode("utf-8", "replace")
    return found


def files():
    """All files and folders of the trees, and the places."""
    paths = [path for pattern in PLACES for path in glob.glob(pattern)]
    paths += [path for pattern in RUNTIME for path in glob.glob(pattern) if not os.path.isdir(path)]
    for tree in TREES:
        for folder, folders, names in os.walk(tree):
            paths += [os.path.join(folder, name) for name in folders + names]
    return {path: file_facts(path) for path in paths}


def units():
    """How each unit starts at boot; which of those that do anything run, and which failed."""
    rows = [line.split() for line in run("systemctl", "list-unit-files", "--no-legend", "--plain", "--no-pager")]
    states = {row[0]: row[1] for row in rows if row[0].endswith((".service", ".socket", ".timer"))}
    kinds = ("--type=service,socket", "--all", "--no-legend", "--plain", "--no-pager", "--full")
    rows = [line.split() for line in run("systemctl", "list-units", *kinds)]
    shown = "\n".join(run("systemctl", "show", "--property=Id", "--property=NeedDaemonReload", "*.service", "*.socket"))
    blocks = [dict(line.split("=", 1) for line in block.splitlines()) for block in shown.split("\n\n")]
    return {
        "at boot": states,
        "now": {row[0]: row[2] + " " + row[3] for row in rows if row[2] != "inactive"},
        "not read": sorted(block["Id"] for block in blocks if block.get("NeedDaemonReload") == "yes"),
    }


def accounts():
    """Users and groups; their numbers go by the order in which packages come."""
    return {
        "users": {item.pw_name: [item.pw_dir, item.pw_shell] for item in pwd.getpwall()},
        "groups": {item.gr_name: sorted(item.gr_mem) for item in grp.getgrall()},
    }


def packages():
    """Every package with its version and how far it is installed; which came with others, and which are held."""
    rows = run("dpkg-query", "--show", "--showformat=${Package}:${Architecture} ${Version} ${db:Status-Status}\n")
    return {
        "installed": dict(row.split(" ", 1) for row in rows),
        "automatic": sorted(run("apt-mark", "showauto")),
        "held": sorted(run("apt-mark", "showhold")),
        "audit": run("dpkg", "--audit"),
    }


def kernel():
    """Parameters that the collection sets, and whether its modules are there."""
    keys = [row.split("=")[0].strip() for row in rows_of("/etc/sysctl.d/*dockyard*")]
    values = {}
    for key in keys:
        with contextlib.suppress(OSError), open("/proc/sys/" + key.replace(".", "/")) as handle:
            values[key] = handle.read().split()
    loaded = {row.split()[0] for row in rows_of("/proc/modules")}
    return {"sysctls": values, "modules": {row: row in loaded for row in rows_of("/etc/modules-load.d/*dockyard*")}}


def rows_of(pattern):
    """The lines of files, without comments."""
    rows = []
    for path in glob.glob(pattern):
        with open(path) as handle:
            rows += [line.strip() for line in handle if line.strip() and not line.startswith("#")]
    return rows


def names(wanted):
    """What each of the machine's DNS servers answers, by name: addresses, or the name of an address."""
    servers = [row.split()[1] for row in rows_of("/etc/resolv.conf") if row.startswith("nameserver")]
    return {"servers": servers, "answers": {name: {server: ask(server, name) for server in servers} for name in wanted}}


def ask(server, name):
    """Ask one server for one name, or for that of an address; a list, or what went wrong."""
    reverse = name.replace(".", "").isdigit()
    full = ".".join(reversed(name.split("."))) + ".in-addr.arpa" if reverse else name
    number = random.randrange(1 << 16)
    question = b"".join(bytes([len(label)]) + label.encode() for label in full.split(".")) + b"\0"
    query = struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + question + struct.pack("!2H", 12 if reverse else 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        try:
            sock.connect((server, 53))
            sock.send(query)
            data = sock.recv(4096)
        except OSError as exc:
            return str(exc)
    code, answers = data[3] & 15, struct.unpack("!H", data[6:8])[0]
    if code:
        return "code %d" % code
    offset, found = 12 + len(question) + 4, []
    for _index in range(answers):
        offset = read_name(data, offset)[1]
        kind, _class, _ttl, size = struct.unpack("!2HIH", data[offset : offset + 10])
        offset += 10
        if kind == 1:
            found.append(socket.inet_ntoa(data[offset : offset + size]))
        elif kind in (5, 12):
            found.append(read_name(data, offset)[0])
        offset += size
    return sorted(found)


def read_name(data, offset):
    """The name at a place of an answer, and where it ends."""
    labels = []
    while data[offset]:
        if data[offset] >= 0xC0:
            target = struct.unpack("!H", data[offset : offset + 2])[0] & 0x3FFF
            return ".".join(labels + [read_name(data, target)[0]]), offset + 2
        labels.append(data[offset + 1 : offset + 1 + data[offset]].decode())
        offset += data[offset] + 1
    return ".".join(labels), offset + 1


class Local(http.client.HTTPConnection):
    """The Engine's socket."""

    def connect(self):
        """Reach it."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect("/run/docker.sock")


def get(path):
    """What the Engine answers."""
    connection = Local("localhost")
    connection.request("GET", path)
    answer = connection.getresponse()
    data = json.loads(answer.read())
    if answer.status != 200:
        raise RuntimeError("%s: %s" % (path, data))
    return data


def engine():
    """The Engine, and on a manager the whole swarm."""
    info = get("/info")
    swarm = info["Swarm"]
    volumes = get("/volumes")["Volumes"] or []
    found = {
        "info": info,
        "images": {tag: image["Id"] for image in get("/images/json") for tag in image["RepoTags"] or [image["Id"]]},
        "networks": sorted(get("/networks"), key=lambda item: item["Name"]),
        "volumes": sorted(volumes, key=lambda item: item["Name"]),
        "containers": sorted(
            [item["State"], item["Labels"].get("com.docker.swarm.service.name", item["Names"][0])]
            for item in get("/containers/json?all=1")
        ),
    }
    if swarm.get("ControlAvailable"):
        found["swarm"] = {
            name: get("/" + name) for name in ("swarm", "nodes", "services", "tasks", "secrets", "configs")
        }
    return found


if __name__ == "__main__":
    state = {
        "hostname": socket.gethostname(),
        "files": files(),
        "units": units(),
        "accounts": accounts(),
        "packages": packages(),
        "kernel": kernel(),
        "names": names(sys.argv[1:]),
        "engine": engine(),
    }
    sys.stdout.write(json.dumps(state) + "\n")

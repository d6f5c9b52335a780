#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_facts
short_description: Read everything that the roles decide on, in one call
version_added: 0.1.0
description:
  - Reads a host and its Engine in one round trip, so that whole roles can be planned, and skipped, without another one.
  - Changes nothing, needs nothing but Python 3 on the host, and works before the Engine is installed.
  - Never returns a join token, an unlock key or the content of a secret.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  packages:
    description: Packages whose installed versions are read, in addition to those that the roles need on some distribution.
    type: list
    elements: str
    default: []
  install:
    description:
      - Packages that may be installed. Of those that are not, the package manager is asked which others it would remove for them;
        where all of them are installed, that costs nothing. C(chrony) counts only where nothing keeps the clock right.
    type: list
    elements: str
    default: []
  candidates:
    description:
      - Packages for which to read the versions that the host's package lists offer. This starts the package manager, which takes
        time.
    type: list
    elements: str
    default: []
  repository:
    description: A package repository whose state is read.
    type: dict
    suboptions:
      name:
        description: The name of its files, see M(dockyard.swarm.package_source).
        type: str
        required: true
      uris:
        description: Its present and former addresses. C({id}) stands for the distribution's ID.
        type: list
        elements: str
        required: true
  sysctls:
    description: Kernel parameters to read, for example V(net.ipv4.ip_forward).
    type: list
    elements: str
    default: []
  kernel_modules:
    description: Kernel modules whose presence is read.
    type: list
    elements: str
    default: []
  units:
    description: systemd units to read besides those of the Engine, DNS, logging, time, and firewall.
    type: list
    elements: str
    default: []
  files:
    description: Paths or globs to read hash, mode, and owner of, besides the files that the collection owns.
    type: list
    elements: str
    default: []
  expects:
    description:
      - What the roles want of this host where it may have something else already, see P(dockyard.swarm.contributions#lookup).
        It is returned as it is, for the plan that compares the two.
    type: dict
    default: {}
  data:
    description:
      - Where the Engine's data is wanted, with options of M(dockyard.swarm.engine_data), to read what a move needs to know.
      - Sizes are measured only where data has to be moved.
    type: dict
    default: {}
    suboptions:
      data_root:
        description: Where Docker's data is wanted.
        type: path
      containerd_root:
        description: Where containerd's data is wanted.
        type: path
      link:
        description: Whether the default paths are to be links.
        type: bool
      keep_old:
        description: Whether old copies stay.
        type: bool
      network_fs:
        description: Whether a network file system is allowed.
        type: bool
  volumes:
    description: Volumes whose presence is read.
    type: list
    elements: str
    default: []
  ports:
    description: TCP ports of which to read whether a program listens on them.
    type: list
    elements: int
    default: []
extends_documentation_fragment:
  - dockyard.swarm.attributes
  - dockyard.swarm.attributes.facts
"""

EXAMPLES = r"""
- name: Read the host
  dockyard.swarm.node_facts:
    packages: [docker.io, rsyslog]
    sysctls: [net.ipv4.ip_forward]
  register: node

- name: Show the swarm's state
  ansible.builtin.debug:
    var: node.swarm.state
"""

RETURN = r"""
expects:
  description: What O(expects) has.
  returned: always
  type: dict
os:
  description:
    - Distribution and kernel, with the keys C(id), C(version), C(codename), C(name), C(family) (V(Debian), V(RedHat) or
      V(unknown)), C(arch), C(kernel) and C(python).
  returned: always
  type: dict
  sample: {id: debian, version: "13", codename: trixie, family: Debian, arch: x86_64, kernel: 6.12.0, python: 3.13.5}
machine:
  description: Host name, machine ID, memory in MiB and clock in seconds since the epoch.
  returned: always
  type: dict
  sample: {hostname: node1, machine_id: 0f3c, memory_mib: 2048, time: 1790000000.5}
addresses:
  description: IPv4 addresses, each with its interface, prefix length, MTU, and kind (loopback, bridge, virtual, physical).
  returned: always
  type: list
  elements: dict
  sample: [{interface: eth0, address: 192.0.2.11, prefix: 24, kind: physical}]
routes:
  description: IPv4 routes, each with destination in CIDR notation, interface and gateway or null.
  returned: always
  type: list
  elements: dict
  sample: [{destination: 0.0.0.0/0, interface: eth0, gateway: 192.0.2.1}]
packages:
  description: Installed version of each named package that is installed.
  returned: always
  type: dict
  sample: {docker.io: 26.1.5+dfsg1-9}
holds:
  description: Those of these packages, installed or not, that are held, so that upgrades skip them.
  returned: always
  type: list
  elements: str
  sample: [docker.io]
replaced:
  description:
    - Of the packages in O(install) that are not installed, the packages that the package manager would remove for each. A package
      that its lists do not have is left out.
  returned: always
  type: dict
  sample: {chrony: [ntpsec]}
candidates:
  description:
    - The versions that the host's package lists offer, by package, with the one that the package manager would choose first.
      Only for those in O(candidates).
  returned: always
  type: dict
  sample: {docker-ce: ["5:28.5.2-1~debian.13~trixie"]}
repository:
  description:
    - Of O(repository), the SHA-256 of its entry (C(entry)) and the fingerprint of its key (C(key)), each null if there is
      none, and the other files with an active entry for it (C(named_in)). Null without the option.
  returned: always
  type: dict
  sample: {entry: 5f1c, key: 9DC858229FC7DD38854AE2D88D81803C0EBFCD88, named_in: []}
selinux:
  description: Whether SELinux is V(enforcing), V(permissive) or V(disabled).
  returned: always
  type: str
  sample: enforcing
files:
  description: SHA-256, mode, user ID, group ID and link target of each file found, by path.
  returned: always
  type: dict
units:
  description:
    - The state of each unit that exists in systemd, by name, with the keys C(active), C(sub), C(enabled), C(masked),
      C(coming) (whether systemd still has a job for it after a minute), C(needs_daemon_reload), C(path),
      C(drop_ins) and C(argv).
  returned: always
  type: dict
sysctls:
  description: Value of each named kernel parameter, null if the kernel does not have it.
  returned: always
  type: dict
sysctl_lines:
  description:
    - The line of a file that sets each named kernel parameter when the host boots, with the keys C(path), C(line), C(name) and
      C(value); those that no file sets are left out.
  returned: always
  type: dict
  sample: {net.ipv4.ip_forward: {path: /etc/sysctl.d/zz-local.conf, line: 3, name: net/ipv4/ip_forward, value: "0"}}
journald_lines:
  description: Lines of drop-ins of journald that count after that of role swarm_logging, and set what it sets.
  returned: always
  type: list
  elements: dict
kernel_modules:
  description: Whether each named kernel module is loaded or built in, null if the kernel does not have it.
  returned: always
  type: dict
dns:
  description:
    - The name servers in use (C(resolvers)) and the addresses on which port 53 is in use (C(port_53)); V(::) is one that
      takes IPv4 addresses, too.
    - Whether C(/etc/resolv.conf) exists, is immutable, or is a link to nothing, and the program that says in it that it writes
      it (C(resolv_conf)).
    - Lines of dnsmasq's files, other than the collection's own, that may stand in its way (C(dnsmasq)), and what dnsmasq says
      of its files where it does not accept them (C(dnsmasq_error)).
  returned: always
  type: dict
  sample: {resolvers: [192.0.2.1], port_53: [127.0.0.53]}
listeners:
  description:
    - Sockets of other programs on port 53, where dnsmasq does not run, and on the ports of the swarm, where the node is in
      none, with the keys C(protocol), C(port), C(address), C(process) and C(pid).
  returned: always
  type: list
  elements: dict
  sample: [{protocol: tcp, port: 2377, address: 0.0.0.0, process: nc, pid: 4711}]
time_sync:
  description: The unit that synchronises the clock, or null.
  returned: always
  type: str
  sample: chrony.service
firewall:
  description:
    - C(unit), the unit of the running firewall or null, and C(rules), the connections that it allows, in the form of
      M(dockyard.swarm.firewall). C(# dockyard) at the end of a rule marks one of the collection.
    - C(table) is whether the collection's own rules for nftables are active as they were loaded, null if there are none.
      C(flushes) is whether a reload of firewalld removes the Engine's rules. C(zones) are the interfaces and sources that are in
      another zone of firewalld than the default one.
    - Rules are read for ufw, for the collection's own table, and for the permanent default zone of firewalld. A rule that allows
      something after a rule that denies it, or only for one interface or target address, is left out.
  returned: always
  type: dict
  sample: {unit: ufw.service, rules: ["tcp 22 from any", "tcp 2377 from 192.0.2.12 # dockyard"], table: null, flushes: false}
mesh:
  description:
    - Whether the Engine's chain exists (C(engine)), and which published ports lack their rules of the routing mesh (C(lost)).
    - Null where no other program removes the Engine's rules of iptables, which is the case without firewalld and with rules that
      are not part of nftables.
  returned: always
  type: dict
  sample: {engine: true, lost: [tcp 8080]}
daemon:
  description:
    - The Engine's configuration file with the keys C(exists), C(options) (its content), C(error) (what no Engine accepts of it,
      with line and column), C(since) and C(until) (what only Engines from 23.0 on, or before, accept) and C(interrupted)
      (whether a change of it was interrupted).
    - The flags that dockerd gets from variables of its unit (C(flags)), and the unit's variables for proxies (C(proxies)), each
      with C(path) and C(line). The proxy itself, which may have a password, is not told.
  returned: always
  type: dict
data:
  description:
    - Where the data of C(docker) and of C(containerd) is (C(place)), copies of earlier moves (C(kept)), an interrupted move
      (C(move)), and for places that are C(wanted) the state of the target (C(targets)).
  returned: always
  type: dict
volumes:
  description: Those of O(volumes) that the host has.
  returned: always
  type: list
  elements: str
  sample: [registry_data]
listening:
  description:
    - The local addresses on which a program listens, by port, of O(ports). The Engine's own sockets for the routing mesh are left
      out.
  returned: always
  type: dict
  sample: {"5000": [0.0.0.0, "::"]}
engine:
  description: Whether the Engine runs, its version, API version, main settings (C(info)), whether it asks registries by a proxy
    (C(proxy), with the exceptions, C(except); null without one), images by reference, and config-only networks (C(configs)).
  returned: always
  type: dict
swarm:
  description:
    - The node's view of its swarm with the keys C(state) (the Engine's, or V(stopped) for a member whose Engine
      does not run), C(error), C(node_id), C(node_addr), C(manager),
      C(cluster_id), C(managers) and C(quorum).
    - Waits up to a minute until a node that has just started finds its managers, and another one until they elect a leader.
    - On a manager with a quorum also C(settings), C(spec), C(nodes), C(networks) (each with the C(services) that use it and, on
      the leader, its addresses in use, C(taken)), C(detached) (services that an interrupted replacement of a network has
      disconnected), the names of the C(services), C(secrets) and C(configs) that the collection created (services with their
      specs), how many of their C(tasks) run, and what others created (C(foreign); services with the TCP ports that they publish).
      specs), and how many of their C(tasks) run.
    - C(recorded) is which node of which swarm the host was seen as, and C(marked) whether its Engine has the data of then.
      C(elsewhere) are folders with a swarm's state that the Engine does not use; C(root) is the one that it uses.
    - There also C(unlock_key), the first 16 hexadecimal digits of the SHA-256 of the key that unlocks managers, or null if
      autolock is off; never the key.
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.atomic_files import read_text
from ..module_utils._core.file_facts import read_files
from ..module_utils._core.os_release import read_os
from ..module_utils._core.systemd import RUNNING, settled_units
from ..module_utils._dns.found_files import read_dnsmasq, read_resolver_file
from ..module_utils._engine import unit_environment
from ..module_utils._engine.daemon_file import PREVIOUS, read_daemon_json
from ..module_utils._engine.data_facts import read_data
from ..module_utils._facts import host
from ..module_utils._facts.engine import read_engine
from ..module_utils._facts.placement import listening, read_volumes
from ..module_utils._facts.swarm import read_swarm, stopped
from ..module_utils._host import routing_mesh
from ..module_utils._host.firewall_facts import read_firewall
from ..module_utils._host.interfaces import read_addresses, read_resolvers, read_routes
from ..module_utils._host.sysctl_apply import read_lines, read_values
from ..module_utils._logs import journal_lines
from ..module_utils._swarm.membership_files import read_membership


def read(
    packages, install, candidates, repository, sysctls, kernel_modules, units, files, expects, data, volumes, ports
):
    """All facts of this host as one dict."""
    system = read_os()
    found = host.read_packages(set(host.PACKAGES).union(packages), system["family"])
    unit_facts = settled_units(list(host.UNITS) + [name for name in units if name not in host.UNITS])
    time_sync = host.first_active(host.TIME_SYNC, unit_facts)
    daemon = read_daemon_json()
    docker = unit_facts.get("docker.service")
    environment = unit_environment.read(docker)
    engine, local = read_engine((docker or {}).get("active") in RUNNING)
    places = read_data(daemon, _with_variables(unit_facts, environment), engine, data)
    firewall = read_firewall(unit_facts)
    swarm = read_swarm(local if engine["running"] else stopped(places))
    addresses = read_addresses()
    sockets = host.read_sockets(ports)
    listeners = host.foreign_listeners(sockets, swarm["state"])
    dnsmasq, dnsmasq_error = read_dnsmasq()
    return {
        "expects": expects,
        "os": system,
        "machine": host.read_machine(),
        "addresses": addresses,
        "routes": read_routes(),
        "packages": found["versions"],
        "holds": found["holds"],
        "replaced": host.read_replaced(
            [name for name in install if name not in found["versions"]], system["family"], time_sync
        ),
        "candidates": host.read_candidates(candidates, system["family"]),
        "repository": host.read_repository(repository, system),
        "selinux": host.read_selinux(),
        "files": read_files(list(host.FILES) + list(files)),
        "units": unit_facts,
        "sysctls": read_values(sysctls),
        "sysctl_lines": read_lines(sysctls),
        "journald_lines": journal_lines.read_lines(),
        "kernel_modules": host.read_modules(kernel_modules),
        "dns": {
            "resolvers": read_resolvers(),
            "port_53": sorted({item["address"] for item in listeners if item["port"] == 53}),
            "resolv_conf": read_resolver_file(),
            "dnsmasq": dnsmasq,
            "dnsmasq_error": dnsmasq_error,
        },
        "listeners": host.in_the_way(listeners, unit_facts, addresses),
        "time_sync": time_sync,
        "firewall": firewall,
        "mesh": _read_mesh(firewall["unit"], daemon["options"]) if engine["running"] else None,
        "daemon": dict(
            daemon,
            interrupted=read_text(PREVIOUS) is not None,
            flags=unit_environment.flags(docker["argv"], environment) if docker else [],
            proxies=unit_environment.proxies(environment),
        ),
        "data": places,
        "volumes": read_volumes(volumes, places["docker"]["place"]),
        "listening": listening(sockets, ports),
        "engine": engine,
        "swarm": dict(swarm, **_read_membership(daemon, engine, places)),
    }


def _read_membership(daemon, engine, places):
    """What is recorded of the swarm that the host was in; during a move of the data, no place is another than it should be."""
    docker = places["docker"]
    others = {docker["default"]["path"], docker["root"], str(daemon["options"].get("data-root") or docker["root"])}
    return read_membership(engine["info"].get("data_root") or docker["root"], () if places["move"] else others)


def _with_variables(units, environment):
    """The units, with the flags that docker.service has from variables in its command line."""
    docker = units.get("docker.service")
    if not docker or not environment:
        return units
    return dict(units, **{"docker.service": dict(docker, argv=unit_environment.expanded(docker["argv"], environment))})


def _read_mesh(firewall, options):
    """Whether the rules of published ports are in place, if the Engine uses iptables."""
    own = options.get("iptables", True) and options.get("firewall-backend") in (None, "iptables")
    return routing_mesh.read(firewall == "firewalld.service") if own else None


def main():
    names = dict(type="list", elements="str", default=[])
    data = dict(
        data_root=dict(type="path"),
        containerd_root=dict(type="path"),
        link=dict(type="bool"),
        keep_old=dict(type="bool"),
        network_fs=dict(type="bool"),
    )
    module = AnsibleModule(
        argument_spec=dict(
            packages=names,
            install=names,
            candidates=names,
            repository=dict(
                type="dict",
                options=dict(
                    name=dict(type="str", required=True), uris=dict(type="list", elements="str", required=True)
                ),
            ),
            sysctls=names,
            kernel_modules=names,
            units=names,
            files=names,
            expects=dict(type="dict", default={}),
            data=dict(type="dict", default={}, options=data),
            volumes=names,
            ports=dict(type="list", elements="int", default=[]),
        ),
        supports_check_mode=True,
    )
    module.exit_json(changed=False, **read(**module.params))


if __name__ == "__main__":
    main()

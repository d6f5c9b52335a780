#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dnsmasq
short_description: Serve DNS records and forward other names with dnsmasq
version_added: 0.1.0
description:
  - Writes one configuration file and one hosts file for dnsmasq, and sees to it that the server runs with them.
  - A and AAAA records are in the hosts file. A change of them alone is a reload, which loses no query; every other
    change is a restart.
  - C(dnsmasq --test) has to pass before a new configuration is put in place. Where the server does not start with it
    or does not answer as planned, the old files are put back and it is started with them again.
  - A run that was cut short is made up for by the next one.
  - dnsmasq itself must be installed. In check mode it need not be.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  records:
    description:
      - The records to serve. Several of the same name and type are fine; the order of several addresses changes from
        answer to answer.
      - An address gets its PTR record by itself, for the first name that has it. A PTR record given here goes before.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name. One without dots is expanded in O(domain), and so is V(_sip._tcp). V(@) is the domain itself.
          - For a PTR record the address, or its name below C(in-addr.arpa) or C(ip6.arpa).
        type: str
        required: true
      type:
        description: One of V(A), V(AAAA), V(CNAME), V(PTR), V(SRV), V(TXT) and V(MX).
        type: str
        required: true
      value:
        description:
          - The address, the text, or the name of the target, which is expanded like O(records[].name).
          - The target of a CNAME must be among the records, since dnsmasq follows it only to names of its own.
        type: str
        required: true
      priority:
        description: Priority of an SRV or preference of an MX record, V(0) if left out. The lowest is tried first.
        type: int
      weight:
        description: Weight of an SRV record among those of the same priority, V(0) if left out.
        type: int
      port:
        description: Port of an SRV record, which needs one.
        type: int
      ttl:
        description: Seconds that a CNAME record may be cached. Other records may not be cached at all.
        type: int
  domain:
    description: The local domain. Names in it are answered from the records alone and never asked for upstream.
    type: str
    default: ""
  upstreams:
    description: Servers that are asked for all other names, each as C(ADDRESS) or C(ADDRESS#PORT).
    type: list
    elements: str
    default: []
  upstreams_file:
    description:
      - A file in the form of C(resolv.conf) whose name servers are asked where O(upstreams) is empty.
      - Without both, only own names are answered.
    type: path
  forwarders:
    description: Servers for the names of one domain, as a dictionary from domain to a list of servers.
    type: dict
    default: {}
  listen_addresses:
    description: Addresses to answer on, besides V(127.0.0.1).
    type: list
    elements: str
    default: []
  cache_size:
    description: How many names are kept in the cache.
    type: int
    default: 1000
  bind:
    description:
      - How addresses are bound. V(dynamic) also gets one that comes up later.
      - V(interfaces) where the distribution's own configuration already says so, since dnsmasq takes only one of both.
    type: str
    choices: [dynamic, interfaces]
    default: dynamic
  extra:
    description: Further lines for the configuration file, as dnsmasq understands them.
    type: list
    elements: str
    default: []
  conf_path:
    description: The configuration file.
    type: path
    default: /etc/dnsmasq.d/dockyard.conf
  hosts_path:
    description: The hosts file.
    type: path
    default: /etc/dockyard/dnsmasq.hosts
  service:
    description: The systemd unit of the server. It is enabled and started.
    type: str
    default: dnsmasq
  timeout:
    description: Seconds within which the server must answer after a start or a reload.
    type: int
    default: 15
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Serve a domain and forward everything else
  dockyard.swarm.dnsmasq:
    domain: swarm.internal
    listen_addresses: [192.0.2.11]
    upstreams: [198.51.100.1, 198.51.100.2#5353]
    forwarders:
      corp.example: [203.0.113.53]
    records:
      - {name: web, type: A, value: 192.0.2.21}
      - {name: web, type: A, value: 192.0.2.22}
      - {name: www, type: CNAME, value: web}
      - {name: _sip._tcp, type: SRV, value: web, port: 5060, priority: 10}
      - {name: "@", type: MX, value: web, priority: 10}
      - {name: "@", type: TXT, value: "v=spf1 -all"}
      - {name: 192.0.2.99, type: PTR, value: printer}
"""

RETURN = r"""
plan:
  description:
    - What was done, or in check mode what would be done, one item for each record or option that differs, and one for
      the unit (V(start), V(restart) or V(reload)) where it has to be told.
  returned: success
  type: list
  elements: dict
  sample:
    - do: add
      to: "/etc/dockyard/dnsmasq.hosts: A web.swarm.internal"
      why: is missing
      before: null
      after: 192.0.2.21
    - {do: reload, to: dnsmasq.service, why: dnsmasq reads addresses again on SIGHUP, before: active, after: reload}
rolled_back:
  description: Whether the old files are back and the server runs as it did before.
  returned: when the server did not start with its new files or did not answer as planned
  type: bool
journal:
  description: The unit's last log lines.
  returned: when the server did not start with its new files or did not answer as planned
  type: str
"""

import json
import os
import socket
import subprocess

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.atomic_files import read_text, remove, write_text
from ..module_utils._core.file_facts import read_files
from ..module_utils._core.plan import ApplyError, run
from ..module_utils._core.systemd import act, journal_tail, read_units, systemctl
from ..module_utils._core.wait import wait_for
from ..module_utils._dns import dnsmasq, dnsmasq_files, query


class Server:
    """The server of this host: reads its state, applies a plan."""

    def __init__(self, params):
        self.settings = dnsmasq.settings_of(params)
        self.unit = params["service"] if params["service"].endswith(".service") else params["service"] + ".service"
        self.timeout = params["timeout"]
        self.paths = {"conf": self.settings["conf_path"], "hosts": self.settings["hosts_path"]}
        self.pending = self.settings["hosts_path"] + dnsmasq.PENDING

    def read(self):
        found = read_files(list(self.paths.values()))
        state = {kind: found.get(path) for kind, path in self.paths.items()}
        for kind, path in self.paths.items():
            if state[kind]:
                state[kind]["text"] = read_text(path)
        previous = self._read_pending()
        return dict(
            state,
            unit=read_units([self.unit]).get(self.unit),
            service=self.unit,
            previous=previous,
            pending=previous["action"] if previous else None,
        )

    def _read_pending(self):
        text = read_text(self.pending)
        if text is None:
            return None
        try:
            found = json.loads(text)
            return {"action": found["action"], "conf": found["conf"], "hosts": found["hosts"]}
        except (ValueError, KeyError, TypeError):
            return {"action": "restart", "conf": None, "hosts": None}

    def plan(self, state):
        return dnsmasq.make_plan(self.settings, state)

    def apply(self, plan, state):
        if not state["unit"]:
            raise ApplyError(
                "service: there is no unit %s, nothing was changed; install dnsmasq first" % self.unit, rolled_back=True
            )
        wanted = {
            "conf": dnsmasq_files.render_conf(self.settings),
            "hosts": dnsmasq_files.render_hosts(self.settings),
        }
        now = {kind: (state[kind] or {}).get("text") for kind in self.paths}
        if wanted["conf"] != now["conf"]:
            self._test(wanted["conf"])
        told = plan[-1]["do"] if plan[-1]["do"] in ("start", "restart", "reload") else None
        # What an interrupted run kept is what the server last ran with; what it left in place is not.
        previous = dict(state["previous"] or now)
        if told:
            previous["action"] = "reload" if told == "reload" else "restart"
            write_text(self.pending, json.dumps(previous, sort_keys=True), mode=0o600)
        self._write(wanted, now)
        if any(item["do"] == "enable" for item in plan):
            act("enable", self.unit)
        if told:
            trouble = self._tell(told, previous["hosts"])
            if trouble:
                self._roll_back(previous, trouble, state["unit"]["active"] == "active")
            remove(self.pending)

    def _test(self, text):
        """Let dnsmasq read a new configuration before it is put in place."""
        # Files whose names start with a dot are none of dnsmasq's, so that the candidate may lie beside the real one.
        folder, name = os.path.split(self.paths["conf"])
        candidate = os.path.join(folder, ".%s.candidate" % name)
        write_text(candidate, text)
        try:
            done = subprocess.run(
                ["dnsmasq", "--test", "--conf-file=" + candidate],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
                env=dict(os.environ, LC_ALL="C", PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"),
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as exc:
            raise ApplyError("the new configuration cannot be tested, nothing was changed: %s" % exc) from exc
        finally:
            remove(candidate)
        if done.returncode:
            said = dnsmasq_files.explain(done.stdout.decode("utf-8", "replace"), candidate, text)
            raise ApplyError("dnsmasq refuses the new configuration, nothing was changed: %s" % said)

    def _write(self, wanted, now):
        for kind, path in self.paths.items():
            if wanted[kind] is None:
                remove(path)
                continue
            if wanted[kind] != now[kind]:
                write_text(path, wanted[kind])
            os.chmod(path, int(dnsmasq.MODE, 8))
            os.chown(path, 0, 0)

    def _tell(self, told, old_hosts):
        """Start, restart or reload the server and see it answer; returns what went wrong, or None."""
        if told == "reload":
            # Not ``reload``: some distributions' units do not know it.
            code, said = systemctl("kill", "--signal=HUP", "--kill-who=main", self.unit)
        else:
            # After a few failed starts systemd refuses to try again, also with a file that is right.
            systemctl("reset-failed", self.unit)
            code, said = systemctl("restart", self.unit)
        if code:
            return said.strip().partition("\n")[0].rstrip(".")
        for address in self.settings["listen_addresses"] or ["127.0.0.1"]:
            for name, kind, present, absent in query.probes(self.settings, old_hosts):
                if not wait_for(lambda ask=(address, name, kind, present, absent): self._answers(*ask), self.timeout):
                    return (
                        "within %d s it did not answer as planned on %s when asked for %s %s; is that an address of "
                        "this host, and nothing else on its port 53?" % (self.timeout, address, kind, name)
                    )
        return None

    def _answers(self, address, name, kind, present, absent):
        number = int.from_bytes(os.urandom(2), "big")
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(1)
            try:
                sock.connect((address, 53))
                sock.send(query.encode_query(number, name, kind))
                answer = query.decode_answer(sock.recv(4096))
            except OSError:
                return False
        return bool(answer) and answer["number"] == number and query.satisfied(answer, present, absent)

    def _roll_back(self, previous, trouble, ran):
        said = journal_tail(self.unit)
        self._write({kind: previous[kind] for kind in self.paths}, dict.fromkeys(self.paths))
        systemctl("reset-failed", self.unit)
        code, output = systemctl("restart" if ran else "stop", self.unit)
        if code == 0:
            remove(self.pending)
            left = "the old files are back and it %s" % ("runs with them" if ran else "is stopped, as it was")
        else:
            left = "the old files are back, yet it does not start with them either: %s" % output.strip()
        raise ApplyError(
            "dnsmasq did not take its new files: %s; %s" % (trouble, left), journal=said, rolled_back=code == 0
        )


def main():
    strings = dict(type="list", elements="str", default=[])
    module = AnsibleModule(
        argument_spec=dict(
            records=dict(
                type="list",
                elements="dict",
                default=[],
                options=dict(
                    name=dict(type="str", required=True),
                    type=dict(type="str", required=True),
                    value=dict(type="str", required=True),
                    priority=dict(type="int"),
                    weight=dict(type="int"),
                    port=dict(type="int"),
                    ttl=dict(type="int"),
                ),
            ),
            domain=dict(type="str", default=""),
            upstreams=strings,
            upstreams_file=dict(type="path"),
            forwarders=dict(type="dict", default={}),
            listen_addresses=strings,
            cache_size=dict(type="int", default=1000),
            bind=dict(type="str", choices=["dynamic", "interfaces"], default="dynamic"),
            extra=strings,
            conf_path=dict(type="path", default=dnsmasq.CONF_PATH),
            hosts_path=dict(type="path", default=dnsmasq.HOSTS_PATH),
            service=dict(type="str", default="dnsmasq"),
            timeout=dict(type="int", default=15),
        ),
        supports_check_mode=True,
    )
    server = Server(module.params)
    run(module, "dnsmasq", server.read, server.plan, server.apply)


if __name__ == "__main__":
    main()

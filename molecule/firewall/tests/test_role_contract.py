"""A role of a user's own says what it needs of the others, and a play that lists it is all that has to know of it."""

from __future__ import annotations

import json

from tests.cluster import end, flat
from tests.support import module, output

PLAY = "contract"
UNIT = "dockyard-lighthouse.service"
OUTSIDER = "node3"


def test_it_gets_all_that_it_needs(cluster):
    cluster.arrange(
        managers=["node1"],
        workers=["node2"],
        swarm_host_firewall_backend="nftables",
        lighthouse_host="node2",
    )
    run = cluster.done(name=PLAY)
    assert "A lighthouse.swarm.test: is missing" in flat(run), end(run)
    again = cluster.done(name=PLAY)
    assert not again.changed, end(again)


def test_package_unit_and_file_are_there_and_read(cluster):
    for name in ("node1", "node2"):
        assert cluster.hosts[name].package("tree").is_installed
    assert cluster.hosts["node2"].service(UNIT).is_running
    facts = module("node_facts", "node2", units=[UNIT], files=["/srv/lighthouse/index.html"])
    assert facts["units"][UNIT]["active"] == "active"


def test_the_daemon_runs_with_its_option(cluster):
    for name in ("node1", "node2"):
        options = json.loads(cluster.hosts[name].file("/etc/docker/daemon.json").content_string)
        assert options["max-concurrent-uploads"] == 4


def test_members_find_it_by_its_name_and_reach_its_port(cluster):
    get = "python3 -c \"import urllib.request as r; print(r.urlopen('http://lighthouse.swarm.test:8500', None, 5).read())\""
    assert "light" in output(cluster.hosts["node1"], get)


def test_its_port_is_for_members_alone(cluster, address):
    code = f"import socket; socket.create_connection(('{address['node2']}', 8500), 3)"
    assert cluster.hosts["node1"].run(f'python3 -c "{code}"').rc == 0
    assert cluster.hosts[OUTSIDER].run(f'python3 -c "{code}"').rc != 0

# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._engine import proxies

REGISTRY = "registry.swarm.internal:5000"
OWN = "/etc/systemd/system/docker.service.d/dockyard.conf"
OTHER = "/etc/systemd/system/docker.service.d/http-proxy.conf"
EARLIER = "/etc/systemd/system/docker.service.d/a.conf"
PROXY = {"HTTPS_PROXY": "http://192.0.2.9:3128"}


@pytest.mark.parametrize(
    ("exceptions", "is_one"),
    [
        ("", False), ("*", True), ("registry.swarm.internal", True), ("swarm.internal", True), (".swarm.internal", True),
        ("*.swarm.internal", True), ("REGISTRY.swarm.internal:5000", True), ("registry.swarm.internal:443", False),
        ("internal", True), ("localhost, other.internal ,swarm.internal", True), ("m.internal", False), ("10.0.0.0/8", False),
        ("x.registry.swarm.internal", False),
    ],
)  # fmt: skip
def test_exceptions_as_go_reads_them(exceptions, is_one):
    assert proxies.bypassed(exceptions, REGISTRY) is is_one


@pytest.mark.parametrize(
    ("exceptions", "address", "is_one"),
    [
        ("192.0.2.0/24", "192.0.2.11:5000", True), ("192.0.2.0/24", "198.51.100.1:5000", False), ("", "127.0.0.1:5000", True),
        ("", "localhost:5000", True), ("192.0.2.11", "192.0.2.11:5000", True),
    ],
)  # fmt: skip
def test_exceptions_by_address(exceptions, address, is_one):
    assert proxies.bypassed(exceptions, address) is is_one


def test_the_collections_own_environment_gets_the_registry_as_an_exception():
    assert proxies.own_environment({}, [REGISTRY]) == {}
    assert proxies.own_environment({"X": "1"}, [REGISTRY]) == {"X": "1"}
    assert proxies.own_environment(PROXY, []) == PROXY
    assert proxies.own_environment(PROXY, [REGISTRY]) == {**PROXY, "NO_PROXY": "registry.swarm.internal"}
    named = {**PROXY, "no_proxy": "localhost"}
    assert proxies.own_environment(named, [REGISTRY]) == {**PROXY, "no_proxy": "localhost,registry.swarm.internal"}
    whole = {**PROXY, "NO_PROXY": ".swarm.internal"}
    assert proxies.own_environment(whole, [REGISTRY]) == whole


def test_options_likewise():
    given = {"proxies": {"https-proxy": "http://192.0.2.9:3128", "no-proxy": "localhost"}, "debug": True}
    assert proxies.own_options(given, [REGISTRY])["proxies"]["no-proxy"] == "localhost,registry.swarm.internal"
    assert proxies.own_options({"debug": True}, [REGISTRY]) == {"debug": True}
    assert given["proxies"]["no-proxy"] == "localhost"


def check(lines=(), environment=(), options=(), runs_with=None):
    facts = {
        "daemon": {"proxies": [{"path": path, "line": 2, "name": name, "value": value} for path, name, value in lines]},
        "units": {"docker.service": {"path": "/usr/lib/systemd/system/docker.service"}},
        "engine": {"proxy": runs_with},
    }
    return proxies.check(facts, dict(environment), dict(options), [REGISTRY])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, None),
        ({"lines": [(OTHER, "HTTPS_PROXY", "set")]}, "http-proxy.conf, line 2 sets a proxy"),
        ({"lines": [("/etc/default/docker", "https_proxy", "set")]}, "/etc/default/docker, line 2"),
        ({"lines": [(OTHER, "HTTPS_PROXY", "set"), (OTHER, "NO_PROXY", "swarm.internal")]}, None),
        ({"lines": [(OTHER, "HTTPS_PROXY", "")]}, None),
        ({"lines": [(OTHER, "HTTPS_PROXY", "set")], "environment": {"NO_PROXY": "swarm.internal"}}, None),
        # The last drop-in counts: ours goes before a later one, and after an earlier one.
        ({"lines": [(OTHER, "NO_PROXY", "localhost")], "environment": {**PROXY, "NO_PROXY": "swarm.internal"}}, "swarm_engine"),
        ({"lines": [(EARLIER, "NO_PROXY", "localhost")], "environment": {**PROXY, "NO_PROXY": "swarm.internal"}}, None),
        ({"lines": [(OWN, "HTTPS_PROXY", "set")]}, None),  # this run takes it away
        ({"options": {"proxies": {"https-proxy": "http://192.0.2.9"}}}, "daemon.json sets a proxy"),
        ({"options": {"proxies": {"https-proxy": "http://192.0.2.9", "no-proxy": "swarm.internal"}}}, None),
        ({"runs_with": {"https": True, "except": ""}}, "the environment of the running Engine"),
        ({"runs_with": {"https": True, "except": "swarm.internal"}}, None),
    ],
)  # fmt: skip
def test_a_proxy_of_somebody_else_is_named(arguments, words):
    found = check(**arguments)
    assert (len(found) == 1 and words in found[0]) if words else found == []

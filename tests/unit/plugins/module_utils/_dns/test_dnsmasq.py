# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import re

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._dns import dnsmasq
from ansible_collections.dockyard.swarm.plugins.module_utils._dns.dnsmasq_files import render_conf, render_hosts

RUNNING = {"active": "active", "enabled": "enabled", "masked": False}
A = {"name": "web", "type": "A", "value": "192.0.2.21"}


def settings(**given_settings):
    return dnsmasq.settings_of(dict({"domain": "swarm.internal"}, **given_settings))


def as_file(text, mode="0644"):
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "mode": mode, "uid": 0, "gid": 0, "text": text}


def state(wanted, **other):
    """The state of a host that serves ``wanted``."""
    found = {
        "conf": as_file(render_conf(wanted)),
        "hosts": as_file(render_hosts(wanted)),
        "unit": RUNNING,
        "service": "dnsmasq.service",
        "pending": None,
    }
    return dict(found, **other)


def done(plan):
    return [item["do"] for item in plan]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"upstreams": ["dns.example"]}, "upstreams: 'dns.example' is a malformed address"),
        ({"listen_addresses": ["192.0.2"]}, "listen_addresses: '192.0.2' is a malformed address"),
        ({"listen_addresses": ["192.0.2.1"], "upstreams": ["192.0.2.1"]}, "192.0.2.1 is this server, and"),
        ({"forwarders": {"corp.example": []}}, "forwarders: corp.example has no server"),
        ({"forwarders": {"swarm.internal": ["192.0.2.1"]}}, "is the local domain"),
        ({"forwarders": {"corp.example": "x"}}, "forwarders: corp.example: 'x' is a malformed address"),
        ({"domain": "a b"}, "domain: 'a b' is malformed"),
        ({"domain": "", "records": [{"name": "@", "type": "TXT", "value": "x"}]}, "domain: is empty"),
        ({"cache_size": -1}, "cache_size: -1 is negative"),
        ({"extra": ["a\nb"]}, "is no single line"),
    ],
)
def test_bad_settings_are_refused_by_the_plan(options, says):
    wanted = settings(**options)
    with pytest.raises(PlanError, match=re.escape(says)):
        dnsmasq.make_plan(wanted, state(settings()))


def test_nothing_to_do():
    wanted = settings(records=[A])
    assert dnsmasq.make_plan(wanted, state(wanted)) == []


def test_a_bare_host():
    plan = dnsmasq.make_plan(settings(records=[A]), state(settings(), conf=None, hosts=None, unit=None))
    assert done(plan)[-2:] == ["enable", "start"]
    assert {"add"} == set(done(plan)[:-2])


def test_addresses_are_a_reload_and_shown_by_record():
    plan = dnsmasq.make_plan(settings(records=[A, dict(A, value="192.0.2.22")]), state(settings(records=[A])))
    assert done(plan) == ["change", "reload"]
    assert plan[0]["to"] == "/etc/dockyard/dnsmasq.hosts: A web.swarm.internal"
    assert (plan[0]["before"], plan[0]["after"]) == ("192.0.2.21", "192.0.2.21, 192.0.2.22")


def test_everything_else_is_a_restart():
    alias = {"name": "www", "type": "CNAME", "value": "web"}
    plan = dnsmasq.make_plan(settings(records=[A, alias]), state(settings(records=[A]), pending="reload"))
    assert done(plan) == ["add", "restart"]
    assert plan[0]["to"] == "/etc/dnsmasq.d/dockyard.conf: CNAME www.swarm.internal"


def test_a_file_of_which_only_the_hash_is_known():
    old = {key: value for key, value in as_file("other").items() if key != "text"}
    assert done(dnsmasq.make_plan(settings(), state(settings(), hosts=old))) == ["write", "reload"]


def test_a_line_that_only_moved_is_written_all_the_same():
    text = render_hosts(settings()) + "\n"
    assert done(dnsmasq.make_plan(settings(), state(settings(), hosts=as_file(text)))) == ["write", "reload"]


@pytest.mark.parametrize("pending", ["restart", "reload"])
def test_an_interrupted_run_is_made_up_for(pending):
    assert done(dnsmasq.make_plan(settings(), state(settings(), pending=pending))) == [pending]


def test_a_stopped_and_disabled_unit():
    unit = {"active": "failed", "enabled": "disabled", "masked": False}
    assert done(dnsmasq.make_plan(settings(), state(settings(), unit=unit))) == ["enable", "start"]


def test_a_masked_unit_is_refused():
    with pytest.raises(PlanError, match="unmask it"):
        dnsmasq.make_plan(settings(), state(settings(), unit=dict(RUNNING, masked=True)))


def test_a_file_that_dnsmasq_cannot_read():
    hosts = as_file(render_hosts(settings()), mode="0600")
    assert done(dnsmasq.make_plan(settings(), state(settings(), hosts=hosts))) == ["set", "reload"]


def test_port_53_of_another_service():
    (problem,) = dnsmasq.check_port(["127.0.0.53", "192.0.2.11"], ["192.0.2.11"], None)
    assert "another service listens on port 53 of 192.0.2.11" in problem
    assert dnsmasq.check_port(["192.0.2.11"], ["192.0.2.11"], RUNNING) == []
    assert dnsmasq.check_port(["127.0.0.53"], ["192.0.2.11"], None) == []

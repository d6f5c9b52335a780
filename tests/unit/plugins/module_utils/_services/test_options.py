# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._services.options import parse


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "services.web.image is missing"),
        ({"imagee": "x"}, "no option imagee"),
        ({"replicas": -1}, "services.web.replicas must be a whole number of at least 0"),
        ({"replicas": 1.5}, "services.web.replicas"),
        ({"mode": "global", "replicas": 2}, "services.web.replicas cannot be set with mode global"),
        ({"env": {"A": True}}, "services.web.env.A must be text; put the value in quotes"),
        ({"env": ["A=1"]}, "services.web.env must be a dictionary"),
        ({"args": "sleep 1"}, "services.web.args must be a list"),
        ({"publish": [{"published": 70000}]}, "services.web.publish[0].published"),
        ({"publish": [{"published": 80}, {"published": 80}]}, "services.web.publish names port 80/tcp twice"),
        ({"networks": [{"aliases": ["w"]}]}, "services.web.networks[0].name is missing"),
        ({"networks": [{"name": "apps", "aliases": "w"}]}, "services.web.networks[0].aliases must be a list"),
        ({"endpoint_mode": "rr"}, "services.web.endpoint_mode is 'rr'; it can be vip, dnsrr"),
        (
            {"endpoint_mode": "dnsrr", "publish": [{"published": 80}]},
            "services.web.publish: the routing mesh needs a virtual address, which endpoint_mode dnsrr does not have",
        ),
        ({"mounts": [{"target": "data"}]}, "services.web.mounts[0].target must be an absolute path"),
        ({"mounts": [{"target": "/a"}, {"target": "/a"}]}, "which another mount has already"),
        ({"mounts": [{"type": "bind", "source": "x", "target": "/a"}]}, "services.web.mounts[0].source"),
        ({"mounts": [{"type": "tmpfs", "source": "x", "target": "/a"}]}, "type tmpfs"),
        ({"secrets": [{"source": "token", "mode": "0999"}]}, "octal mode"),
        ({"healthcheck": {"test": []}}, "services.web.healthcheck.test is empty"),
        ({"healthcheck": {"test": "a", "interval": "5s"}}, "services.web.healthcheck.interval must be a number"),
        ({"resources": {"limit_memory": "much"}}, "services.web.resources.limit_memory"),
        ({"restart": {"condition": "always"}}, "it can be none, on-failure, any"),
        ({"read_only": "maybe"}, "services.web.read_only must be true or false"),
    ],
)
def test_what_cannot_be_meant_is_told_by_the_options_name(options, words):
    with pytest.raises(PlanError) as caught:
        parse("web", dict({"image": "nginx:1"} if options else {}, **options))
    assert words in str(caught.value)


def test_without_an_address_of_its_own_a_service_has_ports_of_the_host_alone():
    given = {"image": "nginx:1", "endpoint_mode": "dnsrr", "publish": [{"published": 80, "mode": "host"}]}
    assert parse("web", given)["endpoint_mode"] == "dnsrr"

# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.dockyard.swarm.plugins.filter.logging_plan import FilterModule

logging_plan = FilterModule().filters()["logging_plan"]


def test_it_plans():
    (change,) = logging_plan({"packages": {}}, ["rsyslog"], [], [])
    assert (change["do"], change["to"]) == ("install", "package rsyslog")


def test_it_names_the_option():
    with pytest.raises(AnsibleFilterError, match="swarm_logging_node_max_use"):
        logging_plan({}, [], [], [], {"swarm_logging_node_max_use": "much"})

# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what argument specs cannot say of the roles' options. Values only."""

from __future__ import annotations

from ..module_utils._core.options import Rule

_DAY = 24 * 3600
_PORT = Rule(1, 65535)
_SECONDS = Rule(0, 365 * _DAY)
_WAIT = Rule(1, 365 * _DAY)
_TEXT = {"type": "str"}
_NUMBER_OR_TEXT = Rule(number=True)

RULES = {
    "swarm_backup_keep": Rule(1, 1_000_000),
    "swarm_cluster_manager_group": Rule(blank=False),
    "swarm_cluster_worker_group": Rule(blank=False),
    "swarm_cluster_domain": Rule(blank=False),
    "swarm_dns_cache_size": Rule(0, 1_000_000),
    "swarm_dns_forwarders": Rule(values={"type": "list", "elements": "str", "or_text": True}),
    # Names and texts of records may be numbers, as a person writes them.
    "swarm_dns_records.name": _NUMBER_OR_TEXT,
    "swarm_dns_records.value": _NUMBER_OR_TEXT,
    "swarm_dns_records.priority": Rule(0, 65535),
    "swarm_dns_records.weight": Rule(0, 65535),
    "swarm_dns_records.port": _PORT,
    "swarm_engine_version": _NUMBER_OR_TEXT,
    "swarm_engine_repository_key": Rule(lines=True),
    "swarm_engine_containerd_root": Rule(on_host=True),
    "swarm_engine_environment": Rule(values=_TEXT),
    "swarm_engine_environment.*": _NUMBER_OR_TEXT,
    "swarm_engine_registry_cas": Rule(values=_TEXT),
    "swarm_engine_registry_cas.*": Rule(lines=True),
    "swarm_engine_api_port": _PORT,
    "swarm_engine_parallel": Rule(1, 100_000),
    "swarm_engine_drain_timeout": _SECONDS,
    "swarm_host_sysctls": Rule(values=_TEXT),
    "swarm_host_sysctls.*": _NUMBER_OR_TEXT,
    "swarm_host_firewall_ports.port": _NUMBER_OR_TEXT,
    "swarm_logging_port": _PORT,
    "swarm_logging_dir": Rule(on_host=True),
    "swarm_logging_keep_days": Rule(1, 100_000),
    "swarm_logging_node_max_use": _NUMBER_OR_TEXT,
    "swarm_networks_overlays.mtu": Rule(576, 65535),
    "swarm_networks_overlays.ipam_options": Rule(values=_TEXT),
    "swarm_networks_overlays.ipam_options.*": _NUMBER_OR_TEXT,
    "swarm_networks_overlays.driver_options": Rule(values=_TEXT),
    "swarm_networks_overlays.driver_options.*": _NUMBER_OR_TEXT,
    "swarm_networks_overlays.labels": Rule(values=_TEXT),
    "swarm_networks_overlays.labels.*": Rule(number=True, lines=True),
    "swarm_networks_macvlans.labels": Rule(values=_TEXT),
    "swarm_networks_macvlans.labels.*": Rule(number=True, lines=True),
    "swarm_networks_macvlans.nodes": Rule(
        values={
            "type": "dict",
            "options": {"parent": {"type": "str"}, "ip_ranges": {"type": "list", "elements": "str"}},
        }
    ),
    "swarm_networks_macvlans.subnets.part": Rule(0, 128),
    # A label that is null is removed.
    "swarm_node_labels": Rule(values={"type": "str", "null": True}),
    "swarm_node_labels.*": Rule(number=True, lines=True),
    "swarm_node_subnet_size": Rule(1, 29),
    "swarm_node_data_path_port": Rule(1024, 49151),
    "swarm_node_settings.task_history_limit": Rule(least=-1),
    "swarm_node_settings.dispatcher_heartbeat": Rule(1),
    "swarm_node_settings.node_cert_expiry": Rule(1, 1_000_000),
    "swarm_node_settings.snapshot_interval": Rule(1),
    "swarm_node_drain_timeout": _SECONDS,
    "swarm_node_timeout": _WAIT,
    "swarm_registry_port": _PORT,
    "swarm_registry_users": Rule(values=_TEXT),
    "swarm_registry_users.*": Rule(lines=True),
    "swarm_registry_wait": _WAIT,
}

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
_LABELS = Rule(number=True, lines=True)
_HOST = Rule(host=True)


def _form(pattern, wanted, **more):
    """A text that is not empty and has a certain form."""
    return Rule(pattern=pattern, wanted=wanted, blank=False, **more)


_LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = _form(
    r"(?=.{1,253}\Z)%s(\.%s)*\.?" % (_LABEL, _LABEL), "a DNS name: labels of letters, digits, - and _ with dots between"
)
_REGISTRY = r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?"
_IMAGE = _form(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*", "the name of an image")
_PACKAGE = _form(r"[A-Za-z0-9][A-Za-z0-9.+_:~-]*", "the name of a package")
_OBJECT = _form(r"[A-Za-z0-9][A-Za-z0-9_.-]*", "a name of letters, digits, _, . and -")
_INTERFACE = _form(r"[^\s/]{1,15}", "the name of a network interface")
_NETWORK = _form(r"[0-9A-Fa-f.:]+/[0-9]{1,3}", "a network such as 10.20.0.0/16")
_SERVER = _form(r"[0-9A-Fa-f.:]+(%[A-Za-z0-9_.-]+)?(#[0-9]{1,5})?", "an IP address, or ADDRESS#PORT")

RULES = {
    "swarm_backup_host": _HOST,
    "swarm_backup_keep": Rule(1, 1_000_000),
    "swarm_cluster_domain": _NAME,
    "swarm_cluster_manager_group": Rule(blank=False),
    "swarm_cluster_worker_group": Rule(blank=False),
    "swarm_dns_cache_size": Rule(0, 1_000_000),
    "swarm_dns_forwarders": Rule(
        values={"type": "list", "elements": "str", "or_text": True}, keys=_NAME.pattern, wanted_keys="DNS names"
    ),
    "swarm_dns_forwarders.*": _SERVER,
    "swarm_dns_packages": _PACKAGE,
    # Names and texts of records may be numbers, as a person writes them.
    "swarm_dns_records.name": _NUMBER_OR_TEXT,
    "swarm_dns_records.value": _NUMBER_OR_TEXT,
    "swarm_dns_records.priority": Rule(0, 65535),
    "swarm_dns_records.weight": Rule(0, 65535),
    "swarm_dns_records.port": _PORT,
    "swarm_dns_servers": _HOST,
    "swarm_dns_upstreams": _SERVER,
    "swarm_engine_version": _form(r"[0-9A-Za-z.+~:_-]+", "a version such as 28.5", number=True, whole=True)._replace(
        blank=True
    ),
    "swarm_engine_packages": _PACKAGE,
    "swarm_engine_conflicts": _PACKAGE,
    "swarm_engine_repository_url": _form(r"[a-z]+://[^\s]+", "a URL"),
    "swarm_engine_repository_key": Rule(lines=True),
    "swarm_engine_repository_fingerprint": _form(r"[0-9A-Fa-f ]+", "a fingerprint in hexadecimal digits"),
    "swarm_engine_daemon_remove": _form(r"[a-z0-9-]+", "the name of an option of daemon.json"),
    "swarm_engine_containerd_root": _form(r"/[^\s]*", "a whole path, beginning with /")._replace(blank=True),
    "swarm_engine_environment": Rule(
        values=_TEXT, keys="[A-Za-z_][A-Za-z0-9_]*", wanted_keys="names of letters, digits and _"
    ),
    "swarm_engine_environment.*": _NUMBER_OR_TEXT,
    "swarm_engine_registry_cas": Rule(values=_TEXT, keys=_REGISTRY, wanted_keys="registries, as host:port or host"),
    "swarm_engine_registry_cas.*": Rule(lines=True),
    "swarm_engine_api_port": _PORT,
    "swarm_engine_image_archives.image": _IMAGE,
    "swarm_engine_parallel": Rule(1, 100_000),
    "swarm_engine_drain_timeout": _SECONDS,
    "swarm_host_packages": _PACKAGE,
    "swarm_host_kernel_modules": _form(r"[A-Za-z0-9_-]+", "the name of a kernel module"),
    "swarm_host_sysctls": Rule(values=_TEXT, keys=r"[A-Za-z0-9_./:@-]+", wanted_keys="names of kernel parameters"),
    "swarm_host_sysctls.*": _form(r"[^=]+", "a value of a kernel parameter", number=True),
    "swarm_host_firewall_ports.port": _NUMBER_OR_TEXT,
    "swarm_logging_collector": Rule(host=True),
    "swarm_logging_collector_hostname": _NAME,
    "swarm_logging_collector_address": _form(r"[A-Za-z0-9_.:%-]+", "an address or a name"),
    "swarm_logging_port": _PORT,
    "swarm_logging_dir": _form(r"/[A-Za-z0-9._/@+-]*", "a path of letters, digits and . _ / @ + -", on_host=True),
    "swarm_logging_keep_days": Rule(1, 100_000),
    "swarm_logging_node_max_use": _form(r"[0-9]+[KMGT]", "a number and K, M, G or T, for example 1G"),
    "swarm_logging_packages": _PACKAGE,
    "swarm_networks_overlays.name": _OBJECT,
    "swarm_networks_overlays.mtu": Rule(576, 65535),
    "swarm_networks_overlays.ipam_options": Rule(values=_TEXT),
    "swarm_networks_overlays.ipam_options.*": _NUMBER_OR_TEXT,
    "swarm_networks_overlays.driver_options": Rule(values=_TEXT),
    "swarm_networks_overlays.driver_options.*": _NUMBER_OR_TEXT,
    "swarm_networks_overlays.labels": Rule(values=_TEXT),
    "swarm_networks_overlays.labels.*": _LABELS,
    "swarm_networks_macvlans.name": _OBJECT,
    "swarm_networks_macvlans.parent": _INTERFACE,
    "swarm_networks_macvlans.labels": Rule(values=_TEXT),
    "swarm_networks_macvlans.labels.*": _LABELS,
    "swarm_networks_macvlans.nodes": Rule(
        values={
            "type": "dict",
            "options": {"parent": {"type": "str"}, "ip_ranges": {"type": "list", "elements": "str"}},
        }
    ),
    "swarm_networks_macvlans.nodes.*.parent": _INTERFACE,
    "swarm_networks_macvlans.nodes.*.ip_ranges": _NETWORK,
    "swarm_networks_macvlans.subnets.part": Rule(0, 128),
    "swarm_networks_visible_image": _IMAGE,
    # A label that is null is removed.
    "swarm_node_labels": Rule(values={"type": "str", "null": True}),
    "swarm_node_labels.*": _LABELS,
    "swarm_node_data_path_addr": _form(r"[A-Za-z0-9_.:@-]+", "an address or the name of an interface")._replace(
        blank=True
    ),
    "swarm_node_default_addr_pool": _NETWORK,
    "swarm_node_subnet_size": Rule(1, 29),
    "swarm_node_data_path_port": Rule(1024, 49151),
    "swarm_node_settings.task_history_limit": Rule(least=-1),
    "swarm_node_settings.dispatcher_heartbeat": Rule(1),
    "swarm_node_settings.node_cert_expiry": Rule(1, 1_000_000),
    "swarm_node_settings.snapshot_interval": Rule(1),
    "swarm_node_drain_timeout": _SECONDS,
    "swarm_node_timeout": _WAIT,
    "swarm_registry_address": _form(_REGISTRY, "host:port, or host for port 443"),
    "swarm_registry_hostname": _NAME,
    "swarm_registry_image": _IMAGE,
    "swarm_registry_node": Rule(host=True),
    "swarm_registry_port": _PORT,
    "swarm_registry_users": Rule(values=_TEXT),
    "swarm_registry_users.*": Rule(lines=True),
    "swarm_registry_volume": _OBJECT,
    "swarm_registry_wait": _WAIT,
}

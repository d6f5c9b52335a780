# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters failed_earlier, not_done and unsaid_packages: what the stages of this run have said, and what they left."""

from __future__ import annotations

from ..module_utils._core import stages


def failed_earlier(hostvars, failed, roles):
    return stages.failed_earlier({host: hostvars[host] for host in failed}, roles)


def unsaid_packages(packages, own, roles):
    return stages.unsaid_packages(own, packages, roles)


def not_done(hostvars, all_hosts, hosts, roles):
    failed = [host for host in all_hosts if host not in hosts]
    return stages.not_done({host: hostvars[host] for host in all_hosts}, failed, hosts, roles)


class FilterModule:
    def filters(self):
        return {"failed_earlier": failed_earlier, "not_done": not_done, "unsaid_packages": unsaid_packages}

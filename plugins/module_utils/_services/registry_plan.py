# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the private registry as a stack, and its certificate. Pure, and for the controller."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .._core.plan import change

if TYPE_CHECKING:
    from .._core.facts import NodeFacts
    from .._core.plan import Plan

STACK = "registry"
# A text that is not there yet has a placeholder: it is made before the stack is, and the plan is then made again. What follows
# from it is in the plan all the same, with a word in place of the hash in the secret's name.
NOT_MADE = "not made yet"
NOT_MADE_HASH = hashlib.sha256(NOT_MADE.encode()).hexdigest()[:12]
NEW = "(new)"
# Short name of the secret -> its file in the container.
SECRETS = {"config": "config.yml", "certificate": "registry.crt", "key": "registry.key", "htpasswd": "htpasswd"}


def certificate(
    hostname: str, managers: Mapping[str, NodeFacts | None], addresses: Mapping[str, str]
) -> dict[str, Any]:
    """The registry's certificate, for its own name and for those of the managers.

    :param managers: host -> its facts, None where it was not read: it keeps its name in the certificate.
    :param addresses: host -> address, of all hosts.
    """
    known = [facts["machine"]["hostname"] for facts in managers.values() if facts]
    names = [hostname] + sorted(known) + sorted(address for host, address in addresses.items() if host in managers)
    return {
        "name": "registry",
        "usage": "server",
        "names": list(dict.fromkeys(names)),
        "exact": len(known) == len(managers),
    }


def texts_to_come(texts: Mapping[str, str], certificate: Iterable[Mapping[str, Any]], htpasswd: str) -> dict[str, str]:
    """The text of each of ``SECRETS`` as it will be; empty where that is not known before it is made.

    :param certificate: the plan of the certificate and its authority.
    :param htpasswd: the password file as it is to be. Where there is none, each look gives another one.
    """
    made = any(item["certificate"] and item["do"] != "protect" for item in certificate)
    return dict(
        texts,
        certificate="" if made else texts["certificate"],
        htpasswd=htpasswd if texts["htpasswd"] else "",
    )


def without_placeholders(value: Any) -> Any:
    """A plan, or a part of one, with a word where a secret's name would have the hash of the placeholder."""
    if isinstance(value, dict):
        return {key: without_placeholders(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_placeholders(item) for item in value]
    return value.replace(NOT_MADE_HASH, NEW) if isinstance(value, str) else value


def stack(service: Mapping[str, Any], place: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """The registry as module ``swarm_stack`` takes it.

    :param service: the options of the service, apart from where it runs and its secrets.
    :param place: where the images are, as the cluster plan has it: it runs on the node with that label, whatever its name is.
    :param texts: the text of each of ``SECRETS``, empty where it is not made yet.
    """
    # A secret is named by its content, and these two have been without the line break at their end.
    texts = dict(texts, certificate=texts["certificate"].rstrip(), key=texts["key"].rstrip())
    full = dict(
        service,
        constraints=["node.labels.%(label)s==%(value)s" % place],
        secrets=[{"source": source, "target": target} for source, target in SECRETS.items()],
    )
    return {
        "name": STACK,
        "secrets": {short: texts[short] or NOT_MADE for short in SECRETS},
        "services": {"registry": full},
    }


def htpasswd_plan(users: Iterable[str], have: Any, wanted: Any) -> Plan:
    """The password file on the controller."""
    if have == wanted:
        return []
    to = "password file on the controller"
    return [change("write", to, "users or passwords differ", after=", ".join(sorted(users)))]

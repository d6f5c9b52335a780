# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: users and configuration of the registry as options have them, checked and merged. Pure functions."""

from __future__ import annotations

import re
from typing import Any, Iterator, Mapping

USERS = "swarm_registry_users"
CONFIG = "swarm_registry_config"
# bcrypt reads no more.
LONGEST = 72
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Sections of which the registry takes exactly one kind; the other keys that may stand there are none.
_ONE_OF = {"storage": ("cache", "delete", "maintenance", "redirect", "tag"), "auth": ()}
DATA = "/var/lib/registry"
# What the stack, its health check, its users and its certificate rely on; the text says by what it is set instead.
KEPT = {
    "version": "",
    "auth.htpasswd.path": "set the users by %s" % USERS,
    "http.addr": "set the published port by swarm_registry_port",
    "http.net": "",
    "http.tls.certificate": "the certificate is made by the cluster's authority",
    "http.tls.key": "the certificate is made by the cluster's authority",
    "http.tls.letsencrypt": "the certificate is made by the cluster's authority",
    "http.debug.addr": "the health check asks there",
}


def clean_users(users: Mapping[Any, Any]) -> dict[Any, Any]:
    """Passwords by user, without the line break that a file or a vault adds at the end."""
    return {user: value.rstrip("\r\n") if isinstance(value, str) else value for user, value in users.items()}


def check_users(users: Any) -> list[str]:
    """What is wrong with the users; a password is never in the text."""
    if not isinstance(users, Mapping):
        return ["%s is no dictionary: give passwords by user" % USERS]
    problems = []
    for user, password in clean_users(users).items():
        wrong = _wrong_user(user) or _wrong_password(password)
        if wrong:
            problems.append("%s: user %r: %s" % (USERS, str(user), wrong))
    return problems


def _wrong_user(user: Any) -> str | None:
    name = str(user)
    if not name:
        return "the name is empty"
    if ":" in name:
        return "a name cannot have a colon, since a client sends NAME:PASSWORD"
    if _CONTROL.search(name) or re.search(r"\s", name):
        return "a name cannot have a blank, a line break or another control character"
    return None


def _wrong_password(password: Any) -> str | None:
    if not isinstance(password, str):
        return "the password is no text: put it in quotes"
    if not password:
        return "the password is empty"
    if _CONTROL.search(password):
        return "the password has a control character inside, such as a line break, which no client sends"
    if len(password.encode("utf-8", "surrogateescape")) > LONGEST:
        return "the password has more than %d bytes, of which a login checks no more" % LONGEST
    return None


def merged_config(settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The registry's configuration with what the user gives merged into it.

    The user's storage driver takes the place of the collection's: the registry does not start with two.
    """
    own = dict(settings)
    if isinstance(given.get("storage"), str):  # the short form of a driver without parameters
        given = dict(given, storage={given["storage"]: {}})
    drivers = _kinds("storage", given.get("storage"))
    if drivers and isinstance(own.get("storage"), Mapping):
        replaced = [name for name in _kinds("storage", own["storage"]) if name not in drivers]
        own["storage"] = {name: value for name, value in own["storage"].items() if name not in replaced}
    return _merge(own, given)


def _merge(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """In the order that Ansible's filter combine gives, since another order would be another secret."""
    merged = dict(own)
    for key, value in given.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _kinds(section: str, values: Any) -> list[str]:
    if not isinstance(values, Mapping):
        return []
    return [name for name in values if name not in _ONE_OF[section]]


def check_config(given: Any) -> list[str]:
    """What the registry would not start with, or what the collection relies on and must stay."""
    if not isinstance(given, Mapping):
        return ["%s is no dictionary: give keys of the registry's configuration file" % CONFIG]
    problems = []
    for path in _changed(given):
        if path in KEPT:
            problems.append(_stays(path, KEPT[path]))
    if not isinstance(given.get("storage", {}), (Mapping, str)):
        problems.append("%s: storage is empty: name a storage driver, or leave it out" % CONFIG)
    drivers = _kinds("storage", given.get("storage"))
    if len(drivers) > 1:
        problems.append(
            "%s: storage names %s, and the registry takes exactly one storage driver: leave one"
            % (CONFIG, " and ".join(drivers))
        )
    for name in drivers:
        if name == "filesystem":
            problems += _wrong_folder(given["storage"][name])
        elif not isinstance(given["storage"][name], (Mapping, type(None))):
            problems.append("%s: storage.%s is no dictionary: give the driver's parameters" % (CONFIG, name))
    others = [name for name in _kinds("auth", given.get("auth")) if name != "htpasswd"]
    if others:
        problems.append(
            "%s: auth names %s beside htpasswd, and the registry takes exactly one: set the users by %s"
            % (CONFIG, " and ".join(others), USERS)
        )
    return problems


def _wrong_folder(driver: Any) -> list[str]:
    if not isinstance(driver, Mapping):
        return ["%s: storage.filesystem is no dictionary: give the driver's parameters" % CONFIG]
    folder = str(driver.get("rootdirectory", DATA)).rstrip("/")
    if folder == DATA or folder.startswith(DATA + "/"):
        return []
    return [
        "%s: storage.filesystem.rootdirectory is %s, which is not on the volume: leave it out, or name a folder below %s"
        % (CONFIG, folder, DATA)
    ]


def _changed(given: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The kept keys that the user's values touch; a section that is set to something else than a dictionary takes all of its."""
    for key, value in given.items():
        path = "%s%s" % (prefix, key)
        if isinstance(value, Mapping):
            yield from _changed(value, path + ".")
        else:
            yield path
            yield from (kept for kept in KEPT if kept.startswith(path + "."))


def _stays(path: str, instead: str) -> str:
    return "%s: %s has to stay as the collection sets it%s" % (CONFIG, path, "; %s" % instead if instead else "")

# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: whether a value is what an option's type says, and text as the value that it means. Pure functions.

Inventories in INI, ``-e name=value``, environment variables and vaults give text, whatever the type. A text is accepted where it
means one value only, and then it means this value everywhere: filters ``bool`` and ``int`` of Ansible, arguments of modules,
:func:`as_bool` and :func:`as_int` all read it alike.
"""

from __future__ import annotations

import math
import re
from typing import Any, Collection, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Tuple

TRUE = ("true", "yes", "on", "1")
FALSE = ("false", "no", "off", "0")
_INT = re.compile(r"(0|-?[1-9][0-9]{0,17})\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]")
LARGEST = 2**31 - 1
SHOWN = 60  # characters of a value


class Rule(NamedTuple):
    """What the type of an option does not say."""

    least: int = 0
    most: int = LARGEST
    number: bool = False  # a number is accepted as text,
    whole: bool = False  # only a whole one: 28.10 without quotes is 28.1
    lines: bool = False  # a text may have several lines
    on_host: bool = False  # a path on the hosts, where there is no home folder
    values: Optional[Mapping[str, Any]] = None  # spec of a dictionary's values
    blank: bool = True  # a text may be empty
    pattern: str = ""  # what a text that is not empty has to look like,
    wanted: str = ""  # and this in words
    keys: str = ""  # what the keys of a dictionary have to look like,
    wanted_keys: str = ""  # and this in words
    host: bool = False  # a text that is not empty is a host of the inventory


Spec = Mapping[str, Any]
Rules = Mapping[str, Rule]
# Where in the option, and what is wrong there.
Problem = Tuple[str, str]
_NO_RULE = Rule()


def as_bool(value: Any) -> bool:
    """A value of a checked option of type bool."""
    return str(value).lower() in TRUE


def as_int(value: Any) -> int:
    """A value of a checked option of type int."""
    return int(value)


def typed(value: Any, spec: Spec) -> Any:
    """A value with the types that its spec says; what is no value of its type stays as it is, for checks to find."""
    kind = spec.get("type", "str")
    if kind == "list" and isinstance(value, (list, tuple)):
        inner = dict(spec, type=spec.get("elements", "str"))
        return [typed(item, inner) for item in value]
    if kind == "dict" and isinstance(value, Mapping):
        known = spec.get("options") or {}
        return {key: typed(item, known[key]) if key in known else item for key, item in value.items()}
    if kind == "bool" and _check_bool(value, _NO_RULE) is None:
        return as_bool(value)
    if kind == "int" and isinstance(value, str) and _INT.match(value):
        return int(value)
    if kind == "str" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value


def problems_of(name: str, value: Any, spec: Spec, rules: Rules, hosts: Collection[str] = ()) -> List[Problem]:
    """All that is wrong with the value of an option, as the place in it and a text that says what is wanted.

    :param spec: the option as in an argument spec: ``type``, ``elements``, ``choices``, ``options``, ``required``, ``no_log``.
    :param rules: what types do not say, by the option's name; suboptions after a dot.
    :param hosts: all hosts of the inventory.
    """
    found = list(_check(name, name, value, spec, rules, bool(spec.get("no_log"))))
    if not found and rules.get(name, _NO_RULE).host:
        names = [
            item for item in (value if isinstance(value, (list, tuple)) else [value]) if item and item not in hosts
        ]
        found = [(name, "has %s, which is no host of the inventory" % shown(item)) for item in names]
    return found


def shown(value: Any, secret: bool = False) -> str:
    """A value as a message may show it: never what is inside of lists and dictionaries."""
    if value is None:
        return "empty (null)"
    if isinstance(value, Mapping):
        return "a dictionary"
    if isinstance(value, (list, tuple)):
        return "a list"
    if not isinstance(value, (str, bool, int, float)):
        return "a value of type %s" % type(value).__name__
    kind = "the text" if isinstance(value, str) else "" if isinstance(value, bool) else "the number"
    if secret:
        return "%s (not shown)" % (kind or "a boolean")
    if isinstance(value, bool):
        return str(value).lower()
    text = _number_text(value) if not isinstance(value, str) else "'%s'" % _printable(value)
    return ("%s %s" % (kind, text)).strip()


def _number_text(value: Any) -> str:
    if isinstance(value, int) and abs(value) >= 10**SHOWN:
        return "with more than %d digits" % SHOWN
    return str(value)


def _printable(text: str) -> str:
    cut = text[:SHOWN]
    clean = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)
    return clean + ("..." if len(text) > SHOWN else "")


def _check(where: str, path: str, value: Any, spec: Spec, rules: Rules, secret: bool) -> Iterator[Problem]:
    if value is None:
        yield (
            where,
            "is empty (null): %s"
            % ("it is required" if spec.get("required") else "leave it out, so that its default counts"),
        )
        return
    kind = spec.get("type", "str")
    rule = rules.get(path, _NO_RULE)
    if spec.get("or_text") and isinstance(value, str):
        kind = "str"
    if kind == "list":
        yield from _check_list(where, path, value, spec, rules, secret)
    elif kind == "dict":
        yield from _check_dict(where, path, value, spec, rules, secret)
    else:
        check = {"bool": _check_bool, "int": _check_int, "path": _check_path}.get(kind, _check_text)
        text = check(value, rule)
        if text is None and "choices" in spec and str(value) not in spec["choices"]:
            choices = ", ".join(str(item) or "'' (empty)" for item in spec["choices"])
            text = "is %%s, and has to be one of %s" % choices
        if text is not None:
            yield where, text.replace("%s", shown(value, secret), 1)


def _check_bool(value: Any, _rule: Rule) -> str | None:
    if isinstance(value, (bool, str, int)) and str(value).lower() in TRUE + FALSE:
        return None
    return "is %s, and has to be true or false"


def _check_int(value: Any, rule: Rule) -> str | None:
    wanted = "is %%s, and has to be a whole number from %d to %d" % (rule.least, rule.most)
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return wanted
    if isinstance(value, str) and not _INT.match(value):
        return wanted
    return None if rule.least <= int(value) <= rule.most else wanted


def _check_text(value: Any, rule: Rule) -> str | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not rule.number or (rule.whole and isinstance(value, float)):
            return "is %s, and has to be text: put it in quotes"
        return None if not isinstance(value, float) or math.isfinite(value) else "is %s, and has to be text"
    if not isinstance(value, str):
        return "is %s, and has to be text"
    if not rule.blank and not value.strip():
        return "is empty, and has to be text"
    found = (_CONTROL_IN_LINES if rule.lines else _CONTROL).search(value)
    if found:
        what = "a line break" if found.group() in "\n\r" else "the control character %r" % found.group()
        return "is %%s, and must not have %s in it" % what
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return "is text that is not valid Unicode"
    if value and rule.pattern and not re.fullmatch(rule.pattern, value):
        return "is %%s, and has to be %s" % rule.wanted
    return None


def _check_path(value: Any, rule: Rule) -> str | None:
    if not isinstance(value, str):
        return "is %s, and has to be a path"
    text = _check_text(value, rule)
    if text:
        return text
    if value.startswith("/") or (not rule.on_host and re.match(r"~[^/]*(/|\Z)", value)):
        return None
    home = "" if rule.on_host else ", or with ~ for a home folder"
    return "is %%s, and has to be a whole path, beginning with /%s" % home


def _check_list(where: str, path: str, value: Any, spec: Spec, rules: Rules, secret: bool) -> Iterator[Problem]:
    if not isinstance(value, (list, tuple)):
        yield where, "is %s, and has to be a list%s" % (shown(value, secret), _how_to_give(where, value, "[...]"))
        return
    inner = {key: spec[key] for key in spec if key not in ("elements", "required")}
    inner["type"] = spec.get("elements", "str")
    for index, item in enumerate(value):
        yield from _check("%s[%d]" % (where, index), path, item, inner, rules, secret)


def _check_dict(where: str, path: str, value: Any, spec: Spec, rules: Rules, secret: bool) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield where, "is %s, and has to be a dictionary%s" % (shown(value, secret), _how_to_give(where, value, "{...}"))
        return
    strange = [key for key in value if not isinstance(key, str) or not key or _CONTROL.search(key)]
    if strange:
        yield where, "has the key %s, and keys have to be text: put it in quotes" % shown(strange[0], secret)
        return
    known = spec.get("options")
    if known:
        yield from _check_suboptions(where, path, value, known, rules, secret)
        return
    rule = rules.get(path, _NO_RULE)
    odd = [key for key in value if rule.keys and not re.fullmatch(rule.keys, key)]
    if odd:
        yield where, "has the key %s, and keys have to be %s" % (shown(odd[0]), rule.wanted_keys)
        return
    values = rule.values
    for key, item in value.items() if values else ():
        if item is None and values and values.get("null"):
            continue
        # What is inside may be a password.
        yield from _check("%s.%s" % (where, key), path + ".*", item, values or {}, rules, True)


def _check_suboptions(
    where: str, path: str, value: Mapping[str, Any], known: Mapping[str, Spec], rules: Rules, secret: bool
) -> Iterator[Problem]:
    unknown = [key for key in value if key not in known]
    if unknown:
        yield where, "has the unknown key %s: the keys are %s" % (
            ", ".join(_printable(key) for key in unknown), ", ".join(known)
        )  # fmt: skip
    for key, spec in known.items():
        if value.get(key) is not None:
            inner = secret or bool(spec.get("no_log"))
            yield from _check("%s.%s" % (where, key), "%s.%s" % (path, key), value[key], spec, rules, inner)
        elif spec.get("required"):
            yield where, "lacks %s, which is required" % key


def _how_to_give(where: str, value: Any, form: str) -> str:
    """``-e name=value`` gives text, however it looks."""
    if not isinstance(value, str) or re.search(r"[.\[]", where):
        return ""
    return ": in the inventory as YAML, or as -e '{\"%s\": %s}'" % (where, form)


def merged(problems: Iterable[Tuple[str, Problem]]) -> List[str]:
    """Problems of hosts as texts, each once with the hosts that have it."""
    found: dict[Problem, list[str]] = {}
    for host, problem in problems:
        hosts = found.setdefault(problem, [])
        if host not in hosts:
            hosts.append(host)
    return ["%s: %s %s" % (", ".join(hosts), where, text) for (where, text), hosts in found.items()]

# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what daemon.json should contain, and what a change of it needs. Pure functions."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping, Sequence

from .._core.config_files import mode_and_owner, mode_and_owner_of
from .._core.plan import change
from .daemon_options import RELOADABLE, REMOVED, REMOVED_VALUES, RESET_BY_RELOAD, TYPES, flags_of, type_of
from .daemon_text import CHANGED

if TYPE_CHECKING:
    from .._core.facts import FileFacts, Flag
    from .._core.plan import Change, Plan

    Options = Mapping[str, Any]

# Where the environment of dockerd is set: read with its unit, so that only a restart applies it.
DROP_IN = "/etc/systemd/system/docker.service.d/dockyard.conf"
LOCAL_SOCKETS = ("unix:///var/run/docker.sock", "unix:///run/docker.sock", "unix://", "fd://")
# It may hold a proxy's password.
DROP_IN_MODE = "0600"


def check_options(
    options: Options, version: str | None = None, swarm: bool = False, argv: Iterable[str] = (), plain_tcp: bool = False
) -> list[str]:
    """The problems of wanted options, as texts.

    :param options: the wanted content of daemon.json.
    :param version: the Engine's version; None where unknown: then every option that any Engine removed is refused.
    :param swarm: whether the node is, or is to be, in a swarm.
    :param argv: the command line of the unit, whose flags must not be repeated in the file; the drop-in solves that
        for ``hosts``.
    :param plain_tcp: whether a TCP socket without verified TLS is allowed.
    """
    problems = removed_options(options, version)
    flags = flags_of(list(argv))
    for name in sorted(options):
        value = options[name]
        if name in REMOVED:
            continue
        if name not in TYPES:
            problems.append("daemon option %s is unknown to dockerd%s" % (name, _suggest(name)))
        elif type_of(value) not in TYPES[name]:
            kinds = " or ".join(sorted(TYPES[name]))
            problems.append("daemon option %s takes a value of type %s, not %r" % (name, kinds, value))
        elif name in flags and name not in ("runtimes", "hosts"):
            problems.append(
                "daemon option %s is also given as flag %s in the unit of dockerd, which then does not start: "
                "set it in one place" % (name, flags[name])
            )
    problems += _check_swarm(options) if swarm else []
    return problems + _check_sockets(options, plain_tcp)


def removed_options(options: Options, version: str | None) -> list[str]:
    """The problems of options that this version, or any if it is None, no longer has."""
    problems = []
    for name in sorted(options):
        gone = REMOVED.get(name) or _removed_value(name, options[name])
        if gone and _reached(version, gone[0]):
            what = name if name in REMOVED else "%s: %s" % (name, options[name])
            problems.append("daemon option %s was removed in Engine %s: %s" % (what, gone[0], gone[1]))
    return problems


def check_file(
    daemon: Mapping[str, Any], version: str | None, running: bool, path: str = "/etc/docker/daemon.json"
) -> list[str]:
    """What the Engine does not accept of the text of daemon.json: see :mod:`daemon_text`.

    :param daemon: what :func:`daemon_file.read_daemon_json` gives; ``version`` the Engine's, None where it is unknown.
    :param running: whether the daemon runs, with what it has read before.
    """
    wrong = daemon.get("error")
    if not wrong and daemon.get("since") and version and not _reached(version, CHANGED):
        wrong = "%s, which only Engine %s and later accept" % (daemon["since"], CHANGED)
    if not wrong and daemon.get("until") and _reached(version, CHANGED):
        wrong = daemon["until"]
    if not wrong:
        return []
    left = "it runs with what it has read before, and will not start again" if running else "it does not start"
    return [
        "%s: %s. The Engine refuses the file (%s), and its options cannot be kept: correct it" % (path, wrong, left)
    ]


def check_flags(flags: Iterable[Flag], options: Options, running: bool) -> list[str]:
    """Options that daemon.json has, or is to have, and a variable of the unit gives as flags, too.

    :param flags: what :func:`unit_environment.flags` gives.
    """
    end = "does not start again" if running else "does not start"
    return [
        "%s, line %d: %s gives dockerd the flag %s, and daemon.json has %s: with both, the Engine %s. Remove the flag there, and "
        "set swarm_engine_daemon_options for what it was for"
        % (item["path"], item["line"], item["variable"], item["flag"], item["option"], end)
        for item in flags
        if item["option"] in options and item["option"] != "runtimes"
    ]


def check_data_root(left_behind: tuple[str, str] | None) -> list[str]:
    """The problem of a changed data-root: ``left_behind`` is (old, new) where data would be left at the old path."""
    if not left_behind:
        return []
    return [
        "daemon option data-root would become %s, but the Engine's data is at %s: the daemon would start without its images, "
        "volumes and swarm. Move the data with module engine_data, as role swarm_engine does"
        % (left_behind[1], left_behind[0])
    ]


def _removed_value(name: str, value: Any) -> tuple[str, str] | None:
    return REMOVED_VALUES.get((name, value)) if isinstance(value, str) else None


def _check_swarm(options: Options) -> list[str]:
    problems = []
    if options.get("live-restore") is True:
        problems.append("daemon option live-restore is refused in swarm mode: remove it or set it to false")
    if options.get("firewall-backend") == "nftables" and not (options.get("features") or {}).get("swarm-nftables"):
        problems.append("daemon option firewall-backend: nftables is refused in swarm mode: use iptables")
    return problems


def _check_sockets(options: Options, plain_tcp: bool) -> list[str]:
    hosts = options.get("hosts")
    if not isinstance(hosts, (list, tuple)):
        return []
    problems = []
    tcp = [host for host in hosts if str(host).startswith("tcp://")]
    if tcp and options.get("tlsverify") is not True and not plain_tcp:
        problems.append(
            "daemon option hosts opens %s without verified TLS, which gives root to anyone who connects: "
            "set tlsverify, tlscacert, tlscert and tlskey, or remove it" % ", ".join(tcp)
        )
    if not any(str(host) in LOCAL_SOCKETS for host in hosts):
        problems.append("daemon option hosts has no local socket: add %s" % LOCAL_SOCKETS[0])
    return problems


def argv_wanted(argv: Iterable[str], options: Options) -> list[str]:
    """The command line of dockerd that goes with a content of daemon.json: ``hosts`` in both stops it."""
    return _without_hosts(argv) if "hosts" in options else list(argv)


def drop_in_texts(environment: Mapping[str, Any], argv: Sequence[str], options: Options) -> list[str | None]:
    """The texts that the drop-in may have, the preferred one first; None stands for no drop-in.

    :param argv: the unit's command line as it is now. Without a flag for hosts, the drop-in may be why.
    """
    plain = drop_in_text(environment)
    if "hosts" not in options or not argv:
        return [plain]
    without = _without_hosts(argv)
    override = drop_in_text(environment, without)
    return [override] if without != list(argv) else [plain, override]


def _without_hosts(argv: Iterable[str]) -> list[str]:
    kept = []
    words = iter(argv)
    for word in words:
        if word in ("-H", "--host"):
            next(words, None)
        elif not word.startswith(("-H", "--host=")):
            kept.append(word)
    return kept


def _reached(version: str | None, limit: str) -> bool:
    if version is None:
        return True
    have, first = version_key(version), version_key(limit)
    # "28" stands for the newest 28.
    return have >= first[: len(have)] if len(have) < len(first) else have >= first


def version_key(text: str) -> tuple[int, ...]:
    """A version as numbers that compare: ``26.1.5+dfsg1`` is (26, 1, 5)."""
    numbers = []
    for part in text.split("+")[0].split("-")[0].split("."):
        digits = "".join(char for char in part if char.isdigit())
        numbers.append(int(digits or 0))
    return tuple(numbers)


def _suggest(name: str) -> str:
    import difflib  # only where something is wrong already

    close = difflib.get_close_matches(name, TYPES, n=1)
    return ": did you mean %s?" % close[0] if close else ": see the reference of dockerd"


def merge(current: Options, wanted: Options, remove: Collection[str] = ()) -> dict[str, Any]:
    """The new content: the present one with the wanted options set and the unwanted ones removed."""
    merged = {name: value for name, value in current.items() if name not in remove}
    merged.update(wanted)
    return merged


def drop_in_text(environment: Mapping[str, Any], argv: Sequence[str] | None = None) -> str | None:
    """The drop-in that sets the daemon's environment, and its command line if there is one; None where there is neither.

    In systemd's quotes a backslash and a quotation mark are escaped, and a percent sign is doubled (systemd.syntax(7),
    systemd.unit(5)).
    """
    if not environment and not argv:
        return None
    lines = [
        "# Written by dockyard.swarm: the environment of dockerd, and its flags where daemon.json has hosts.",
        "[Service]",
    ]
    for name, value in sorted(environment.items()):
        lines.append('Environment="%s=%s"' % (name, _quoted(str(value))))
    if argv:
        # An empty one takes the unit's own away. Words with a $ are variables of the unit, which quotes leave as they are.
        lines += ["ExecStart=", "ExecStart=" + " ".join(_word(word) for word in argv)]
    return "\n".join(lines) + "\n"


def _word(word: str) -> str:
    return word if re.match(r"^[\w$/.:=,@+-]+$", word) else '"%s"' % _quoted(word)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def check_environment(environment: Mapping[str, Any]) -> list[str]:
    """The problems of wanted variables, as texts. Values are not shown."""
    problems = []
    for name, value in sorted(environment.items()):
        if not name.replace("_", "a").isalnum() or name[:1].isdigit():
            problems.append("environment variable %r of dockerd: a name may only have letters, digits and _" % name)
        if isinstance(value, (dict, list)) or "\n" in str(value):
            problems.append("environment variable %s of dockerd: its value must be one line of text" % name)
    return problems


def _drop_in_plan(
    actual: FileFacts | None, environment: Mapping[str, Any], argv: Sequence[str], options: Options
) -> Plan:
    texts = drop_in_texts(environment, argv, options)
    what = "docker.service.d/dockyard.conf"
    sets = ", ".join(sorted(environment) + (["ExecStart"] if "\nExecStart=" in (texts[0] or "") else []))
    if actual is None:
        return [change("write", what, "missing", after=sets)] if texts[0] else []
    hashes = [hashlib.sha256(text.encode("utf-8")).hexdigest() for text in texts if text]
    if not hashes:
        return [change("remove", what, "not wanted", before="present")]
    if actual["sha256"] not in hashes:
        return [change("write", what, "its content differs", before="other", after=sets)]
    before, after = mode_and_owner_of(actual), mode_and_owner(DROP_IN_MODE)
    if before != after:
        return [change("own", what, "its mode or owner differs", before=before, after=after)]
    return []


def make_plan(
    state: Mapping[str, Any],
    wanted: Options,
    remove: Collection[str] = (),
    environment: Mapping[str, Any] | None = None,
) -> Plan:
    """The changes to daemon.json and the drop-in, and last the reload or restart of the daemon that they need, if any.

    :param state: ``{exists, options, error, interrupted, installed, running, drop_in, argv, rules_missing}``; ``drop_in`` is what
        ``node_facts`` reports of the file, or None; ``argv`` the unit's command line; ``rules_missing`` whether the daemon's
        rules are missing in the kernel.
    :param environment: variables of dockerd; None leaves the drop-in as it is.
    """
    current = state["options"]
    plan: Plan = []
    if state["error"]:
        return plan  # nothing is planned over a text whose options are not known; see check_file
    merged = merge(current, wanted, remove)
    for name in sorted(set(current) | set(merged)):
        if name not in merged:
            plan.append(change("remove", "daemon.json: %s" % name, "not wanted", before=current[name]))
        elif name not in current:
            plan.append(change("add", "daemon.json: %s" % name, "missing", after=merged[name]))
        elif current[name] != merged[name]:
            plan.append(change("set", "daemon.json: %s" % name, "differs", before=current[name], after=merged[name]))
    if environment is not None:
        plan += _drop_in_plan(state["drop_in"], environment, state.get("argv") or [], merged)
    action = daemon_action(state, plan)
    return plan + ([action] if action else [])


def daemon_action(state: Mapping[str, Any], plan: Plan) -> Change | None:
    """The change that reloads or restarts the daemon after the changes of a plan, or None."""
    if not state["installed"]:
        return None
    if state["interrupted"]:
        return change("restart", "docker.service", "an earlier change of daemon.json was interrupted")
    if state.get("rules_missing"):
        return change("restart", "docker.service", "its rules in the kernel are missing: something removed them")
    if not plan:
        return None
    if not state["running"]:
        return change("restart", "docker.service", "it is not running")
    effective = [item for item in plan if item["do"] != "own"]
    if not effective:
        return None
    by_restart = [item["to"].split(": ")[-1] for item in effective if not _by_reload(item)]
    if by_restart:
        return change("restart", "docker.service", "only a restart applies %s" % ", ".join(by_restart))
    return change("reload", "docker.service", "a reload applies all that changes")


def _by_reload(item: Change) -> bool:
    name = item["to"].split(": ")[-1]
    return name in (RESET_BY_RELOAD if item["do"] == "remove" else RELOADABLE)


def failure_reason(journal: str) -> str:
    """Why the daemon did not start: the last line of its log that is neither routine nor from systemd."""
    routine = (
        "level=info",
        "level=debug",
        "level=warning",
        "docker.service:",
        "Starting ",
        "Stopped ",
        "Failed to start docker",
    )
    words = [line for line in journal.splitlines() if line and not any(part in line for part in routine)]
    return words[-1].strip() if words else ""

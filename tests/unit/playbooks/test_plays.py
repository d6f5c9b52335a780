# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""However a playbook is run, and on whatever inventory: no play is skipped in silence, and each has its strategy."""

from __future__ import annotations

import configparser
import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
# A play on hosts that an earlier play of the same playbook has chosen.
CHOSEN = "__restored"
HERE = "ansible_connection: local"


def plays(path):
    return [
        play
        for play in yaml.safe_load(path.read_text(encoding="utf-8"))
        if "ansible.builtin.import_playbook" not in play
    ]


def run(tmp_path, inventory, *arguments, playbook="site", **environment):
    (tmp_path / "hosts.yml").write_text(inventory, encoding="utf-8")
    return subprocess.run(
        ["ansible-playbook", "-i", str(tmp_path / "hosts.yml"), f"playbooks/{playbook}.yml", *arguments],
        cwd=ROOT, text=True, capture_output=True, timeout=120, check=False,
        env=dict(os.environ, ANSIBLE_NOCOLOR="1", ANSIBLE_FORCE_COLOR="0", HOME=str(tmp_path), **environment),
    )  # fmt: skip


def message(done):
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_every_play_checks_its_group_and_names_its_strategy(path):
    for play in plays(path):
        assert play["strategy"] == "ansible.builtin.linear", play["name"]
        if play["hosts"] != CHOSEN:
            assert play["hosts"] == "{{ query('dockyard.swarm.cluster_hosts') }}", play["name"]
            first = play["pre_tasks"][0]
            assert first["tags"] == ["always"]
            assert "dockyard.swarm.option_problems" in first["when"]


@pytest.mark.parametrize("playbook", ["site", "backup"])
def test_other_groups_are_an_error_that_names_them(tmp_path, playbook):
    done = run(tmp_path, "docker: {hosts: {a: {}}}", playbook=playbook)
    assert done.returncode != 0
    assert "group swarm, which this playbook works on, is not in the inventory. Groups found: docker." in message(done)


def test_playbooks_can_be_read_without_an_inventory(tmp_path):
    for option in ("--syntax-check", "--list-tags"):
        done = run(tmp_path, "all: {}", option)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_hosts_of_a_limited_run_can_be_listed(tmp_path):
    inventory = "swarm: {children: {swarm_managers: {hosts: {a: }}, swarm_workers: {hosts: {b: }}}}"
    done = run(tmp_path, inventory, "--list-hosts", "--limit", "b")
    assert done.returncode == 0, done.stderr
    assert "hosts (1):\n      b" in done.stdout


def test_an_address_from_facts_that_nobody_gathers_is_one_message(tmp_path):
    host = "{%s, ansible_host: '{{ ansible_default_ipv4.address }}'}" % HERE
    done = run(tmp_path, "swarm: {children: {swarm_managers: {hosts: {a: %s}}}}" % host)
    assert done.returncode != 0
    assert (
        "a: ansible_host refers to ansible_default_ipv4, which is not defined: the collection gathers no facts"
        in message(done)
    )
    assert "TASK" not in done.stdout


def test_wrong_options_are_told_with_their_hosts_before_any_host_is_read(tmp_path):
    inventory = "swarm: {children: {swarm_managers: {hosts: {a: {%s, swarm_engine_api: maybe}, b: {%s}, c: {%s}}}}}"
    done = run(tmp_path, inventory % (HERE, HERE, HERE), "-e", "swarm_engine_parallel=none")
    assert done.returncode != 0
    assert "a: swarm_engine_api is the text" in message(done)
    assert "a, b, c: swarm_engine_parallel is the text" in message(done)
    assert "Read everything" not in done.stdout


def test_encrypted_values_count_as_what_they_are_and_are_not_shown(tmp_path):
    (tmp_path / "password").write_text("open sesame\n")
    lines = ["swarm_managers:", "  hosts:", "    a:", "      ansible_connection: local"]
    values = {
        "swarm_engine_parallel": "3", "swarm_engine_api": "no", "swarm_registry_hostname": "registry.example.org",
        "swarm_dns_cache_size": "geheim", "swarm_node_availability": "gone",
    }  # fmt: skip
    for name, value in values.items():
        done = subprocess.run(
            ["ansible-vault", "encrypt_string", "--vault-password-file", str(tmp_path / "password"), "--name", name, value],
            cwd=ROOT, text=True, capture_output=True, timeout=60, check=True,
        )  # fmt: skip
        lines += [f"      {line}" for line in done.stdout.splitlines()]
    lines += ["swarm:", "  children:", "    swarm_managers:"]
    done = run(tmp_path, "\n".join(lines), "--vault-password-file", str(tmp_path / "password"))
    assert "a: swarm_dns_cache_size is the text (not shown), and has to be a whole number" in message(done)
    assert "a: swarm_node_availability is the text (not shown), and has to be one of" in message(done)
    for name in ("geheim", "gone", "swarm_engine_parallel", "swarm_engine_api", "swarm_registry_hostname"):
        assert name not in message(done)


def test_groups_may_have_other_names(tmp_path):
    hosts = "hosts: {a: {%s, swarm_node_availability: gone}}" % HERE
    inventory = "swarm: {children: {bosses: {%s}}, vars: {swarm_cluster_manager_group: bosses}}"
    done = run(tmp_path, inventory % hosts)
    assert "swarm_cluster_manager_group" not in message(done)
    assert "swarm_node_availability is the text" in message(done)


def test_another_strategy_of_the_environment_does_not_count(tmp_path):
    inventory = "swarm: {children: {swarm_managers: {hosts: {a: {%s, swarm_engine_api: maybe}}}}}"
    done = run(tmp_path, inventory % HERE, ANSIBLE_STRATEGY="there.is.none")
    assert "a: swarm_engine_api is the text" in message(done)


def settings(text):
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser


def test_the_repositorys_settings_keep_no_run_waiting_and_no_password_out():
    arguments = settings((ROOT / "ansible.cfg").read_text())["ssh_connection"]["ssh_args"]
    assert "ServerAliveInterval=5" in arguments
    assert "ServerAliveCountMax=3" in arguments
    assert "PreferredAuthentications" not in arguments


def test_the_guide_has_the_same_settings():
    text = (ROOT / "docs" / "docsite" / "rst" / "drift.rst").read_text()
    block = text.split(".. code-block:: ini\n", 1)[1].split("\n\nSSH", 1)[0]
    guide = settings("\n".join(line.strip() for line in block.splitlines()))
    own = settings((ROOT / "ansible.cfg").read_text())
    for section in guide.sections():
        for name, value in guide[section].items():
            assert own[section][name] == value

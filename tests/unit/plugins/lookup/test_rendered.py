# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleError
from jinja2 import Environment, FileSystemLoader, meta

from ansible_collections.dockyard.swarm.plugins.lookup import rendered

ROLES = Path(__file__).resolve().parents[4] / "roles"
TEMPLATES = sorted(path.relative_to(ROLES) for path in ROLES.glob("*/templates/*.j2"))
# A value of each name, as far as a template does not do with a text.
SPECIAL = {"modules": ["overlay", "vxlan"], "sysctls": {"b.c": 2, "a.b": 1}, "file_period": "day"}


def render(name, **values):
    (text,) = rendered.LookupModule().run([name], variables={"whatever": "the host has"}, **values)
    return text


def test_the_texts_are_what_the_hosts_have():
    assert render("swarm_logging/journald.conf", max_use="1G") == (
        "# Written by dockyard.swarm, role swarm_logging.\n"
        "# Containers log to the journal. It keeps every line, and this much of them.\n"
        "[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\nRateLimitBurst=0\nSystemMaxUse=1G\n"
    )
    assert render("swarm_host/modules-load.conf", modules=["overlay", "vxlan"]) == (
        "# Kernel modules of a swarm node, written by dockyard.swarm\noverlay\nvxlan\n"
    )
    assert render("swarm_host/modules-load.conf", modules=[]).count("\n") == 1
    assert render("swarm_host/sysctl.conf", sysctls=SPECIAL["sysctls"]) == (
        "# Kernel parameters of a swarm node, written by dockyard.swarm\na.b=1\nb.c=2\n"
    )
    assert render("swarm_logging/tmpfiles.conf", dir="/var/log/swarm", keep_days=30).endswith(
        "last line.\nd /var/log/swarm 0750 root adm m:30d\n"
    )


@pytest.mark.parametrize(("period", "end"), [("day", 10), ("hour", 13)])
def test_files_of_the_collector_are_named_by_day_or_hour(period, end):
    values = {"etc": "/etc/x", "spool": "/spool", "dir": "/logs", "port": 6514, "client_hostname": "client"}
    assert f'position.from="1" position.to="{end}"\n' in render(
        "swarm_logging/collector.conf", file_period=period, **values
    )


def test_the_registrys_configuration_is_yaml_whatever_its_values_are():
    values = {"hostname": "it's: #1 <registry>", "secret": "12345"}
    settings = yaml.safe_load(render("swarm_registry/config.yml", **values))
    assert settings["auth"]["htpasswd"]["realm"] == values["hostname"]
    assert settings["http"]["secret"] == "12345"


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_every_template_renders_with_its_values_and_asks_for_them(path):
    name = f"{path.parts[0]}/{path.stem}"
    source = (ROLES / path).read_text(encoding="utf-8")
    asked = meta.find_undeclared_variables(Environment(loader=FileSystemLoader(ROLES)).parse(source))
    values = {key: SPECIAL.get(key, f"/{key}/") for key in asked}
    text = render(name, **values)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "{{" not in text
    assert "{%" not in text
    assert [key for key in asked - set(SPECIAL) if f"/{key}/" not in text] == []
    for key in asked:
        with pytest.raises(AnsibleError, match=rf"roles/{path}, line \d+: '{key}' is undefined"):
            render(name, **{other: value for other, value in values.items() if other != key})


def test_a_missing_value_is_named_with_file_and_line():
    with pytest.raises(AnsibleError) as error:
        render("swarm_logging/tmpfiles.conf", dir="/var/log/swarm")
    assert str(error.value) == "roles/swarm_logging/templates/tmpfiles.conf.j2, line 2: 'keep_days' is undefined"


def test_a_broken_template_is_named_with_file_and_line(tmp_path, monkeypatch):
    folder = tmp_path / "swarm_x" / "templates"
    folder.mkdir(parents=True)
    (folder / "a.conf.j2").write_text("one\n{% if %}\n", encoding="utf-8")
    monkeypatch.setattr(rendered, "ROLES", str(tmp_path))
    monkeypatch.setattr(rendered._ENVIRONMENT, "loader", FileSystemLoader(tmp_path))
    with pytest.raises(AnsibleError, match=r"roles/swarm_x/templates/a.conf.j2, line 2: "):
        render("swarm_x/a.conf")


@pytest.mark.parametrize("name", ["swarm_logging/nothing", "swarm_nothing/sender.conf", "sender.conf", "/etc/passwd"])
def test_a_template_that_is_not_there_is_named(name):
    with pytest.raises(AnsibleError, match="this collection has no such template"):
        render(name)

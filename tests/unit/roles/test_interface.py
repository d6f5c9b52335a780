# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role says of itself is true: defaults, argument specs, dependencies and README agree."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml


class Loader(yaml.SafeLoader):
    """Reads Ansible's own tag, too."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
SHARED = "swarm_cluster"  # the role that all others depend on


def load(role, *parts):
    path = ROOT.joinpath("roles", role, *parts)
    return (yaml.load(path.read_text(encoding="utf-8"), Loader) or {}) if path.exists() else {}


def options(role):
    return load(role, "meta", "argument_specs.yml")["argument_specs"]["main"].get("options", {})


def normal(value):
    """A template's line breaks carry no meaning."""
    return " ".join(value.split()) if isinstance(value, str) and "{{" in value else value


@pytest.fixture(params=ROLES)
def role(request):
    return request.param


def test_there_are_roles():
    assert SHARED in ROLES


def test_defaults_and_argument_specs_have_the_same_values(role):
    defaults = load(role, "defaults", "main.yml")
    specs = options(role)
    required = {name for name, option in specs.items() if option.get("required") or "default" not in option}
    assert set(defaults) <= set(specs)
    assert set(specs) - required <= set(defaults)
    for name, value in defaults.items():
        computed = isinstance(value, str) and "{{" in value
        if computed and specs[name]["type"] == "dict":
            # Documentation tools evaluate defaults, and a template is no dictionary: the description tells it instead.
            assert "default" not in specs[name], f"{name}: no default in the spec, please: it is a template of a dict"
        else:
            assert normal(specs[name].get("default")) == normal(value), name


def test_every_option_has_a_type_and_a_description(role):
    def check(named, path):
        for name, option in named.items():
            where = f"{path}{name}"
            assert option.get("type"), f"{where}: no type"
            assert option.get("description"), f"{where}: no description"
            if option["type"] == "list":
                assert option.get("elements"), f"{where}: no elements"
            check(option.get("options", {}), f"{where}.")

    check(options(role), "")


def test_names_carry_the_roles_prefix(role):
    public = [*load(role, "defaults", "main.yml"), *options(role)]
    assert [name for name in public if not name.startswith(f"{role}_")] == []
    files = sorted((ROOT / "roles" / role / "vars").rglob("*.yml"))
    internal = [name for path in files for name in load(role, *path.relative_to(ROOT / "roles" / role).parts)]
    assert internal, "no variables found"
    assert [name for name in internal if not name.removeprefix("__").startswith(f"{role}_")] == []
    assert len(internal) == len(set(internal)), "a variable is set twice"


def test_meta_names_dependencies_license_and_platforms(role):
    meta = load(role, "meta", "main.yml")
    expected = [] if role == SHARED else [{"role": f"dockyard.swarm.{SHARED}"}]
    assert meta["dependencies"] == expected
    info = meta["galaxy_info"]
    assert info["license"] == "GPL-3.0-or-later"
    assert info["min_ansible_version"] == "2.18"
    assert {platform["name"] for platform in info["platforms"]} >= {"Debian", "Ubuntu"}


def test_the_readme_names_every_option(role):
    text = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    assert [name for name in options(role) if name not in text] == []

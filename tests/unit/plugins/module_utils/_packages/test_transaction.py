# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._core.versions import fits
from ansible_collections.dockyard.swarm.plugins.module_utils._packages import transaction

OLD, NEW = "5:26.1.5-1~debian.13~trixie", "5:28.5.2-1~debian.13~trixie"
NEWEST = "5:29.0.1-1~debian.13~trixie"


def wanted(**changed):
    return dict({"names": ["docker-ce"], "versions": {}, "hold": [], "remove": {}}, **changed)


def plan(packages, holds=(), offers=None, strict=False, **changed):
    state = {"packages": packages, "holds": list(holds), "candidates": {} if offers is None else {"docker-ce": offers}}
    found = transaction.make_plan(state, wanted(**changed), strict)
    return [(item["do"], item["to"], item["why"], item["before"], item["after"]) for item in found]


@pytest.mark.parametrize("version", ["", "28", "28.5", NEW, ">=28"])
def test_what_fits_stays(version):
    assert plan({"docker-ce": NEW}, versions={"docker-ce": version}) == []


@pytest.mark.parametrize(
    ("version", "offers", "after"),
    [("", None, "docker-ce"), ("28", None, "28"), ("28", [NEWEST, NEW], NEW), ("latest", None, "docker-ce")],
)
def test_what_is_missing_is_installed(version, offers, after):
    found = plan({}, offers=offers, versions={"docker-ce": version})
    assert found == [("install", "package docker-ce", "missing", None, after)]


@pytest.mark.parametrize(
    ("version", "offers", "expected"),
    [
        ("28", [NEWEST, NEW, OLD], ("upgrade", "package docker-ce", "28 is asked for", OLD, NEW)),
        ("28", None, ("upgrade", "package docker-ce", "28 is asked for", OLD, "28")),
        ("24", None, ("downgrade", "package docker-ce", "24 is asked for", OLD, "24")),
        (">=28.0", None, ("upgrade", "package docker-ce", ">=28.0 is asked for", OLD, ">=28.0")),
        ("latest", [NEWEST, NEW], ("upgrade", "package docker-ce", "a newer one is there", OLD, NEWEST)),
    ],
)
def test_another_version(version, offers, expected):
    assert plan({"docker-ce": OLD}, offers=offers, versions={"docker-ce": version}) == [expected]


@pytest.mark.parametrize("offers", [[NEW], [OLD], [], None])
def test_the_latest_is_never_a_downgrade(offers):
    assert plan({"docker-ce": NEW}, offers=offers, versions={"docker-ce": "latest"}) == []


def test_a_version_that_cannot_be_had_is_an_error_that_names_those_that_can():
    with pytest.raises(PlanError, match=r"version 99 of package docker-ce .* nothing was changed: .* 5:29.0.1.*, 5:26"):
        plan({}, offers=[NEWEST, OLD], versions={"docker-ce": "99"}, strict=True)
    with pytest.raises(PlanError, match=r"no version of it$"):
        plan({}, offers=[], versions={"docker-ce": "99"}, strict=True)
    assert plan({}, offers=[OLD], versions={"docker-ce": "99"}) == [
        ("install", "package docker-ce", "missing", None, "99")
    ]


def test_holds_come_after_what_is_held():
    assert [line[0] for line in plan({}, hold=["docker-ce"])] == ["install", "hold"]
    assert plan({"docker-ce": NEW}, hold=["docker-ce"]) == [
        ("hold", "package docker-ce", "it is not held", "free", "held")
    ]
    assert plan({"docker-ce": NEW}, holds=["docker-ce"], hold=["docker-ce"]) == []
    assert plan({"docker-ce": NEW}, holds=["docker-ce"]) == []


def test_a_held_package_is_changed_and_the_plan_says_so():
    found = plan({"docker-ce": OLD}, holds=["docker-ce"], versions={"docker-ce": "28"})
    assert found == [("upgrade", "package docker-ce", "28 is asked for; it is held, and will be again", OLD, "28")]


def test_what_gets_in_the_way_is_removed_where_it_is():
    remove = {"docker.io": "docker-ce takes its place", "runc": "x"}
    assert plan({"docker.io": "26", "docker-ce": NEW}, remove=remove) == [
        ("remove", "package docker.io", "docker-ce takes its place", "26", None)
    ]


@pytest.mark.parametrize(
    ("packages", "version", "expected"),
    [
        ({}, "", []), ({}, "28", ["docker-ce"]), ({}, "latest", []), ({"docker-ce": NEW}, "28", []),
        ({"docker-ce": NEW}, "29", ["docker-ce"]), ({"docker-ce": NEW}, "latest", ["docker-ce"]),
    ],
)  # fmt: skip
def test_the_package_manager_is_asked_only_where_it_matters(packages, version, expected):
    assert transaction.undecided({"packages": packages}, wanted(versions={"docker-ce": version})) == expected


NAMES = ("docker-ce", "docker-ce-cli", "containerd.io", "docker.io", "rsyslog")
OFFERS = [NEWEST, NEW, OLD]


@given(
    packages=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(OFFERS)),
    holds=st.lists(st.sampled_from(NAMES), unique=True),
    names=st.lists(st.sampled_from(NAMES), unique=True),
    versions=st.dictionaries(
        st.sampled_from(NAMES), st.sampled_from(["", "26", "28.5", "29.0.1", "latest", NEW, ">=28"])
    ),
    hold=st.lists(st.sampled_from(NAMES), unique=True),
    remove=st.lists(st.sampled_from(NAMES), unique=True),
)
def test_whatever_is_there_the_plan_leads_to_what_is_wanted(packages, holds, names, versions, hold, remove):
    asked = wanted(
        names=names, versions=versions, hold=hold, remove={name: "x" for name in remove if name not in names}
    )
    state = {"packages": dict(packages), "holds": list(holds), "candidates": dict.fromkeys(NAMES, OFFERS)}
    for item in transaction.make_plan(state, asked, strict=True):
        name = item["name"]
        if item["do"] == "remove":
            assert name not in names
            del state["packages"][name]
        elif item["do"] == "hold":
            state["holds"].append(name)
        else:
            state["packages"][name] = item["target"] or OFFERS[0]
    assert transaction.make_plan(state, asked, strict=True) == []
    for name in names:
        version = versions.get(name) or ""
        assert version in ("", "latest") or fits(state["packages"][name], version)
    assert set(hold) & set(state["packages"]) <= set(state["holds"])
    for name in set(packages) - set(names) - set(remove):
        assert state["packages"][name] == packages[name]

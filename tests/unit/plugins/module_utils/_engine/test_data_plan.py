# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.filter.plan_text import plan_text
from ansible_collections.dockyard.swarm.plugins.module_utils._engine import data_plan
from ansible_collections.dockyard.swarm.plugins.module_utils._engine.data_checks import check
from tests.unit.data_example import ITEM, move, state, target, tree


def lines(found):
    return plan_text(data_plan.make_plan(found))


def test_data_that_may_lie_anywhere_stays():
    assert lines(state()) == []
    assert check(state()) == []


def test_the_plan_names_size_and_both_places():
    found = state(targets={"docker": target("/srv/docker")})
    (item,) = data_plan.make_plan(found)
    assert (item["do"], item["before"], item["after"]) == ("move", "/var/lib/docker", "/srv/docker")
    assert item["why"] == "data-root is to be /srv/docker: 1000 MiB are copied while the Engine is stopped"
    assert check(found) == []


def test_an_engine_without_data_only_gets_its_settings():
    found = state(
        docker=tree("/var/lib/docker", holds=False),
        containerd=tree("/var/lib/containerd", holds=False),
        targets={"docker": target("/srv/docker"), "containerd": target("/srv/containerd")},
    )
    # daemon.json is another module's.
    assert lines(found) == ["set containerd: root: /var/lib/containerd → /srv/containerd"]


@pytest.mark.parametrize(
    ("kind", "empty", "live", "planned", "refused"),
    [
        ("absent", False, False, True, False),
        ("folder", True, False, True, False),
        ("folder", False, False, True, True),
        ("link", False, False, True, False),
    ],
)
def test_a_link_is_made_to_data_that_is_in_place(kind, empty, live, planned, refused):
    default = {
        "path": "/var/lib/docker",
        "place": "/var/lib/docker",
        "kind": kind,
        "empty": empty,
        "live": live,
        "mount": False,
    }
    found = state(
        docker=tree("/srv/docker", default=default),
        targets={"docker": target("/srv/docker", same=True)},
        wanted={"link": True},
    )  # fmt: skip
    assert bool(lines(found)) is planned
    assert bool(check(found)) is refused


def test_a_move_that_was_cut_short_is_finished_or_abandoned():
    interrupted = move(trees=[ITEM])
    (line,) = lines(state(targets={"docker": target("/srv/docker")}, move=interrupted))
    assert line == "finish move of /var/lib/docker to /srv/docker: it was interrupted"
    (line,) = lines(state(move=interrupted))
    assert line.startswith("abandon move of /var/lib/docker to /srv/docker")
    found = lines(state(targets={"docker": target("/srv/other")}, move=interrupted))
    assert [line.split(":")[0] for line in found] == [
        "abandon move of /var/lib/docker to /srv/docker",
        "move /var/lib/docker",
    ]
    # The daemon uses the new place already.
    assert lines(state(docker=tree("/srv/docker"), move=interrupted))[0].startswith("finish")


def test_old_copies_are_removed_when_they_are_not_wanted():
    kept = [{"path": "/var/lib/docker.dockyard-old", "of": "/var/lib/docker"}]
    assert lines(state(kept=kept)) == []
    assert lines(state(kept=kept, wanted={"keep_old": False}))[0].startswith("remove /var/lib/docker.dockyard-old")
    found = lines(state(targets={"docker": target("/srv/docker")}, wanted={"keep_old": False}))
    assert [line.split(":")[0] for line in found] == ["move /var/lib/docker", "remove /var/lib/docker.dockyard-old"]


places = st.sampled_from(["/var/lib/docker", "/srv/a", "/srv/b", "/var/lib/containerd"])


@st.composite
def states(draw):
    """A host with its data anywhere, and wishes for any place."""
    where = {name: draw(places) for name in ("docker", "containerd")}
    wanted = {name: draw(st.none() | places) for name in where}
    link = draw(st.booleans())
    trees = {}
    for name, place in where.items():
        default = data_plan.DEFAULTS[name]
        facts = {"path": default, "place": default, "kind": draw(st.sampled_from(["absent", "folder", "link"])),
                 "empty": True, "live": default == place, "mount": False}  # fmt: skip
        trees[name] = tree(place, holds=draw(st.booleans()), default=facts)
    targets = {name: target(path, same=path == where[name]) for name, path in wanted.items() if path}
    return state(targets=targets, wanted={"link": link, "keep_old": draw(st.booleans())}, **trees)


def applied(found):
    """The state that the plan leads to, as module and role bring it about."""
    after = json.loads(json.dumps(found))
    for item in data_plan.moves(found):
        after[item["tree"]]["place"] = item["target"]
        after[item["tree"]]["default"]["place"] = (
            item["target"] if item["link"] else after[item["tree"]]["default"]["place"]
        )
        after["kept"].append({"path": item["parked"], "of": item["source"]})
    for item in data_plan.make_plan(found):
        if item["do"] == "link":
            name = next(name for name, path in data_plan.DEFAULTS.items() if path == item["to"])
            after[name]["default"]["place"] = after[name]["place"] = item["after"]
        if item["do"] == "set":
            after["containerd"]["place"] = item["after"]
        if item["do"] == "remove":
            after["kept"] = [kept for kept in after["kept"] if kept["path"] != item["to"]]
    for name, there in after["targets"].items():
        there["same"] = after[name]["place"] == there["place"]
        if name == "docker" and not there["same"] and not after[name]["holds"]:
            there["same"] = True  # daemon_config writes it
    return after


@given(states())
def test_a_second_plan_is_empty_and_data_is_where_it_was_wanted(found):
    after = applied(found)
    assert data_plan.make_plan(after) == []
    for name, path in data_plan.wanted_roots(found["wanted"]).items():
        if path and found[name]["holds"]:
            assert after[name]["place"] == path
        if not path:
            assert after[name]["place"] == found[name]["place"]


options = st.dictionaries(st.sampled_from(["debug", "data-root", "mtu"]), st.integers(), max_size=3)


@given(st.none() | options, st.none() | st.just("/srv/docker"))
def test_daemon_json_gets_its_data_root_and_keeps_the_rest(before, root):
    text = None if before is None else json.dumps(before)
    after = data_plan.with_data_root(text, root)
    found = json.loads(after or "{}")
    assert found.pop("data-root", None) == root
    assert found == {name: value for name, value in (before or {}).items() if name != "data-root"}
    assert data_plan.with_data_root(after, root) == after


@pytest.mark.parametrize(
    ("name", "size", "wanted"),
    [
        ("swarm/raft/wal-v3-encrypted/0.wal", 1 << 40, True),
        ("swarm/certificates/swarm-node.crt", 900, True),
        ("165536.165536/swarm/state.json", 900, True),
        ("image/overlay2/imagedb/content/sha256/abc", 900, True),
        ("overlay2/abc/lower", 900, True),
        ("overlay2/abc/diff/etc/passwd", 900, False),
        ("containers/abc/abc-json.log", 1 << 30, False),
        ("volumes/metadata.db", 900, True),
        ("volumes/data/_data/file", 900, False),
        ("io.containerd.metadata.v1.bolt/meta.db", 900, True),
        ("io.containerd.content.v1.content/blobs/sha256/abc", 900, False),
    ],
)
def test_content_is_compared_where_it_says_what_the_rest_means(name, size, wanted):
    assert data_plan.exact(name, size) is wanted


@pytest.mark.parametrize(
    ("name", "kind", "has_options", "own"),
    [
        ("overlay2/abc/merged", "overlay", False, True),
        ("containers/abc/mounts/shm", "tmpfs", False, True),
        ("100000.100000/containers/abc/mounts/shm", "tmpfs", False, True),
        ("volumes/nfs/_data", "nfs4", True, True),
        ("volumes/data/_data", "ext4", False, False),
        ("volumes", "ext4", False, False),
        ("overlay2", "ext4", False, False),
        ("io.containerd.snapshotter.v1.overlayfs/snapshots", "xfs", False, False),
        ("plugins/abc/propagated-mount", "ext4", False, True),
    ],
)
def test_mounts_of_the_engine_are_told_from_those_of_others(name, kind, has_options, own):
    assert data_plan.is_own_mount(name, kind, has_options) is own


BEFORE = {"images": ["i"], "volumes": ["v"], "containers": ["c"], "node_id": "n", "state": "active"}
HAVE = {"images": {"i", "j"}, "volumes": {"v"}, "containers": {"c"}}
ACTIVE = {"NodeID": "n", "LocalNodeState": "active"}


@pytest.mark.parametrize(
    ("before", "have", "swarm", "words"),
    [
        (BEFORE, HAVE, ACTIVE, None),
        ({}, HAVE, {}, None),
        (BEFORE, HAVE, {"LocalNodeState": "locked"}, None),
        (BEFORE, dict(HAVE, images=set()), ACTIVE, "1 of its 1 images are missing (i)"),
        (BEFORE, HAVE, dict(ACTIVE, NodeID="m"), "node in the swarm is m instead of n"),
        (BEFORE, HAVE, {"LocalNodeState": "inactive"}, "node in the swarm is none instead of n"),
        (BEFORE, HAVE, dict(ACTIVE, LocalNodeState="pending"), "is pending instead of active"),
        ({"node_id": "n"}, HAVE, dict(ACTIVE, LocalNodeState="pending"), None),
    ],
)
def test_an_engine_is_compared_with_what_it_was(before, have, swarm, words):
    found = data_plan.lacks(before, have, swarm)
    assert found is None if words is None else words in found

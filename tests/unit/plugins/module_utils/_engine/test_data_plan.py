# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.filter.plan_text import plan_text
from ansible_collections.dockyard.swarm.plugins.module_utils._engine import (
    daemon_json,
    data_facts,
    data_plan,
    data_steps,
    engine_plan,
)
from ansible_collections.dockyard.swarm.plugins.module_utils._engine import install as _engine_install
from ansible_collections.dockyard.swarm.plugins.module_utils._engine.containerd_config import (
    imports_of,
    root_of,
    with_root,
)
from ansible_collections.dockyard.swarm.plugins.module_utils._engine.data_checks import check
from ansible_collections.dockyard.swarm.plugins.module_utils._facts.swarm import stopped

GOOD_DISK = {"point": "/", "type": "ext4", "options": [], "types": True, "free_mib": 10000, "free_files": 100}


def tree(place, holds=True, **changed):
    default = {"path": place, "place": place, "kind": "folder", "empty": False, "live": True, "mount": False}
    found = {
        "root": place, "place": place, "holds": holds, "mount": False, "parked": place + ".dockyard-old", "foreign": [],
        "drivers": [], "default": default, "key": None, "flag": None, "error": None, "config": "x", "imported": None,
        "installed": True,
    }  # fmt: skip
    return dict(found, **changed)


def target(path, **changed):
    found = {
        "path": path, "place": path, "kind": "absent", "same": False, "names": [], "holds": False, "used_mib": 1000,
        "files": 50, "fs": GOOD_DISK, "copied_mib": 0, "copied_files": 0,
    }  # fmt: skip
    return dict(found, **changed)


def state(docker=None, containerd=None, targets=None, wanted=None, **changed):
    targets = targets or {}
    paths = {"data_root": targets.get("docker"), "containerd_root": targets.get("containerd")}
    asked = {key: item["path"] for key, item in paths.items() if item}
    wanted = dict(data_plan.WANTED, **dict(asked, **(wanted or {})))
    found = {
        "docker": docker or tree("/var/lib/docker"), "containerd": containerd or tree("/var/lib/containerd"),
        "targets": targets, "wanted": wanted, "move": None, "kept": [], "installed": True, "others": [], "running_on": 0,
    }  # fmt: skip
    return dict(found, **changed)


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
    assert lines(found) == ["set containerd: root: differs"]


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


def move(phase="copy", trees=()):
    return {"phase": phase, "trees": list(trees)}


ITEM = {
    "tree": "docker",
    "source": "/var/lib/docker",
    "target": "/srv/docker",
    "parked": "/var/lib/docker.dockyard-old",
}


def test_a_move_that_was_cut_short_is_finished_or_abandoned():
    interrupted = move(trees=[ITEM])
    (line,) = lines(state(targets={"docker": target("/srv/docker")}, move=interrupted))
    assert line == "finish move of /var/lib/docker to /srv/docker: it was cut short"
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


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"fs": dict(GOOD_DISK, free_mib=1100)}, ["1000 MiB", "needs 1114 MiB", "1100 MiB are free at /srv/docker"]),
        ({"fs": dict(GOOD_DISK, free_files=10)}, ["inodes", "50 files", "10 more"]),
        ({"fs": dict(GOOD_DISK, type="nfs4")}, ["nfs4", "swarm_engine_data_network_fs"]),
        ({"fs": dict(GOOD_DISK, type="tmpfs")}, ["tmpfs", "gone after a reboot"]),
        ({"fs": dict(GOOD_DISK, options=["ro"])}, ["mounted with ro"]),
        ({"fs": dict(GOOD_DISK, types=False)}, ["d_type", "ftype=1"]),
        ({"holds": True, "names": ["image"]}, ["holds the data of another Engine already", "/var/lib/docker"]),
        ({"names": ["letters"]}, ["not empty (letters)"]),
        ({"kind": "other"}, ["no folder"]),
        ({"place": "/var/lib/docker/new"}, ["lies in /var/lib/docker"]),
        ({"place": "/var/lib"}, ["would hold /var/lib/docker", "would hold /var/lib/containerd"]),
        ({"place": "/var/lib/containerd"}, ["lies in /var/lib/containerd"]),
    ],
)
def test_what_stands_in_the_way_is_told_with_a_remedy(changed, words):
    text = "; ".join(check(state(targets={"docker": target("/srv/docker", **changed)})))
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"docker": tree("/var/lib/docker", foreign=["/var/lib/docker/volumes"])}, ["mounted at /var/lib/docker/volumes"]),
        ({"docker": tree("/var/lib/docker", drivers=["btrfs"])}, ["storage driver btrfs"]),
        ({"docker": tree("/var/lib/docker", flag="--data-root")}, ["flag --data-root of the unit of docker"]),
        ({"docker": tree("/var/lib/docker", error="no JSON")}, ["no JSON"]),
        ({"containerd": tree("/var/lib/containerd", imported="/etc/x.toml")}, ["/etc/x.toml"]),
        ({"containerd": tree("/var/lib/containerd", installed=False)}, ["no containerd.service"]),
        ({"others": ["k8s.io"]}, ["namespaces k8s.io"]),
        ({"running_on": 2}, ["2 containers would run on", "live-restore"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_host_is_told_with_a_remedy(changed, words):
    found = state(targets={"docker": target("/srv/docker"), "containerd": target("/srv/containerd")}, **changed)
    text = "; ".join(check(found))
    for word in words:
        assert word in text


def test_two_trees_do_not_share_a_place_and_paths_are_absolute():
    both = {"docker": target("/srv/data"), "containerd": target("/srv/data")}
    assert "lies in /srv/data" in "; ".join(check(state(targets=both)))
    assert "no absolute path" in check(state(wanted={"data_root": "srv"}))[0]


def test_a_network_file_system_may_be_allowed_and_a_copy_that_is_there_counts_as_space():
    disk = dict(GOOD_DISK, type="nfs4", free_mib=200)
    wanted = {"docker": target("/srv/docker", fs=disk, copied_mib=950)}
    assert check(state(targets=wanted, wanted={"network_fs": True})) == []


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


CONFIGS = [
    None,
    "",
    "version = 2\n",
    '# Docker\'s own\ndisabled_plugins = ["cri"]\n\n#root = "/var/lib/containerd"\n',
    """version = 3
root = '/old'
imports = [
  "conf.d/*.toml",
]
[plugins]
  [plugins."io.containerd.x"]
    root = "/not this"
""",
    'version = 2\n[[stream]]\n  root = "/not this"\n',
]


@pytest.mark.parametrize("text", CONFIGS)
def test_the_root_of_containerd_is_set_above_all_tables_and_taken_out_again(text):
    new = with_root(text, "/srv/containerd")
    assert root_of(new) == "/srv/containerd"
    assert with_root(new, "/srv/containerd") == new
    assert "/not this" not in (text or "") or '"/not this"' in new
    if text is None or "/old" not in text:
        assert with_root(new, None) == text
    else:
        assert root_of(with_root(new, None)) is None
        assert with_root(new, "/old").replace('"/old"', "'/old'") == text


def test_imports_of_a_config_are_seen():
    assert imports_of(CONFIGS[4]) == ["conf.d/*.toml"]
    assert imports_of(CONFIGS[0]) == []


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


# What is read of a host.


@pytest.fixture
def host(tmp_path, monkeypatch):
    root = str(tmp_path)
    for name in ("docker", "containerd"):
        monkeypatch.setitem(data_plan.DEFAULTS, name, "%s/%s" % (root, name))
    monkeypatch.setattr(data_facts, "MOVE_JOURNAL", root + "/journal")
    monkeypatch.setattr(data_facts, "CONTAINERD_CONFIG", root + "/config.toml")
    os.makedirs(root + "/docker/containers")
    os.makedirs(root + "/containerd/io.containerd.metadata.v1.bolt")
    return root


def read(units=None, options=None, engine=None, **wanted):
    daemon = {"exists": True, "options": options or {}, "error": None}
    return data_facts.read_data(daemon, units or {}, {"info": engine or {}}, wanted)


def test_places_are_read_from_engine_flag_file_and_default(host):
    assert read()["docker"]["place"] == host + "/docker"
    assert read(options={"data-root": "/nothing/there"})["docker"]["place"] == host + "/docker"
    assert read(engine={"data_root": "/srv/d/100000.100000"})["docker"]["root"] == "/srv/d"
    argv = ["dockerd", "-H", "fd://", "--data-root", "/srv/flag"]
    os.rmdir(host + "/docker/containers")
    found = read({"docker.service": {"argv": argv}}, {"data-root": "/srv/file"})["docker"]
    assert (found["root"], found["flag"], found["key"]) == ("/srv/flag", "--data-root", "/srv/file")


def test_containerds_root_is_read_from_its_file_what_that_takes_in_and_the_flag(host, tmp_path):
    assert read()["containerd"]["place"] == host + "/containerd"
    (tmp_path / "config.toml").write_text('root = "/srv/c"\nimports = ["more/*.toml"]\n')
    assert read()["containerd"]["root"] == "/srv/c"
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "x.toml").write_text('root = "/srv/more"\n')
    found = read()["containerd"]
    assert (found["root"], found["imported"]) == ("/srv/more", host + "/more/x.toml")
    (tmp_path / "other.toml").write_text('root = "/srv/other"\n')
    argv = ["containerd", "--config=" + host + "/other.toml", "--root=/srv/flag"]
    found = read({"containerd.service": {"argv": argv}})["containerd"]
    assert (found["root"], found["flag"], found["config"]) == ("/srv/flag", "--root", host + "/other.toml")


def test_a_wanted_place_is_measured_only_where_data_has_to_move(host, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(data_facts, "_look_closely", lambda _facts: pytest.fail("measured"))
        assert read(data_root=host + "/docker")["targets"]["docker"]["same"] is True
        os.symlink("docker", host + "/link")
        assert read(data_root=host + "/link")["targets"]["docker"]["same"] is True
    found = read(data_root=host + "/new/place")
    there = found["targets"]["docker"]
    assert (there["same"], there["kind"], there["used_mib"]) == (False, "absent", 1)
    assert there["fs"]["free_mib"] > 0
    assert found["docker"]["parked"] == host + "/docker.dockyard-old"
    os.mkdir(host + "/docker.dockyard-old")
    assert read(data_root=host + "/new/place")["docker"]["parked"] == host + "/docker.dockyard-old-2"


def test_what_is_in_a_wanted_place_is_told(host):
    os.makedirs(host + "/new/lost+found")
    os.makedirs(host + "/new/.dockyard-incoming")
    assert read(data_root=host + "/new")["targets"]["docker"]["names"] == []
    os.makedirs(host + "/new/image")
    there = read(data_root=host + "/new")["targets"]["docker"]
    assert (there["names"], there["holds"]) == (["image"], True)
    assert read(data_root=host + "/containerd")["targets"]["docker"]["holds"] is True


def test_a_member_is_known_while_its_data_is_on_its_way(host):
    assert stopped(read()) == {}
    os.makedirs(host + "/docker/swarm")
    with open(host + "/docker/swarm/docker-state.json", "w", encoding="ascii"):
        pass
    assert stopped(read()) == {"LocalNodeState": "stopped"}
    os.rename(host + "/docker", host + "/docker.dockyard-old")
    item = dict(ITEM, source=host + "/docker", target=host + "/new", parked=host + "/docker.dockyard-old")
    data_facts.write_journal({"move": move("switch", [item]), "kept": []})
    assert stopped(read()) == {"LocalNodeState": "stopped"}


def test_the_journal_goes_when_there_is_nothing_to_keep(host):
    data_facts.write_journal({"move": None, "kept": [{"path": host + "/x", "of": "y"}]})
    assert read()["kept"] == []
    os.mkdir(host + "/x")
    assert len(read()["kept"]) == 1
    data_facts.write_journal({"move": None, "kept": []})
    assert not os.path.exists(host + "/journal")


def test_a_changed_data_root_is_refused_where_it_leaves_data_behind(host):
    def found(old, new):
        return data_facts.left_behind({"data-root": old} if old else {}, {"data-root": new} if new else {})

    assert found(None, host + "/new") == (host + "/docker", host + "/new")
    assert found(host + "/docker", None) is None
    assert found(host + "/empty", host + "/new") is None
    os.symlink("docker", host + "/link")
    assert found(None, host + "/link") is None
    os.makedirs(host + "/new/image")
    assert found(None, host + "/new") is None
    assert "engine_data" in daemon_json.check_data_root(("/old", "/new"))[0]


def test_mounts_in_a_tree_are_listed_and_dockers_own_on_itself_is_none():
    def mount(point, root, device="8:1", kind="ext4"):
        return {"point": point, "root": root, "device": device, "type": kind, "options": []}

    table = [
        mount("/", "/"),
        mount("/data", "/", "8:2"),
        mount("/var/lib/docker", "/var/lib/docker"),
        mount("/var/lib/docker/overlay2/x/merged", "/", "0:9", "overlay"),
        mount("/var/lib/docker/volumes", "/", "8:3"),
        mount("/srv/docker", "/elsewhere"),
    ]
    assert data_facts.inner_mounts("/var/lib/docker", table) == [
        ("/var/lib/docker/volumes", False),
        ("/var/lib/docker/overlay2/x/merged", True),
        ("/var/lib/docker", True),
    ]
    assert data_facts.is_mounted("/data", table) is True
    assert data_facts.is_mounted("/var/lib/docker", table) is False
    assert data_facts.is_mounted("/srv/docker", table) is True


def test_containers_of_others_are_told_by_their_shims(tmp_path):
    for pid, words in (
        ("1", ["/sbin/init"]),
        ("7", ["/usr/bin/containerd-shim-runc-v2", "-namespace", "k8s.io", "-id", "x"]),
    ):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "cmdline").write_bytes("\0".join([*words, ""]).encode())
    assert data_facts.shims(str(tmp_path)) == ["k8s.io"]


def test_who_writes_to_a_tree_is_told(tmp_path):
    import subprocess

    tail = subprocess.Popen(["tail", "-f", __file__], stdout=open(tmp_path / "out", "w", encoding="ascii"))  # noqa: SIM115
    try:
        (found,) = data_steps.writers(str(tmp_path))
        assert found.startswith("tail (process %d: %s/out)" % (tail.pid, tmp_path))
    finally:
        tail.kill()
        tail.wait()


def test_what_lasts_in_a_stopped_engine(tmp_path):
    def container(name, config, host=None):
        folder = tmp_path / "containers" / name
        folder.mkdir(parents=True)
        (folder / "config.v2.json").write_text(json.dumps(config))
        (folder / "hostconfig.json").write_text(json.dumps(host or {}))

    container("plain", {"Config": {"Labels": None}})
    container("task", {"Config": {"Labels": {"com.docker.swarm.task.id": "x"}}})
    container("removed", {"Config": {}}, {"AutoRemove": True})
    for name in ("data", "f" * 64):
        (tmp_path / "volumes" / name / "_data").mkdir(parents=True)
    assert data_steps.lasting(str(tmp_path)) == {"containers": ["plain"], "volumes": ["data"]}


UNIT = {"active": "active", "enabled": "enabled", "masked": False, "needs_daemon_reload": False, "argv": ["dockerd"]}


def test_the_role_plans_the_move_and_leaves_data_root_to_it():
    facts = {
        "packages": {"docker.io": "26"}, "files": {}, "engine": {"running": True, "version": "26", "images": {}},
        "units": {"docker.service": UNIT}, "swarm": {"state": "active"}, "os": {"family": "Debian"},
        "daemon": {"exists": False, "options": {}, "error": None, "interrupted": False},
        "data": state(targets={"docker": target("/srv/docker")}),
    }  # fmt: skip
    install = _engine_install.wanted(["docker.io"], hold=False)
    plan = engine_plan.engine_plan(facts, install, {"data-root": "/srv/docker"})
    assert [item["do"] for item in plan["all"]] == ["move"]
    # A swarm's node has to be out of service meanwhile; nothing else stops its Engine.
    assert (plan["disturbs"], plan["stops"]) == (True, False)
    facts["data"] = dict(
        facts["data"], docker=tree("/srv/docker"), targets={"docker": target("/srv/docker", same=True)}
    )
    found = engine_plan.engine_plan(facts, install, {"data-root": "/srv/docker"})
    assert [item["do"] for item in found["all"]] == ["add", "restart"]
    assert (found["disturbs"], found["stops"]) == (True, True)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._engine import daemon_json, data_facts, data_plan
from ansible_collections.dockyard.swarm.plugins.module_utils._facts.swarm import stopped
from tests.unit.data_example import ITEM, move


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

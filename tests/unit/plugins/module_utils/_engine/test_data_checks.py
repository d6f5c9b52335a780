# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._engine.data_checks import check
from tests.unit.data_example import GOOD_DISK, state, target, tree


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"fs": dict(GOOD_DISK, free_mib=1100)}, ["1000 MiB", "needs 1114 MiB", "1100 MiB are free at /srv/docker"]),
        ({"fs": dict(GOOD_DISK, free_files=10)}, ["inodes", "50 files", "10 more"]),
        ({"fs": dict(GOOD_DISK, type="nfs4")}, ["nfs4", "swarm_engine_data_network_fs"]),
        (
            {"fs": dict(GOOD_DISK, type="tmpfs")},
            ["the file system at / is tmpfs", "ext4, xfs, btrfs or zfs", "choose a folder"],
        ),
        ({"fs": dict(GOOD_DISK, options=["ro"])}, ["mounted with ro"]),
        ({"fs": dict(GOOD_DISK, types=False)}, ["d_type", "ftype=1"]),
        ({"holds": True, "names": ["image"]}, ["already holds the data of another Engine", "/var/lib/docker"]),
        ({"names": ["letters"]}, ["not empty (letters)"]),
        ({"kind": "other"}, ["not a folder"]),
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
        ({"docker": tree("/var/lib/docker", flag="--data-root")}, ["flag --data-root in the unit of docker"]),
        ({"docker": tree("/var/lib/docker", error="no JSON")}, ["no JSON"]),
        ({"containerd": tree("/var/lib/containerd", imported="/etc/x.toml")}, ["/etc/x.toml"]),
        ({"containerd": tree("/var/lib/containerd", installed=False)}, ["no containerd.service"]),
        ({"others": ["k8s.io"]}, ["namespaces k8s.io"]),
        ({"running_on": 2}, ["2 containers would keep running", "live-restore"]),
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
    assert "not an absolute path" in check(state(wanted={"data_root": "srv"}))[0]


def test_a_network_file_system_may_be_allowed_and_a_copy_that_is_there_counts_as_space():
    disk = dict(GOOD_DISK, type="nfs4", free_mib=200)
    wanted = {"docker": target("/srv/docker", fs=disk, copied_mib=950)}
    assert check(state(targets=wanted, wanted={"network_fs": True})) == []


def problems_on(kind, **wanted):
    return check(state(targets={"docker": target("/srv/docker", fs=dict(GOOD_DISK, type=kind))}, wanted=wanted))


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs"])
def test_file_systems_that_hold_layers_are_fit(kind):
    assert problems_on(kind) == []


@pytest.mark.parametrize(
    "kind",
    ["tmpfs", "ramfs", "overlay", "vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk", "squashfs", "iso9660", "aufs"],
)
def test_other_file_systems_are_refused_network_or_not(kind):
    for allowed in (False, True):
        (problem,) = problems_on(kind, network_fs=allowed)
        assert "is %s, and the data needs ext4" % kind in problem

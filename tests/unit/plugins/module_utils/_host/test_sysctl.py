# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._host import sysctl, sysctl_apply

LATER = "/etc/sysctl.d/zz-local.conf"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/ip_forward", "net/ipv4/ip_forward"),
        ("net.ipv4.conf.eth0/100.rp_filter", "net/ipv4/conf/eth0.100/rp_filter"),
        ("net/ipv4/conf/eth0.100/rp_filter", "net/ipv4/conf/eth0.100/rp_filter"),
        ("single", "single"),
    ],
)
def test_the_first_separator_decides(name, path):
    assert sysctl.path_of(name) == path


def test_the_last_line_counts_and_a_name_before_a_pattern():
    names = ["net.ipv4.ip_forward", "net.ipv4.conf.eth0/100.rp_filter", "net.ipv4.conf.lo.rp_filter", "vm.swappiness"]
    files = [
        ("/a", "net.ipv4.ip_forward=1\n; x=2\n#net.ipv4.ip_forward=7\n"),
        ("/b", "\n-net/ipv4/ip_forward =  0 \nnet.ipv4.conf.lo.rp_filter = 2\nkernel.sysrq=1\n"),
        ("/c", "net.ipv4.conf.*.rp_filter = 1\nnonsense\n"),
    ]
    found = sysctl.last_lines(files, names)
    assert {name: (item["path"], item["line"], item["value"]) for name, item in found.items()} == {
        "net.ipv4.ip_forward": ("/b", 2, "0"),
        "net.ipv4.conf.eth0/100.rp_filter": ("/c", 1, "1"),
        "net.ipv4.conf.lo.rp_filter": ("/b", 3, "2"),
    }


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (LATER, "0", True), (LATER, "1", False), ("/etc/sysctl.d/10-a.conf", "0", False), (sysctl.OWN_FILE, "0", False),
        ("/etc/ufw/sysctl.conf", "0", True), ("/usr/lib/sysctl.d/zz.conf", "0", True),
        ("/etc/sysctl.d/99-sysctl.conf", "0", False),
    ],
)  # fmt: skip
def test_a_line_that_counts_after_ours_is_named(path, value, named):
    lines = {"net.ipv4.ip_forward": {"path": path, "line": 3, "name": "net/ipv4/ip_forward", "value": value}}
    found = sysctl.check_lines({"net.ipv4.ip_forward": 1}, lines)
    assert found == [] or found[0].startswith("%s, line 3 sets kernel parameter net.ipv4.ip_forward to 0" % path)
    assert bool(found) is named


def test_files_are_read_in_the_order_of_systemd(tmp_path):
    texts = {
        "etc/sysctl.d/50-x.conf": "a.b=1\n",
        "usr/lib/sysctl.d/50-x.conf": "a.b=2\na.c=2\n",  # hidden by the one of the same name
        "usr/lib/sysctl.d/90-y.conf": "a.b=3\n",
        "run/sysctl.d/60-z.conf": "a.b=4\na.d=4\n",
        "etc/sysctl.d/ignored.txt": "a.b=5\n",
        "etc/ufw/sysctl.conf": "a/d=6\n",
        "etc/ufw/ufw.conf": "ENABLED=no\n",
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = sysctl_apply.read_lines(["a.b", "a.c", "a.d"], str(tmp_path))
    assert {name: (item["path"], item["value"]) for name, item in found.items()} == {
        "a.b": ("/usr/lib/sysctl.d/90-y.conf", "3"), "a.d": ("/run/sysctl.d/60-z.conf", "4"),
    }  # fmt: skip
    (tmp_path / "etc/ufw/ufw.conf").write_text("ENABLED=yes\n")
    assert sysctl_apply.read_lines(["a.d"], str(tmp_path))["a.d"]["path"] == "/etc/ufw/sysctl.conf"


def test_running_values(tmp_path):
    folder = tmp_path / "net/ipv4/conf/eth0.100"
    folder.mkdir(parents=True)
    (folder / "rp_filter").write_text("1\n")
    (tmp_path / "net/ipv4/tcp_rmem").write_text("4096\t131072\t6291456\n")
    names = ["net.ipv4.conf.eth0/100.rp_filter", "net.ipv4.tcp_rmem", "no.such"]
    values = sysctl_apply.read_values(names, str(tmp_path))
    assert values == {names[0]: "1", names[1]: "4096 131072 6291456", names[2]: None}
    assert sysctl.value_plan(values, {names[0]: 1, names[1]: " 4096 131072  6291456"}) == []
    (item,) = sysctl.value_plan(values, {names[0]: 2})
    assert (item["do"], item["to"], item["before"], item["after"]) == ("set", "sysctl " + names[0], "1", "2")

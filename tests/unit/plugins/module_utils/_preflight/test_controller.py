# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a controller's folder is the one that a cluster was made with."""

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._preflight import controller, controller_report

TRUST = "/etc/docker/certs.d/r:5000/ca.crt"
LABEL = "dockyard.swarm.controller."


def authority(fingerprint="sha256:ours", digests=("ours",), **changed):
    found = {
        "name": "authority", "what": "certificate authority", "file": "pki/ca.crt",
        "path": "/s/pki/ca.crt", "lost": "clients need it",
        "authority": True, "fingerprint": fingerprint, "digests": list(digests),
        "trusted_by": [{"path": TRUST}], "apply": ["a.yml"],
    }  # fmt: skip
    return dict(found, **changed)


def password(fingerprint="sha256:pass"):
    return {
        "name": "password", "what": "password", "file": "p", "path": "/s/p", "lost": "logins change", "authority": False,
        "fingerprint": fingerprint, "digests": [], "trusted_by": [], "apply": [], "length": 32,
    }  # fmt: skip


NO_AUTHORITY = authority(None, ())


def host(sha=None):
    return {"files": {TRUST: {"sha256": sha}} if sha else {}}


def plan(*secrets, labels=None, hosts=None, away=(), take_over=False, former=False, problem=None):
    folder = {"dir": "/s", "problem": problem, "former": former, "secrets": list(secrets)}
    spec = None if labels is None else {"Labels": {LABEL + name: value for name, value in labels.items()}}
    return controller.controller_plan(folder, spec, hosts or {}, list(away), take_over)


def words(found):
    return [(item["do"], item["to"].removeprefix("swarm label " + LABEL)) for item in found["steps"]]


def test_on_bare_hosts_what_is_missing_is_made():
    found = plan(NO_AUTHORITY, password(None), hosts={"h": host()})
    assert found["problems"] == []
    assert words(found) == [
        ("create", "certificate authority on the controller"),
        ("create", "password on the controller"),
    ]
    assert found["labels"] == {}


def test_a_folder_that_fits_has_nothing_to_do():
    labels = {"authority": "sha256:ours", "password": "sha256:pass"}
    found = plan(authority(), password(), labels=labels, hosts={"h": host("ours")})
    assert (found["problems"], found["steps"]) == ([], [])


def test_a_cluster_without_labels_gets_them_where_one_host_trusts_the_folder():
    found = plan(authority(), password(), labels={}, hosts={"h": host("ours"), "cut short": host("other")})
    assert words(found) == [("set", "authority"), ("set", "password")]
    assert found["labels"] == {LABEL + "authority": "sha256:ours", LABEL + "password": "sha256:pass"}


def test_a_swarm_that_is_to_be_made_gets_its_labels_with_its_first_settings():
    found = plan(authority(), hosts={"h": host()})
    assert (found["steps"], [item["after"] for item in found["marks"]]) == ([], ["sha256:ours"])


@pytest.mark.parametrize(
    ("folder", "labels", "shown", "wrong"),
    [
        (NO_AUTHORITY, {"authority": "sha256:x"}, None, "certificate authority is missing (pki/ca.crt)"),
        (authority(), {"authority": "sha256:x"}, None, "certificate authority is different (pki/ca.crt)"),
        # Before there is a label, what the hosts trust tells it.
        (NO_AUTHORITY, {}, "other", "certificate authority is missing (pki/ca.crt)"),
        (authority(), {}, "other", "certificate authority is different (pki/ca.crt)"),
        (NO_AUTHORITY, None, "other", "certificate authority is missing (pki/ca.crt)"),
    ],
)  # fmt: skip
def test_another_controller_is_stopped_by_one_message(folder, labels, shown, wrong):
    found = plan(folder, labels=labels, hosts={"h": host(shown)})
    (text,) = found["problems"]
    assert text.startswith("the folder /s on this controller is not the one that this cluster was made with: " + wrong)
    assert "-e swarm_cluster_take_over=true" in text
    assert "bring the folder" in text
    assert (found["steps"], found["make"], found["labels"]) == ([], [], {})


def test_everything_that_does_not_fit_is_in_that_message_with_what_it_costs():
    (text,) = plan(NO_AUTHORITY, password("sha256:y"), labels={"authority": "sha256:x", "password": "sha256:p"})[
        "problems"
    ]
    assert "certificate authority is missing (pki/ca.crt), password is different (p)" in text
    assert text.endswith("clients need it; logins change")


def test_the_swarms_word_goes_before_what_a_host_has():
    """A file on a host that somebody changed is put right by its role."""
    assert plan(authority(), labels={"authority": "sha256:ours"}, hosts={"h": host("other")})["problems"] == []


def test_an_empty_file_on_a_host_tells_nothing():
    assert plan(NO_AUTHORITY, hosts={"h": host(controller.EMPTY)})["problems"] == []


def test_a_take_over_makes_what_is_missing_and_keeps_the_former_authority():
    labels = {"authority": "sha256:x", "password": "sha256:p"}
    found = plan(NO_AUTHORITY, password("sha256:y"), labels=labels, hosts={"h": host("other")}, take_over=True)
    assert found["problems"] == []
    assert [item["name"] for item in found["make"]] == ["authority"]
    assert found["former"] == "sha256:x"
    assert found["untrusted"] == {"h": [TRUST]}
    assert found["trust"] == [{"path": TRUST}]
    assert words(found)[:2] == [("take over", "certificate authority"), ("take over", "password")]
    # Known only when it is made: the plan is made again then.
    assert found["labels"] == {LABEL + "password": "sha256:y"}


def test_a_take_over_that_was_cut_short_goes_on_without_being_asked_for():
    """The swarm has the new labels; hosts trust both authorities as long as the former one is kept."""
    found = plan(authority(), labels={"authority": "sha256:ours"}, hosts={"h": host("other")}, former=True)
    assert (found["problems"], found["trust"], found["apply"]) == ([], [{"path": TRUST}], ["a.yml"])
    assert words(found) == [("trust", "the former and the new certificate authority")]
    limited = plan(
        authority(), labels={"authority": "sha256:ours"}, hosts={"h": host("ours")}, former=True, away=["w9"]
    )
    assert (limited["trust"], limited["apply"]) == ([{"path": TRUST}], [])


def test_a_take_over_with_nothing_to_take_over_changes_nothing():
    assert (
        plan(authority(), labels={"authority": "sha256:ours"}, hosts={"h": host("ours")}, take_over=True)["steps"] == []
    )


def test_a_restored_swarm_with_older_labels_gets_the_present_ones():
    found = plan(authority(), labels={"authority": "sha256:old"}, hosts={"h": host("ours")}, take_over=True)
    assert (found["trust"], words(found)[-1]) == ([], ("set", "authority"))


def test_all_hosts_have_to_take_part_in_a_take_over():
    found = plan(
        NO_AUTHORITY, labels={"authority": "sha256:x"}, hosts={"h": host("other")}, away=["w9"], take_over=True
    )
    assert "these do not take part: w9" in found["problems"][0]
    logs = {"files": {controller.LOGGING_TRUST: {"sha256": "x"}}}
    found = plan(NO_AUTHORITY, labels={"authority": "sha256:x"}, hosts={"h": logs}, take_over=True)
    assert "/etc/dockyard/logging/sender-ca.crt on h trusts the certificate authority, too" in found["problems"][0]
    # A password has nothing to do with them.
    assert plan(password(None), labels={"password": "sha256:p"}, away=["w9"], take_over=True)["problems"] == []


def test_a_bad_path_is_a_problem():
    assert plan(problem="HOME is not set")["problems"] == ["HOME is not set"]


def looked_at(file, **changed):
    found = {
        "file": file,
        "folder": False,
        "mode": "0600",
        "wide": False,
        "encrypted": False,
        "secret": True,
        "expires": None,
    }
    return {**found, "error": None, **changed}


def test_the_report_names_each_item():
    found = controller.fits([authority(), password(None)], {LABEL + "password": "x"}, {})
    files = [
        looked_at("pki/ca.key", mode="0644", wide=True),
        looked_at("p", encrypted=True),
        looked_at("pki/a.crt", secret=False, expires="2030-01-01"),
    ]
    told = controller_report.report("/s", found, files, True)
    assert told["lines"] == [
        "folder: /s",
        "certificate authority (pki/ca.crt): ok, though the swarm has no fingerprint of it yet: site.yml adds it",
        "password (p): MISSING: the cluster has one",
        "pki/ca.key: permissions are too wide (0644): chmod 600",
        "pki/ca.key: not encrypted, though other files are: ansible-vault encrypt",
        "pki/a.crt: certificate expires on 2030-01-01: site.yml renews it",
    ]
    assert told["wrong"] == ["password (p): MISSING: the cluster has one"]

# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import copy
import hashlib
import json

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError, as_diff, public
from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan_text import as_line
from ansible_collections.dockyard.swarm.plugins.module_utils._services import stack as _stack

LABELS = {"dockyard.swarm.managed": "true", "com.docker.stack.namespace": "shop"}


def stack(**changes):
    wanted = {
        "name": "shop",
        "state": "present",
        "secrets": {"token": "very secret"},
        "configs": {"conf": "a = 1"},
        "services": {
            "web": {"image": "nginx:1", "secrets": [{"source": "token"}], "configs": [{"source": "conf"}]},
            "db": {"image": "db:1", "replicas": 2},
        },
    }
    wanted.update(changes)
    return wanted


def swarm_of(wanted, labels=False):
    want = _stack.desired(wanted)
    names = {kind: sorted(want[kind]) for kind in ("secrets", "configs")}
    if labels:
        names = {kind: dict.fromkeys(items, LABELS) for kind, items in names.items()}
    return dict(names, services=copy.deepcopy(want["services"]), networks=[])


def short(plan):
    return [(item["do"], item["to"]) for item in plan]


def test_an_empty_swarm_gets_everything_secrets_first():
    digest = hashlib.sha256(b"very secret").hexdigest()[:12]
    for empty in ({}, {"state": "inactive"}):
        assert short(_stack.plan_stack(stack(), empty)) == [
            ("create", "secret shop_token_" + digest),
            ("create", "config shop_conf_" + hashlib.sha256(b"a = 1").hexdigest()[:12]),
            ("create", "service shop_db"),
            ("create", "service shop_web"),
        ]


@pytest.mark.parametrize("labels", [False, True])
def test_as_wanted_is_nothing_to_do(labels):
    assert _stack.plan_stack(stack(), swarm_of(stack(), labels)) == []


def test_drift_is_told_by_service_and_option():
    actual = swarm_of(stack())
    actual["services"]["shop_db"]["Mode"]["Replicated"]["Replicas"] = 0
    actual["services"]["shop_web"]["TaskTemplate"]["ContainerSpec"]["Env"] = ["HAND=made"]
    plan = _stack.plan_stack(stack(), actual)
    assert short(plan) == [("update", "service shop_db: replicas"), ("update", "service shop_web: env")]
    assert (plan[0]["before"], plan[0]["after"]) == (0, 2)
    assert [as_line(item).split(": ", 2)[1:] for item in plan] == [["replicas", "0 → 2"], ["env", "HAND=made → none"]]


def test_both_images_and_constraints_are_named():
    actual = swarm_of(stack(services={"db": {"image": "db:1", "constraints": ["node.hostname==node1"]}}))
    wanted = stack(services={"db": {"image": "db:2", "constraints": ["node.hostname==node2"]}})
    lines = [as_line(item) for item in _stack.plan_stack(wanted, actual)]
    assert "update service shop_db: image: db:1 → db:2" in lines
    assert "update service shop_db: constraints: node.hostname==node1 → node.hostname==node2" in lines


def test_the_content_of_secrets_and_passwords_are_in_no_plan():
    login = [{"registry": "docker.io", "username": "me", "password": "pass word"}]
    before = stack(services={"db": {"image": "db:1", "env": {"DB_PASSWORD": "one pw"}}})
    after = stack(
        services={"db": {"image": "db:1", "env": {"DB_PASSWORD": "two pw"}}},
        secrets={"token": "another one"}, configs={"conf": "b = 2"}, registry_auth=login,
    )  # fmt: skip
    for plan in (_stack.plan_stack(after, {}), _stack.plan_stack(after, swarm_of(before))):
        text = "".join(as_line(item) for item in plan) + str(as_diff(plan, "stack"))
        assert "DB_PASSWORD=(hidden)" in text
        for secret in ("pass word", "one pw", "two pw", "another one", "very secret", "b = 2"):
            assert secret not in text


def test_a_service_without_our_label_is_left_alone_unless_it_is_to_be_adopted():
    actual = swarm_of(stack())
    actual["services"]["shop_db"]["Labels"] = {}
    with pytest.raises(PlanError, match="service shop_db is there and was not made by this collection"):
        _stack.plan_stack(stack(), actual)
    assert short(_stack.plan_stack(stack(adopt=True), actual)) == [("update", "service shop_db: labels")]
    # On the controller, the facts have no more than its name.
    del actual["services"]["shop_db"]
    actual["foreign"] = {"services": {"shop_db": []}, "secrets": [], "configs": []}
    with pytest.raises(PlanError, match="service shop_db is there"):
        _stack.plan_stack(stack(), actual)
    assert short(_stack.plan_stack(stack(adopt=True), actual)) == [("adopt", "service shop_db")]


def test_another_mode_replaces_the_service():
    changed = stack()
    changed["services"]["db"] = {"image": "db:1", "mode": "global"}
    plan = _stack.plan_stack(changed, swarm_of(stack()))
    assert {item["do"] for item in plan} == {"replace"}


def test_a_changed_secret_is_a_new_one_and_the_old_goes_last():
    plan = _stack.plan_stack(stack(secrets={"token": "another one"}), swarm_of(stack()))
    assert [item["do"] for item in plan] == ["create", "update", "remove"]
    assert plan[1]["to"] == "service shop_web: secrets"


def test_what_an_interrupted_run_left_is_removed():
    actual = swarm_of(stack())
    actual["secrets"].append("shop_token_0123456789ab")
    actual["configs"].append("shop_gone_0123456789ab")
    assert short(_stack.plan_stack(stack(), actual)) == [
        ("remove", "secret shop_token_0123456789ab"),
        ("remove", "config shop_gone_0123456789ab"),
    ]


def test_what_belongs_to_others_stays():
    actual = swarm_of(stack(), labels=True)
    actual["secrets"].update(
        {
            "shop_hand": LABELS,  # no hash of ours
            "shopping_token_0123456789ab": LABELS,  # another stack
            "shop_foreign_0123456789ab": {},  # created by others
        }
    )
    actual["services"]["shop_cli"] = {"Labels": {"com.docker.stack.namespace": "shop"}}
    actual["services"]["shopping_web"] = {"Labels": {"dockyard.swarm.managed": "true"}}
    assert _stack.plan_stack(stack(), actual) == []


def test_a_service_no_longer_wanted_and_an_absent_stack_are_removed():
    fewer = stack(services={"db": {"image": "db:1", "replicas": 2}}, secrets={}, configs={})
    assert [item["do"] for item in _stack.plan_stack(fewer, swarm_of(stack()))] == ["remove"] * 3
    gone = _stack.plan_stack(stack(state="absent"), swarm_of(stack()))
    assert [item["to"].split()[0] for item in gone] == ["service", "service", "secret", "config"]
    assert _stack.plan_stack(stack(state="absent"), {}) == []


def test_a_secret_of_our_name_that_somebody_else_made():
    actual = swarm_of(stack(), labels=True)
    name = next(iter(actual["secrets"]))
    actual["secrets"][name] = {}
    with pytest.raises(PlanError, match=f"secret {name} is there and was not made by this collection"):
        _stack.plan_stack(stack(), actual)
    with pytest.raises(PlanError, match="service shop_web uses it; remove the service"):
        _stack.plan_stack(stack(adopt=True), actual)
    del actual["services"]["shop_web"]
    assert short(_stack.plan_stack(stack(adopt=True), actual))[0] == ("replace", "secret " + name)
    actual["secrets"][name] = {"dockyard.swarm.managed": "true"}
    assert short(_stack.plan_stack(stack(), actual))[0] == ("label", "secret " + name)


def test_no_secret_in_plan_and_diff():
    wanted = stack(registry_auth=[{"registry": "docker.io", "username": "u", "password": "pass-word"}])
    plan = _stack.plan_stack(wanted, {})
    shown = json.dumps([plan, public(plan), as_diff(plan, "x")])
    assert "very secret" not in shown
    assert "pass-word" not in shown
    assert base64.b64encode(b"very secret").decode() not in shown


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("nginx:1", "docker.io"),
        ("library/nginx", "docker.io"),
        ("localhost/nginx", "localhost"),
        ("registry.swarm.internal:5000/a/b:1", "registry.swarm.internal:5000"),
        ("example.org/a", "example.org"),
    ],
)
def test_the_registry_of_an_image(image, registry):
    assert _stack.registry_of(image) == registry


def test_credentials_go_to_their_registry_only_and_a_new_password_is_a_change():
    def wanted(password):
        return stack(
            services={"a": {"image": "r.example:5000/a"}, "b": {"image": "b"}},
            registry_auth=[{"registry": "r.example:5000", "username": "u", "password": password}],
        )

    auth = _stack.desired(wanted("one"))["auth"]
    assert auth["shop_b"] is None
    assert json.loads(base64.urlsafe_b64decode(auth["shop_a"])) == {
        "username": "u", "password": "one", "serveraddress": "r.example:5000",
    }  # fmt: skip
    assert _stack.plan_stack(wanted("one"), swarm_of(wanted("one"))) == []
    assert short(_stack.plan_stack(wanted("two"), swarm_of(wanted("one")))) == [("update", "service shop_a: labels")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "my_shop"}, "no underscore"),
        ({"secrets": {"token": ""}}, "secrets.token is empty"),
        ({"secrets": {"token": 5}}, "secrets.token must be text"),
        ({"secrets": {"to ken": "x"}}, "is not a valid name"),
        ({"configs": {"c" * 60: "x"}}, "too long"),
        ({"services": {"a b": {"image": "x"}}}, "is not a valid name"),
    ],
)
def test_bad_options_are_named(changes, words):
    with pytest.raises(PlanError) as caught:
        _stack.plan_stack(stack(**changes), {})
    assert words in str(caught.value)


def test_services_that_do_not_run_in_full():
    actual = {"tasks": {"shop_web": {"running": 0, "desired": 1}, "shop_db": {"running": 2, "desired": 2}}}
    assert short(_stack.plan_waiting(stack(), actual)) == [("wait for", "service shop_web")]
    assert _stack.plan_waiting(stack(), {}) == []
    everywhere = stack(services={"a": {"image": "x", "mode": "global"}})
    assert _stack.plan_waiting(everywhere, {"tasks": {"shop_a": {"running": 0, "desired": 0}}}) != []
    assert _stack.plan_waiting(everywhere, {"tasks": {"shop_a": {"running": 3, "desired": 3}}}) == []


# --- convergence ----------------------------------------------------------------------------------------------------


def listed(spec=None, **more):
    return dict({"ID": "s1", "Spec": spec or _stack.desired(stack())["services"]["shop_db"]}, **more)


def task(service, state="running", desired="running", **more):
    status = {"State": state, "Timestamp": more.pop("at", "2026-01-01T00:00:00Z"), "Err": more.pop("err", "")}
    template = dict(copy.deepcopy(service["Spec"]["TaskTemplate"]), Runtime="container")
    return dict({"ID": more.pop("id", "t"), "Spec": template, "Status": status, "DesiredState": desired}, **more)


def test_all_tasks_run():
    service = listed()
    status = _stack.service_status(service, [task(service, id="a"), task(service, id="b")], changed=True)
    assert (status["state"], status["running"], status["ids"], status["needs"]) == ("running", 2, ["a", "b"], 5.0)


def test_a_task_with_the_former_settings_does_not_count():
    service = listed()
    old = task(service, id="a")
    old["Spec"]["ContainerSpec"]["Image"] = "db:0"
    moved = task(service, id="b")
    moved["Spec"]["Placement"] = {"Constraints": ["node.role==worker"]}
    status = _stack.service_status(service, [old, moved], changed=True)
    assert (status["state"], status["ids"]) == ("waiting", ["b"])


def test_a_crash_loop_is_never_running():
    service = listed()
    tasks = [task(service, "failed", "shutdown", err="task: non-zero exit (1)"), task(service, "ready", "ready")]
    assert _stack.service_status(service, tasks, changed=False)["state"] == "waiting"


def test_a_health_check_is_believed_sooner():
    wanted = stack(services={"db": {"image": "db:1", "replicas": 2, "healthcheck": {"test": "true"}}})
    assert _stack.service_status(listed(_stack.desired(wanted)["services"]["shop_db"]), [], True)["needs"] == 1.0


@pytest.mark.parametrize(
    ("state", "changed", "expected"),
    [
        ("paused", True, "failed"),
        ("rollback_completed", True, "failed"),
        ("rollback_started", True, "waiting"),
        ("updating", True, "waiting"),
        ("completed", True, "running"),
        ("rollback_completed", False, "running"),
        ("paused", False, "running"),
    ],
)
def test_the_outcome_of_a_rollout_counts_where_it_is_ours(state, changed, expected):
    service = listed(UpdateStatus={"State": state, "Message": "because"})
    tasks = [task(service, id="a"), task(service, id="b")]
    assert _stack.service_status(service, tasks, changed)["state"] == expected


def test_rejected_again_and_again_fails_early():
    service = listed()
    tasks = [task(service, "rejected", "shutdown", err="No such image") for _number in range(3)]
    assert _stack.service_status(service, tasks, changed=True)["state"] == "failed"
    assert _stack.service_status(service, tasks, changed=False)["state"] == "waiting"


def test_a_global_service_wants_every_node_that_has_a_task():
    service = listed(_stack.desired(stack(services={"a": {"image": "x", "mode": "global"}}))["services"]["shop_a"])
    one, ready = task(service, NodeID="n1"), task(service, "ready", "ready", NodeID="n2")
    assert _stack.service_status(service, [one, ready], changed=True)["state"] == "waiting"
    assert _stack.service_status(service, [one], changed=True)["state"] == "running"
    assert "no node accepts" in _stack.service_status(service, [], changed=True)["why"]


def test_no_replicas_wanted_is_fine():
    service = listed(_stack.desired(stack(services={"a": {"image": "x", "replicas": 0}}))["services"]["shop_a"])
    assert _stack.service_status(service, [], changed=True)["state"] == "running"


def test_errors_newest_first_once_each_and_not_from_before():
    service = listed()
    tasks = [
        task(service, "rejected", err="old", at="2025-12-31T00:00:00Z"),
        task(service, "failed", err="boom", at="2026-01-01T00:00:01Z", Slot=1, NodeID="n1"),
        task(service, "failed", err="boom", at="2026-01-01T00:00:02Z", Slot=1, NodeID="n1"),
        task(service, "pending", err="no suitable node", at="2026-01-01T00:00:03Z", Slot=2),
        task(service),
    ]
    assert _stack.task_errors("shop_db", tasks, {"n1": "node1"}, since="2026-01-01T00:00:00Z") == [
        "shop_db.2 pending: no suitable node",
        "shop_db.1 on node1 failed: boom",
    ]

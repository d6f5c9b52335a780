# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of an object that something else writes to, too, against a real server on a unix socket."""

from __future__ import annotations

import json
import re
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core import engine_api
from ansible_collections.dockyard.swarm.plugins.module_utils._core.engine_api import Engine, EngineError
from ansible_collections.dockyard.swarm.plugins.module_utils._swarm.node_update import update_node

OBJECTS = ("/services/web", "/nodes/n1", "/configs/c1", "/networks/mesh", "/swarm")


class Swarm:
    """Objects with versions. ``writers`` times something else writes between a read and the update that follows."""

    def __init__(self, writers):
        self.writers = writers
        self.objects = {path: {"Version": {"Index": 1}, "Spec": {"Name": path, "Labels": {}}} for path in OBJECTS}
        self.updates = []  # (path, query, headers) of those that were taken
        self.reads = 0

    def read(self, path):
        self.reads += 1
        found = json.loads(json.dumps(self.objects[path]))
        if self.writers:
            self.writers -= 1
            self.write(path, dict(found["Spec"], Labels={"other": str(self.reads)}))
        return found

    def write(self, path, spec):
        self.objects[path] = {"Version": {"Index": self.objects[path]["Version"]["Index"] + 1}, "Spec": spec}


class Handler(BaseHTTPRequestHandler):
    def address_string(self):
        return "unix"

    def log_message(self, *_arguments):
        pass

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.answer(200, self.server.swarm.read(self.path))

    def do_POST(self):
        swarm, url = self.server.swarm, urlsplit(self.path)
        spec = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path, query = url.path[: -len("/update")], parse_qs(url.query)
        if spec["Labels"].get("bad"):
            self.answer(400, {"message": "invalid label"})
        elif query.pop("version") != [str(swarm.objects[path]["Version"]["Index"])]:
            self.answer(500, {"message": "rpc error: code = Unknown desc = update out of sequence"})
        else:
            swarm.write(path, spec)
            swarm.updates.append((path, query, self.headers["X-Registry-Auth"]))
            self.answer(200, {"Warnings": None})


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Start a swarm; gives it, and an Engine that speaks to it."""
    monkeypatch.setattr(engine_api, "PAUSE", 0.001)
    path = str(tmp_path / "docker.sock")
    with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()

        def start(writers):
            server.swarm = Swarm(writers)
            return server.swarm, Engine(path, timeout=10)

        yield start
        server.shutdown()
        thread.join()


def labelled(spec):
    return dict(spec, Labels=dict(spec["Labels"], mine="yes"))


@pytest.mark.parametrize("path", OBJECTS)
def test_an_update_out_of_sequence_is_made_again_from_what_is_there_then(serve, path):
    swarm, engine = serve(writers=2)
    assert engine.update(path, labelled) == {"Warnings": None}
    assert swarm.objects[path] == {
        "Version": {"Index": 4},
        "Spec": {"Name": path, "Labels": {"other": "2", "mine": "yes"}},
    }
    assert (swarm.reads, len(swarm.updates)) == (3, 1)


def test_an_object_that_is_written_to_all_the_time_is_an_error_after_some_tries(serve):
    swarm, engine = serve(writers=99)
    with pytest.raises(EngineError, match=r"POST /services/web/update\?version=5: .*update out of sequence") as caught:
        engine.update("/services/web", labelled)
    assert caught.value.status == 500
    assert (swarm.reads, swarm.updates) == (engine_api.TRIES, [])


def test_another_error_is_raised_at_once(serve):
    swarm, engine = serve(writers=0)
    with pytest.raises(EngineError, match="invalid label"):
        engine.update("/services/web", lambda spec: dict(spec, Labels={"bad": "yes"}))
    assert swarm.reads == 1


def test_an_update_has_parameters_and_headers_each_time(serve):
    swarm, engine = serve(writers=1)
    parameters = {"rotateWorkerToken": "true", "registryAuthFrom": "spec"}
    engine.update("/swarm", labelled, parameters, {"X-Registry-Auth": "abc"})
    wanted = {"rotateWorkerToken": ["true"], "registryAuthFrom": ["spec"]}
    assert swarm.updates == [("/swarm", wanted, "abc")]


def test_a_node_keeps_what_is_not_changed(serve):
    swarm, engine = serve(writers=2)
    swarm.objects["/nodes/n1"]["Spec"].update(Role="worker", Availability="active")
    update_node(engine, "n1", {"availability": "drain", "labels": {"zone": "a", "other": None}})
    assert swarm.objects["/nodes/n1"]["Spec"] == {
        "Name": "/nodes/n1", "Role": "worker", "Availability": "drain", "Labels": {"zone": "a"},
    }  # fmt: skip


def test_all_updates_of_the_collection_go_this_way(pytestconfig):
    plugins = pytestconfig.rootpath / "plugins"
    sources = {path: path.read_text(encoding="utf-8") for path in plugins.rglob("*.py")}
    assert len(sources) > 100
    found = {path.name for path, text in sources.items() if re.search(r"update\?version|out of sequence", text)}
    assert found == {"engine_api.py"}

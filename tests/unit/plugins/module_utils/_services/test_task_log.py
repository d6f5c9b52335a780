# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._services.task_log import last_failed, last_lines


def frame(text, stream="\x02"):
    """As the Engine sends a line: stream and length, and then the text."""
    return bytes([ord(stream), 0, 0, 0, *len(text.encode()).to_bytes(4, "big")]).decode("utf-8", "replace") + text


def test_lines_about_an_error_come_first():
    text = (
        frame("goroutine 1 [running]:\n")
        + frame("\x1b[31mpanic: must provide exactly one storage type\x1b[0m\n")
        + frame("main.main()\n")
    )
    assert last_lines(text) == ["panic: must provide exactly one storage type"]


def test_without_an_error_the_last_lines_count_each_once():
    assert last_lines("".join(frame(f"line {i % 4} {'x' * 200}\n") for i in range(9))) == [
        f"line {i} {'x' * 200}" for i in (1, 2, 3)
    ]
    assert last_lines("") == []


def test_a_long_line_is_cut_and_the_password_in_a_url_hidden():
    (line,) = last_lines(frame("error: https://ann:word@s3.example " + "y" * 500))
    assert len(line) < 320
    assert "word" not in line


def task(name, stamp, state="failed", container="c"):
    return {"ID": name, "Status": {"State": state, "Timestamp": stamp, "ContainerStatus": {"ContainerID": container}}}


def test_the_newest_task_whose_container_ran_is_asked():
    tasks = [task("old", "1"), task("new", "3"), task("runs", "4", "running"), task("no image", "5", "rejected", "")]
    assert last_failed(tasks) == "new"
    assert last_failed(tasks, since="4") is None
    assert last_failed([]) is None

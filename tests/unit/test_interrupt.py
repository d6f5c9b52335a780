# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a run is cut short: at the same task, however fast it goes."""

from __future__ import annotations

import itertools

import pytest

from tests.interrupt import POINTS, Moment, Point

TIMELINE = [(1.0, "Read"), (5.0, "Install"), (60.0, "Read"), (65.0, "Join"), (80.0, "Deploy")]


def test_points_are_spread_and_half_of_them_are_power_cuts_of_each_machine():
    points = [Point(number) for number in range(1, POINTS + 1)]
    steps = {round(b.share - a.share, 6) for a, b in itertools.pairwise(points)}
    assert steps == {round(1 / 21, 6)}
    assert points[0].share == pytest.approx(1 - points[-1].share)
    assert sum(point.node is None for point in points) == 10
    assert {point.node for point in points if point.node} == {"node1", "node2", "node3"}
    assert len({str(point) for point in points}) == POINTS


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (1, Moment("Install", 0, 0.0)),
        (10, Moment("Install", 0, 45.0)),
        (12, Moment("Read", 1, 0.0)),
        (13, Moment("Join", 0, 0.0)),
        (20, Moment("Deploy", 0, 20.0)),
    ],
)
def test_share_of_the_time_is_a_task_and_seconds_into_it(number, moment):
    assert Point(number).moment(TIMELINE, 105.0) == moment


def test_moment_before_the_first_task_is_its_begin():
    assert Point(1).moment([(9.0, "Read")], 21.0) == Moment("Read", 0, 0.0)


def test_moment_is_found_by_the_turn_of_its_headline():
    second = Moment("Read", 1, 0.0)
    assert second.place(TIMELINE[:2]) is None
    assert second.place(TIMELINE) == 2
    assert Moment("Join", 0, 0.0).place(TIMELINE) == 3


@pytest.mark.parametrize(
    ("number", "headline"), [(1, "Install"), (10, "Join"), (13, "Join"), (15, "Deploy"), (20, "Deploy")]
)
def test_landmark_is_the_next_task_that_a_run_has_once(number, headline):
    assert Point(number).landmark(TIMELINE, 105.0) == Moment(headline, 0, 0.5 if number < 17 else 0.0)

# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: waiting with a deadline."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

Value = TypeVar("Value")


def wait_for(probe: Callable[[], Value], deadline: float, interval: float = 0.1) -> Value:
    """Poll ``probe`` until it returns something true or ``deadline`` seconds are over; returns its last value.

    The interval grows to one second: short waits end soon, and long ones cause few requests.
    """
    end = time.monotonic() + deadline
    while True:
        value = probe()
        if value or time.monotonic() >= end:
            return value
        time.sleep(min(interval, max(0.0, end - time.monotonic())))
        interval = min(1.0, interval * 1.5)

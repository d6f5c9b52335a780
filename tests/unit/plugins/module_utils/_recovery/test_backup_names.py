# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which backups stay."""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._recovery import backup_names
from tests.unit.recovery_example import CLUSTER


class TestRetention:
    NAMES = [f"7b5gqv0vkrcz-2026030{day}T000000Z.backup" for day in (1, 2, 3, 4)]

    def test_names_sort_by_time(self):
        name = backup_names.file_name(CLUSTER, "2026-03-01T12:30:00Z")
        assert name == "7b5gqv0vkrcz-20260301T123000Z.backup"
        assert backup_names.of_cluster([*self.NAMES, name], CLUSTER)[-2] == name

    def test_the_newest_stay(self):
        assert backup_names.outdated(self.NAMES, self.NAMES[3], CLUSTER, 2) == [self.NAMES[1], self.NAMES[0]]
        assert backup_names.outdated(self.NAMES, self.NAMES[3], CLUSTER, 4) == []

    def test_the_new_one_stays_even_where_the_clock_went_back(self):
        assert backup_names.outdated(self.NAMES, self.NAMES[0], CLUSTER, 1) == list(reversed(self.NAMES[1:]))

    def test_one_stays_whatever_is_asked_for(self):
        assert self.NAMES[3] not in backup_names.outdated(self.NAMES, self.NAMES[3], CLUSTER, 0)

    def test_other_swarms_and_other_files_are_not_touched(self):
        others = ["otherswarm00-20200101T000000Z.backup", "notes.txt", "7b5gqv0vkrcz-20200101T000000Z.tar"]
        assert backup_names.outdated([*self.NAMES, *others], self.NAMES[3], CLUSTER, 1) == list(
            reversed(self.NAMES[:3])
        )

"""Fingerprints of recipes."""

from lab.recipe import fingerprint


def test_data_counts() -> None:
    assert fingerprint("a", 1) == fingerprint("a", 1)
    assert fingerprint("a", 1) != fingerprint("a", 2)
    assert fingerprint("ab", "c") != fingerprint("a", "bc")


def test_layout_and_comments_of_code_do_not_count() -> None:
    def make():
        """Say one."""
        return [1, 2]

    one = make

    def make():
        # another comment
        return [
            1,
            2,
        ]

    two = make

    def make():
        return [1, 3]

    assert fingerprint(one) == fingerprint(two)
    assert fingerprint(two) != fingerprint(make)

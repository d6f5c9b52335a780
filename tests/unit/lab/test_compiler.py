"""The compiler of the machines' kernel: the headers come first, and a file that they do not fit is compiled without them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lab.paths import repository_root

# Stands in for gcc: notes its words, one call a line, and fails where they hold what the test names.
GCC = """\
#!/bin/sh
echo "$*" >> "$LOG"
case " $* " in *"$UNFIT"*) exit 1 ;; esac
case " $* " in *" -x c-header "*) for word; do file=$last last=$word; done; : > "$file" ;; esac
"""
OPTIONS = ["-nostdinc", "-include", "./include/linux/kconfig.h", "-D__KERNEL__", "-Os"]


class Tree:
    """A folder with the compiler, and what gcc was called with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("cc", "headers.h"):
            shutil.copy2(repository_root() / "lab" / "native" / name, folder)
        (folder / "bin").mkdir()
        (folder / "bin" / "gcc").write_text(GCC)
        (folder / "bin" / "gcc").chmod(0o755)

    def compile(self, name: str, *more: str, headers_for: str = "", unfit: str = "nothing") -> list[str]:
        """Compile a file; gives the calls of gcc."""
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        own = (f'-DKBUILD_MODNAME="{name}"', f"-D__KBUILD_MODNAME={name}", *more)
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        env = {"PATH": path, "LOG": str(log), "HEADERS_FOR": headers_for, "UNFIT": unfit}
        words = [f"{self.folder}/cc", *OPTIONS, *own, "-c", "-o", f"{name}.o", f"{name}.c"]
        subprocess.run(words, cwd=self.folder, env=env, check=True)
        return log.read_text().splitlines()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_headers_are_compiled_with_the_options_of_the_example_alone(tree: Tree) -> None:
    (plain,) = tree.compile("early")
    assert plain.endswith('-Os -DKBUILD_MODNAME="early" -D__KBUILD_MODNAME=early -c -o early.o early.c')
    headers, _first = tree.compile("open", headers_for="open.o dummy.o")
    here = tree.folder
    assert headers == f"{' '.join(OPTIONS)} -O1 -x c-header -o {here}/builtin.h.gch {here}/builtin.h"
    assert (here / "builtin.h").read_text() == (here / "headers.h").read_text()


def test_a_file_gets_them_before_all_else_and_its_own_name_after_them(tree: Tree) -> None:
    tree.compile("open", headers_for="open.o")
    (call,) = tree.compile("stat")
    assert call.startswith(f"-include {tree.folder}/builtin.h -include stat.o.own.h ")
    assert call.endswith("-nostdinc -D__KERNEL__ -Os -c -o stat.o stat.c -O1")
    assert (
        tree.folder / "stat.o.own.h"
    ).read_text() == '#define KBUILD_MODNAME "stat"\n#define __KBUILD_MODNAME stat\n'


def test_modules_have_headers_of_their_own(tree: Tree) -> None:
    tree.compile("open", headers_for="open.o dummy.o")
    (call,) = tree.compile("tun", "-DMODULE")
    assert "-include" in call
    assert "builtin.h" not in call
    tree.compile("dummy", "-DMODULE", headers_for="open.o dummy.o")
    (call,) = tree.compile("tun", "-DMODULE")
    assert call.startswith(f"-include {tree.folder}/module.h ")


def test_where_they_do_not_fit_a_file_is_compiled_without_them(tree: Tree) -> None:
    tree.compile("open", headers_for="open.o")
    with_headers, without = tree.compile("odd", unfit="builtin.h")
    assert "builtin.h" in with_headers
    assert without == " ".join([*OPTIONS, '-DKBUILD_MODNAME="odd"', "-D__KBUILD_MODNAME=odd", "-c -o odd.o odd.c"])


def test_headers_that_cannot_be_compiled_are_done_without(tree: Tree) -> None:
    calls = tree.compile("open", headers_for="open.o", unfit="c-header")
    assert len(calls) == 2
    assert len(tree.compile("stat")) == 1

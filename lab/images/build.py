"""Making an image from its recipe: packages, the few files wanted of them, and a small user land."""

import re
import shutil
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.errors import LabError
from lab.images import archive, packages
from lab.images.recipes import RECIPES, Recipe
from lab.locks import locked
from lab.mirror import find_mirror
from lab.paths import cache_root
from lab.progress import Progress, Silent
from lab.recipe import fingerprint
from lab.shell import run

_LOADER = "usr/lib64/ld-linux-x86-64.so.2"
_DIRECTORIES = ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "root", "run", "var/log")
_BUSYBOX = "busybox-static"
_BASE_USERS = {"root": 0, "nobody": 65534}
_NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\n"


def ensure_all(references: Iterable[str] = (), progress: Progress | None = None) -> dict[str, Path]:
    """Give the archives of images (all the lab knows by default), building those that are missing."""
    wanted = list(references) or list(RECIPES)
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(wanted, pool.map(lambda name: ensure(name, progress or Silent()), wanted), strict=True))


def ensure(reference: str, progress: Progress) -> Path:
    """Give the archive of an image, building it when it is missing."""
    recipe = RECIPES.get(reference)
    if recipe is None:
        raise LabError(f"there is no recipe for image {reference}", f"take of {', '.join(RECIPES)}")
    name = re.sub(r"[^\w.]", "-", reference)
    target = cache_root() / "images" / f"{name}-{recipe_hash(recipe)}.tar"
    if not target.exists():
        with locked(cache_root() / "locks" / f"image-{name}.lock"):
            if not target.exists():
                progress.say(f"image {reference}", "building")
                _build(recipe, target)
                progress.say(f"image {reference}", f"built, {target.stat().st_size / 1e6:.1f} MB")
    return target


def recipe_hash(recipe: Recipe) -> str:
    """Hash what an image is made from, and the code that makes it."""
    return fingerprint(recipe, find_mirror(), archive, packages, *_MAKING)


def _build(recipe: Recipe, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    (cache_root() / "build").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="image-", dir=cache_root() / "build") as work:
        source, root = Path(work, "source"), Path(work, "root")
        for directory in (source, root):
            directory.mkdir()
        packages.unpack(recipe.suite, (_BUSYBOX, *recipe.packages), source)
        _skeleton(root, recipe)
        _user_land(source, root)
        for path in _kept(source, recipe):
            _copy(source, root, path)
        _certificates(source, root)
        _own_files(root, recipe)
        made = Path(work, "archive")
        archive.write(root, recipe.reference, recipe.runtime, made)
        made.rename(target)


def _skeleton(root: Path, recipe: Recipe) -> None:
    for directory in (*_DIRECTORIES, *recipe.directories):
        (root / directory).mkdir(parents=True, exist_ok=True)
    for directory in ("tmp", "var/tmp"):
        (root / directory).mkdir(parents=True)
        (root / directory).chmod(0o1777)
    for link in ("bin", "sbin", "lib", "lib64"):
        (root / link).symlink_to(f"usr/{link}")
    users = {**_BASE_USERS, **recipe.users}
    lives = {name: "/root:/bin/sh" if name == "root" else "/nonexistent:/bin/false" for name in users}
    (root / "etc/passwd").write_text(
        "".join(f"{name}:x:{uid}:{uid}:{name}:{lives[name]}\n" for name, uid in users.items())
    )
    (root / "etc/group").write_text("".join(f"{name}:x:{uid}:\n" for name, uid in users.items()))
    (root / "etc/nsswitch.conf").write_text(_NSSWITCH)


def _user_land(source: Path, root: Path) -> None:
    """Put busybox in, under the name of each of its tools: a shell and wget, as the official images have."""
    _copy(source, root, Path("usr/bin/busybox"))
    for tool in run([source / "usr/bin/busybox", "--list"]).stdout.split():
        link = root / "usr/bin" / tool
        if tool != "busybox" and not link.exists():
            link.symlink_to("busybox")


def _kept(source: Path, recipe: Recipe) -> list[Path]:
    """Resolve a recipe's patterns, and add the shared libraries of the programs among them."""
    found: set[Path] = set()
    for pattern in recipe.keep:
        matches = [path.relative_to(source) for path in source.glob(pattern)]
        if not matches:
            raise LabError(f"image {recipe.reference}: its packages hold no {pattern}", "the recipe needs a change")
        found.update(matches)
    for program in sorted(found):
        found.update(_libraries(source, program))
    return sorted(found)


def _libraries(source: Path, program: Path) -> list[Path]:
    path = source / program
    if not path.is_file() or path.read_bytes()[:4] != b"\x7fELF":
        return []
    listed = run(["chroot", source, f"/{_LOADER}", "--list", f"/{program}"], check=False)
    if listed.returncode != 0:
        return []  # statically linked
    names = re.findall(r"(?:=> )?(/\S+) \(0x", listed.stdout)
    return [Path("usr", name.lstrip("/").removeprefix("usr/")) for name in names]


def _copy(source: Path, root: Path, path: Path) -> None:
    """Copy a file; of a link to a library's full name, what it points to, under the short name."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copyfile(source / path, target)
        target.chmod((source / path).stat().st_mode & 0o777)


def _certificates(source: Path, root: Path) -> None:
    known = sorted((source / "usr/share/ca-certificates").rglob("*.crt"))
    if known:
        bundle = root / "etc/ssl/certs/ca-certificates.crt"
        bundle.parent.mkdir(parents=True)
        bundle.write_text("".join(path.read_text() for path in known))


def _own_files(root: Path, recipe: Recipe) -> None:
    for mode, files in ((0o644, recipe.files), (0o755, recipe.scripts)):
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(mode)
    for name, destination in recipe.links.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(destination)


# The functions whose change makes another image.
_MAKING = (_build, _skeleton, _user_land, _kept, _libraries, _copy, _certificates, _own_files)

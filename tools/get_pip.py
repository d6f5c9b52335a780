"""Let ``ansible-test --venv`` make its environments on a computer that reaches a package index and nothing else.

ansible-test fetches a get-pip script from a server of its own unless its cache has one. This writes such a script: it
runs the wanted release of pip out of its wheel, which pip itself downloads. Run it with the Python of ansible-test.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

CACHE = Path.home() / ".ansible" / "test" / "cache"
SCRIPT = '''"""Runs pip {version} out of its wheel. Written by dockyard.swarm's tools/get_pip.py."""
import runpy
import sys

sys.path.insert(0, {wheel!r})
# ansible-test passes packages and two options of the original script that later releases of pip have no use for.
sys.argv[1:] = ["install"] + [item for item in sys.argv[1:] if item not in ("--no-setuptools", "--no-wheel")]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
'''


def pip_version() -> str:
    """Ask the installed ansible-test which release of pip it wants."""
    import ansible_test

    root = Path(ansible_test.__file__).parent
    sys.path.insert(0, str(root.parent))
    from ansible_test._internal.python_requirements import get_venv_packages

    class AnyPython:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"

    return str(get_venv_packages(AnyPython())["pip"])


def main() -> None:
    """Write the script, once."""
    version = pip_version()
    script = CACHE / f"get_pip_{version.replace('.', '_')}.py"
    wheel = CACHE / f"pip-{version}-py3-none-any.whl"
    CACHE.mkdir(parents=True, exist_ok=True)
    if not wheel.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, f"pip=={version}"],
                check=True,
            )
            next(Path(folder).glob("pip-*.whl")).replace(wheel)
    if not script.exists():
        script.write_text(SCRIPT.format(version=version, wheel=str(wheel)), encoding="utf-8")


if __name__ == "__main__":
    main()

# Functions for the scripts beside this file: which Python, its environment, the collection's place on the import path.
# To be sourced, with $root set.

shopt -s inherit_errexit  # a failed step of $(make_venv …) must not pass for a made environment

fail() {
    echo "dockyard: $*" >&2
    exit 1
}

# Ansible and the collection keep things in the home folder, too: with DOCKYARD_CACHE alone a run would fail later.
[ -n "${HOME:-}" ] || fail "the environment variable HOME is not set: set it, for example HOME=/root (in a systemd unit: Environment=HOME=/root)"
cache=${DOCKYARD_CACHE:-$HOME/.cache/dockyard}

# main_python: the controller's interpreter, PYTHON or else python3.
main_python() {
    local python=${PYTHON:-python3}
    command -v "$python" >/dev/null || fail "$python is not there: install Python 3.11 or later, or set PYTHON"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version) is too old for ansible-core 2.18: set PYTHON to a Python 3.11 or later"
    # The interpreter itself, also where this runs inside of an environment that it made.
    "$python" -c 'import os, sys; print(os.path.realpath(sys._base_executable))'
}

# next_python: an interpreter for ansible-core 2.21 (Python 3.12 or later). Exits with 77 where there is none.
next_python() {
    local python
    for python in ${PYTHON_NEXT:-python3.12 python3.13 python3.14 "$HOME"/.pyenv/versions/3.1[2-4].*/bin/python}; do
        if "$python" -c 'import sys, ssl, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
            "$python" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    echo "dockyard: no Python 3.12 or later here: install one, or set PYTHON_NEXT" >&2
    exit 77
}

# make_venv PYTHON FILE...: print the path of a virtual environment with these requirement files installed.
make_venv() {
    local python=$1 version digest venv
    shift
    have_venv_module "$python"
    version=$("$python" -c 'import sys; print("%d%d" % sys.version_info[:2])')
    digest=$(cd "$root" && { echo "$python" && cat "$@"; } | sha256sum | cut -c1-12)
    venv=$cache/venv-$version-$digest
    mkdir -p "$cache"
    (
        flock 9
        if [ ! -e "$venv/.complete" ]; then
            echo "dockyard: making the Python environment $venv" >&2
            rm -rf "$venv"
            "$python" -m venv "$venv"
            install_requirements "$venv" "$@" >&2
            touch "$venv/.complete"
        fi
    ) 9>"$cache/venv.lock"
    echo "$venv"
}

# install_requirements VENV FILE...: by uv, which takes a few seconds, else by pip, which takes one to three minutes.
install_requirements() {
    local python=$1/bin/python settings file
    local requirements=()
    shift
    for file in "$@"; do requirements+=(-r "$root/$file"); done
    if [ ! -x "$cache/uv/bin/uv" ]; then
        "$python" -m pip install -qq --disable-pip-version-check --target "$cache/uv" --upgrade "uv>=0.9,<1" || true
    fi
    if settings=$("$python" "$root/tools/uv_settings.py"); then
        mapfile -t settings <<<"$settings"
        env "${settings[@]}" UV_CACHE_DIR="$cache/uv/cache" "$cache/uv/bin/uv" pip install --quiet \
            --python "$python" "${requirements[@]}" && return
    fi
    echo "dockyard: uv cannot do it here; pip takes one to three minutes" >&2
    "$python" -m pip install -qq --disable-pip-version-check "${requirements[@]}"
}

# have_venv_module PYTHON: Debian and Ubuntu ship ensurepip in a package of its own.
have_venv_module() {
    if "$1" -c 'import ensurepip, venv' 2>/dev/null; then return; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ "$1" = /usr/bin/python3 ]; then
        echo "dockyard: installing python3-venv" >&2
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; } >&2
    else
        fail "$1 has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv)"
    fi
}

# link_collection: Ansible finds a collection only below ansible_collections/NAMESPACE/NAME.
link_collection() {
    local link=$root/.cache/ansible_collections/dockyard/swarm
    if [ "$(readlink "$link" 2>/dev/null)" != "$root" ]; then
        mkdir -p "$(dirname "$link")"
        ln -sfnT "$root" "$link"
    fi
}

#!/bin/sh
# Fills .venv with the light stack and this package (make setup). Running it again
# costs nothing until setup.cfg or requirements/ change. PYTHON=... picks the Python.
set -eu
cd "$(dirname "$0")/.."

MIN_FREE_KB=$((3 * 1024 * 1024))

fail() {
    echo "setup: $*" >&2
    exit 1
}

# Prints the first Python that this package supports and that can make a virtual
# environment. A pyenv shim may exist and fail, so each is asked, not only looked up.
find_python() {
    found=''
    for candidate in ${PYTHON:-python3.11 python3.10 python3.9 python3.12 python3.8 python3}; do
        version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        case $version in
            3.8 | 3.9 | 3.10 | 3.11 | 3.12)
                if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
                    echo "$candidate"
                    return
                fi
                found="$found $candidate ($version, but without its venv module: on Debian and Ubuntu install python$version-venv)"
                ;;
            *) found="$found $candidate ($version)" ;;
        esac
    done
    fail "no fitting Python: found${found:- none}, need 3.8 to 3.12; install Python 3.11, or name one: make setup PYTHON=/path/to/python3.11"
}

pip_install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt "$@" ||
        fail "pip could not install ($*): see its message above; check that the package index can be reached (pip config list, HTTPS_PROXY), that the disk is not full and, on Python 3.12, that a C compiler is there, then run the same command again"
}

# The path is part of the stamp because a virtual environment cannot be moved.
stamp=.venv/.setup-$( (pwd && cat setup.cfg pyproject.toml requirements/*) | cksum | cut -d ' ' -f 1)
if [ -e "$stamp" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

if ! .venv/bin/python -c '' 2>/dev/null; then
    free_kb=$(df -Pk . | awk 'NR == 2 { print $4 }')
    [ "$free_kb" -ge "$MIN_FREE_KB" ] ||
        fail "$((free_kb / 1024)) MB are free on this disk, need $((MIN_FREE_KB / 1024)) MB: make room, then run the same command again"
    python=$(find_python)
    echo "setup: making .venv with $python"
    "$python" -m venv --clear .venv ||
        fail "$python could not make a virtual environment: see its message above"
fi
echo 'setup: installing the light stack into .venv (minutes the first time)'
rm -f .venv/.setup-*
pip_install --upgrade pip setuptools wheel
# xtcocotools has no binary for Python 3.12: there it is compiled, and looks for these two.
pip_install Cython numpy
pip_install --no-build-isolation -r requirements/light.txt -r requirements/dev.txt
pip_install --no-deps -r requirements/openmmlab.txt -r requirements/mediapipe.txt
pip_install --no-deps --no-build-isolation --editable .
touch "$stamp"
echo 'setup: done'

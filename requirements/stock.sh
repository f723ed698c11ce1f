#!/bin/sh
# Fills .venv-stock with MMPose 0.29, the reference of `make bench`, beside .venv. It has
# its own old NumPy and borrows torch from .venv: the download stays small, and both sides
# of the comparison compute with the very same torch. Running it again costs nothing until
# requirements/stock.* or the Python of .venv change.
set -eu
cd "$(dirname "$0")/.."

MIN_FREE_KB=$((1024 * 1024))

fail() {
    echo "stock: $*" >&2
    exit 1
}

pip_install() {
    .venv-stock/bin/python -m pip install --quiet --disable-pip-version-check -c requirements/stock.txt "$@" ||
        fail "pip could not install ($*): see its message above; check that the package index can be reached (pip config list, HTTPS_PROXY) and that the disk is not full, then run the same command again. 'make bench BENCH=--ours-only' measures without it"
}

ask() {
    .venv/bin/python -c "$1"
}

version=$(ask 'import sys; print("%d.%d" % sys.version_info[:2])') || fail 'there is no .venv: run make setup first'
case $version in
    3.10 | 3.11) ;;
    *) fail ".venv has Python $version, but MMPose 0.29 needs NumPy 1.23, which exists up to 3.11: remove .venv and run make setup PYTHON=python3.11" ;;
esac

# The path is part of the stamp because a virtual environment cannot be moved.
stamp=.venv-stock/.setup-$( (pwd && echo "$version" && cat requirements/stock.*) | cksum | cut -d ' ' -f 1)
if [ -e "$stamp" ] && .venv-stock/bin/python -c 'import torch, numpy' 2>/dev/null; then
    exit 0
fi

free_kb=$(df -Pk . | awk 'NR == 2 { print $4 }')
[ "$free_kb" -ge "$MIN_FREE_KB" ] ||
    fail "$((free_kb / 1024)) MB are free on this disk, need $((MIN_FREE_KB / 1024)) MB: make room, then run the same command again"
echo 'stock: installing MMPose 0.29 into .venv-stock (about 600 MB on the disk, a minute; only the first time)'
.venv/bin/python -m venv --clear .venv-stock ||
    fail '.venv could not make a virtual environment: see its message above'
pip_install setuptools wheel numpy
pip_install --no-build-isolation addict json_tricks matplotlib munkres opencv-python-headless \
    packaging Pillow pyyaml scipy six xtcocotools yapf
# VoxelPose calls none of mmcv's compiled operators. mmpose asks for chumpy, which does not
# build and which it needs for meshes only.
MMCV_WITH_OPS=0 pip_install --no-deps --no-build-isolation mmcv
pip_install --no-deps mmpose
# Last, so that pip does not take .venv's packages for its own. What stands in .venv-stock
# comes first on the path; .pth files of .venv are not read.
for_packages='import sysconfig; print(sysconfig.get_paths()["purelib"])'
ask "$for_packages" > "$(.venv-stock/bin/python -c "$for_packages")/torch_of_venv.pth"
.venv-stock/bin/python -c 'import numpy, torch; assert numpy.__version__ < "1.24"; torch.ones(1).numpy()' ||
    fail 'torch of .venv does not run beside NumPy 1.23: see the message above'
touch "$stamp"
echo 'stock: done'

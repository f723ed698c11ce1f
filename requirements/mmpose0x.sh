#!/bin/sh
# Fills .venv-0x with MMPose 0.29 (make setup-0x), mmcv 1.7.0, torch with torchvision, and this
# package. Where there is a C++ compiler mmcv-full is compiled; OPS=0 does without, which
# VoxelPose does not notice. Running it again costs nothing until setup.cfg or requirements/
# change, and goes on where it was cut off. PYTHON=... picks the Python.
set -eu
cd "$(dirname "$0")/.."
name=setup-0x venv=.venv-0x constraints=$PWD/.venv-0x/constraints.txt
. requirements/common.sh

ops=${OPS:-1}
has_compiler || ops=0
stamp=$venv/.setup-$(fingerprint)-ops
# An environment with operators serves anybody who asks for one without.
for there in "$stamp$ops" "${stamp}1"; do
    if [ -e "$there" ] && $venv/bin/python -c '' 2>/dev/null; then
        exit 0
    fi
done
make_venv '3.10 3.11' 10240
echo "$name: installing MMPose 0.29 into $venv: 8 GB of disk with CUDA's libraries, 2.5 GB where pip has the CPU build of torch; minutes for the download"
rm -f $venv/.setup-*
cat requirements/stock.txt requirements/vision.txt > "$constraints"
pip_install pip setuptools wheel numpy ninja psutil
pip_install --no-build-isolation torchvision addict json_tricks matplotlib munkres \
    opencv-python-headless packaging Pillow pyyaml scipy six xtcocotools yapf
# What this package needs besides, its own models included, and its tests.
pip_install av filelock jsonschema numba platformdirs tomli pytest rich safetensors termcolor
pip_install --no-deps mmengine
if [ "$ops" = 1 ]; then
    # Both distributions fill the same folder.
    $venv/bin/python -m pip uninstall --quiet --yes mmcv 2>/dev/null
    compile_mmcv mmcv-full 1.7.0
else
    MMCV_WITH_OPS=0 pip_install --no-deps --no-build-isolation mmcv
fi
# mmpose asks for chumpy, which does not build and which it needs for meshes only.
pip_install --no-deps mmpose
pip_install --no-deps --no-build-isolation --editable .
$venv/bin/python -W ignore -c 'import mmpose.apis, mmpose.models' ||
    fail 'MMPose does not load: see the message above'
touch "$stamp$ops"
echo "$name: done; run it as $venv/bin/python"

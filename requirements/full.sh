#!/bin/sh
# Fills .venv-full with MMPose 1.3.2 in full (make setup-full): compiled mmcv, mmdet, torch with
# torchvision, what the light stack has, and this package. Running it again costs nothing until
# setup.cfg or requirements/ change, and goes on where it was cut off. PYTHON=... picks the Python.
set -eu
cd "$(dirname "$0")/.."
name=setup-full venv=.venv-full constraints=$PWD/.venv-full/constraints.txt
. requirements/common.sh

stamp=$venv/.setup-$(fingerprint)
if [ -e "$stamp" ] && $venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi
has_compiler || fail 'no C++ compiler: mmcv has no binary for current torch and must be compiled; install one (Debian and Ubuntu: apt-get install g++ python3-dev), then run the same command again'
make_venv '3.10 3.11 3.12' 11264
echo "$name: installing MMPose 1.3.2 in full into $venv: 8 GB of disk with CUDA's libraries, 2.5 GB where pip has the CPU build of torch; minutes for the download, then mmcv is compiled"
rm -f $venv/.setup-*
# The versions of the light stack, but another torch.
# What vision.txt and full.txt name takes the place of the light stack's versions.
cat requirements/vision.txt requirements/full.txt > "$constraints"
sed -n 's/^\([A-Za-z][^=]*\)==.*/\1/p' "$constraints" | sort -u > "$constraints.names"
while read -r line; do
    grep -q -x -F "${line%%==*}" "$constraints.names" || echo "$line"
done < requirements/constraints.txt >> "$constraints"
pip_install --upgrade pip setuptools wheel
pip_install Cython numpy ninja psutil
pip_install --no-build-isolation -r requirements/light.txt -r requirements/dev.txt torchvision \
    shapely terminaltables tqdm xtcocotools
pip_install --no-deps mmengine
compile_mmcv mmcv 2.1.0
pip_install --no-deps mmpose mmdet -r requirements/mediapipe.txt
pip_install --no-deps --no-build-isolation --editable .
$venv/bin/python -W ignore -c 'import mmpose.apis, mmpose.models, mmpose.visualization' ||
    fail 'MMPose does not load in full: see the message above'
touch "$stamp"
echo "$name: done; run it as $venv/bin/python"

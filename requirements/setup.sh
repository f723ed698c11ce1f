#!/bin/sh
# Fills .venv with the light stack and this package (make setup). Running it again
# costs nothing until setup.cfg or requirements/ change. PYTHON=... picks the Python.
set -eu
cd "$(dirname "$0")/.."
name=setup venv=.venv constraints=requirements/constraints.txt
. requirements/common.sh

stamp=$venv/.setup-$(fingerprint)
if [ -e "$stamp" ] && $venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi
make_venv '3.10 3.11 3.12 3.13 3.14' 3072
echo "$name: installing the light stack into $venv (minutes the first time)"
rm -f $venv/.setup-*
pip_install --upgrade pip setuptools wheel
# Of an environment of before: its binary is for numpy 1, and it would come before its stand-in.
"$venv/bin/python" -m pip uninstall --quiet --yes xtcocotools 2>/dev/null
pip_install -r requirements/light.txt -r requirements/dev.txt
pip_install --no-deps -r requirements/openmmlab.txt -r requirements/mediapipe.txt
pip_install --no-deps --no-build-isolation --editable .
"$venv/bin/mmpose-ours" fetch-models > /dev/null ||
    echo "$name: without MediaPipe's models the detector mediapipe does not run; all else does" >&2
touch "$stamp"
echo "$name: done"

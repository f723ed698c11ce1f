#!/usr/bin/env bash
# Hands over to the slurm_test.sh that the installed MMPose ships.
source "$(dirname "${BASH_SOURCE[0]}")/stock.sh"
# It starts tools/test.py relative to the current folder: name ours instead, in any folder.
export MMPOSE_OURS_TOOLS=$tools
srun() { command srun "${@/#tools\/test.py/$MMPOSE_OURS_TOOLS/test.py}"; }
export -f srun
exec bash "$stock/slurm_test.sh" "$@"

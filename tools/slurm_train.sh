#!/usr/bin/env bash
# Hands over to the slurm_train.sh that the installed MMPose ships.
source "$(dirname "${BASH_SOURCE[0]}")/stock.sh"
# It starts tools/train.py relative to the current folder: name ours instead, in any folder.
export MMPOSE_OURS_TOOLS=$tools
srun() { command srun "${@/#tools\/train.py/$MMPOSE_OURS_TOOLS/train.py}"; }
export -f srun
exec bash "$stock/slurm_train.sh" "$@"

#!/usr/bin/env bash
# Hands over to the slurm_test.sh that the installed MMPose ships.
source "$(dirname "${BASH_SOURCE[0]}")/stock.sh"
source "$stock/slurm_test.sh"

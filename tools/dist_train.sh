#!/usr/bin/env bash
# Hands over to the dist_train.sh that the installed MMPose ships.
source "$(dirname "${BASH_SOURCE[0]}")/stock.sh"
choose_port
source "$stock/dist_train.sh"

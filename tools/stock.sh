# Sourced by the doors beside it: sets $stock, the folder of the launch scripts that the
# installed MMPose ships. They start `python`, so one that has MMPose must be on PATH:
# the one that is there, or else the checkout's own .venv.
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if ! stock=$(python -m mmpose_ours.cli path mmpose-tools 2> /dev/null); then
    PATH=$tools/../.venv/bin:$PATH
    if ! stock=$(python -m mmpose_ours.cli path mmpose-tools); then
        echo "$(basename "$0"): no python with mmpose_ours and MMPose: activate their environment, or run make setup" >&2
        exit 1
    fi
fi

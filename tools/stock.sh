# shellcheck shell=bash disable=SC2218,SC2034
# Sourced by the launch scripts beside it: sets $stock, the folder of the launch scripts that the
# installed MMPose ships. They start `python`, so one that has MMPose must be on PATH:
# the one that is there, or else the checkout's own .venv.
#
# The launch scripts source the stock scripts rather than start them: $0 stays our script's name, so that
# the train.py and test.py that a stock script finds beside itself are those of this folder.
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if ! stock=$(python -m mmpose_ours.cli.main path mmpose-tools 2> /dev/null); then
    PATH=$tools/../.venv/bin:$PATH
    if ! stock=$(python -m mmpose_ours.cli.main path mmpose-tools); then
        echo "$(basename "$0"): no python with mmpose_ours and MMPose: activate their environment, or run make setup" >&2
        exit 1
    fi
fi

# Several jobs on one machine: each gets a port of its own. On several machines all must
# agree on one, so there it is the stock script's, or the one that PORT names.
choose_port() {
    if [ "${NNODES:-1}" = 1 ] && [ -z "${PORT:-}" ]; then
        PORT=$(python -m mmpose_ours.launch.network) || exit 1
    fi
}

# The stock script's last command takes this shell's place, so that a signal to the script
# reaches the launcher and with it every process of the job.
python() { exec "$(type -P python)" "$@"; }
srun() {
    # It names tools/train.py relative to the current folder: name ours, in any folder.
    set -- "${@/#tools\/train.py/$tools/train.py}"
    exec "$(type -P srun)" "${@/#tools\/test.py/$tools/test.py}"
}

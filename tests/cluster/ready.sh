#!/bin/sh
# What tests/cluster needs from the machine: root, namespaces, and Slurm, which it installs.
# Fails with one sentence where one of them is not to be had.
set -eu

fail() {
    echo "test-cluster: $*" >&2
    exit 1
}

[ "$(uname)" = Linux ] || fail 'needs Linux: the machines of the test are its namespaces'
[ "$(id -u)" = 0 ] || fail 'needs root, to make machines out of namespaces; run it as root'

missing() {
    for program in ip unshare nsenter munged slurmctld slurmd srun; do
        command -v "$program" > /dev/null || return 0
    done
    return 1
}

if missing; then
    command -v apt-get > /dev/null ||
        fail 'Slurm is not installed, and there is no apt-get to install it with'
    echo 'installing Slurm, munge and iproute2'
    # Debian's way to keep an installation from starting services: none is needed, those of
    # the test run inside its machines.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' > "$policy"
        chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    timeout 300 apt-get update -qq || fail 'apt-get update failed, see above'
    timeout 300 apt-get install -y -qq --no-install-recommends \
        iproute2 util-linux munge slurmctld slurmd slurm-client > /dev/null ||
        fail 'apt-get could not install munge, slurmctld, slurmd and slurm-client, see above'
    missing && fail 'Slurm was installed, but not all of its programs are on PATH'
fi

unshare --net --uts --mount --pid --fork --mount-proc true ||
    fail 'this system grants no network, process and mount namespaces (a container without' \
        'CAP_SYS_ADMIN?); run it on a machine or in a privileged container'

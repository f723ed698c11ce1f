"""What the checks of :mod:`mmpose_ours.launch.doctor` share, whichever MMPose an environment has.

:mod:`mmpose_ours.launch.environment` looks at the machine, checks judge what it saw.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Callable, Iterator

from mmpose_ours.launch.environment import DISTRIBUTIONS, Environment

OK, WARNING, FAILURE = 'ok', 'warning', 'failure'
MIN_FREE_GB = 2.0
MIN_SHARED_GB = 0.5  # Docker gives 0.06
Check = Callable[[Environment], Iterator['Finding']]


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of the report.

    Args:
        subject: What was looked at.
        status: ``ok``, ``warning`` (works, or only a part is lost) or ``failure``
            (training would not work).
        found: What was found.
        fix: What to do; empty where nothing is to be done.
    """

    subject: str
    status: str
    found: str
    fix: str = ''


def release(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: ``2.13.0+cpu`` gives ``(2, 13, 0)``."""
    match = re.match(r'\d+(\.\d+)*', version)
    return tuple(int(part) for part in match.group().split('.')) if match else ()


def check_package(
    subject: str, module: str, fix: str, problem: Callable[[Environment], str | None] | None = None
) -> Check:
    """Make a check: the distribution is there, no clash is known, its module loads."""

    def check(env: Environment) -> Iterator[Finding]:
        version = env.versions.get(subject)
        error = env.errors.get(module)
        clash = problem(env) if problem else None
        # A module may be there without its distribution's metadata (conda, system).
        if version is None and (error is None or 'No module named' not in error):
            version = 'of unknown version'
        if version is None:
            yield Finding(subject, FAILURE, 'not found', fix)
        elif clash:
            yield Finding(subject, FAILURE, version, clash)
        elif error:
            yield Finding(subject, FAILURE, f'{version}, which does not load ({error})', fix)
        else:
            yield Finding(subject, OK, version)

    return check


def check_opencv(env: Environment) -> Iterator[Finding]:
    """Look for an OpenCV that loads; MediaPipe adds a second build of the same major version."""
    builds = [name for name in DISTRIBUTIONS if name.startswith('opencv') and name in env.versions]
    found = ' and '.join(f'{name} {env.versions[name]}' for name in builds) or 'of unknown version'
    error = env.errors.get('cv2')
    if error is None and len({release(env.versions[name])[:1] for name in builds}) > 1:
        fix = (
            'they write the same folder cv2: pip uninstall all but one, then install that one again'
        )
        yield Finding('opencv', WARNING, found, fix)
    elif error is None:
        yield Finding('opencv', OK, found)
    elif 'libGL' in error or 'libgthread' in error:
        fix = (
            'this build needs a desktop: pip uninstall opencv-python, then pip install '
            'opencv-python-headless (or install the system package libgl1)'
        )
        yield Finding('opencv', FAILURE, f'{found}, which does not load ({error})', fix)
    elif builds:
        fix = 'pip install --force-reinstall --no-deps opencv-python-headless'
        yield Finding('opencv', FAILURE, f'{found}, which does not load ({error})', fix)
    else:
        yield Finding('opencv', FAILURE, 'not found', "pip install 'opencv-python-headless<4.12'")


def check_launch_scripts(env: Environment, reinstall: str) -> Iterator[Finding]:
    """Look for MMPose's own scripts, which the launch scripts in ``tools/`` hand over to."""
    if 'mmpose' in env.errors:
        return
    if env.stock_tools is None:
        fix = f'install the release: {reinstall}'
        yield Finding('launch scripts', FAILURE, 'MMPose came without its tools/ folder', fix)
    else:
        yield Finding('launch scripts', OK, env.stock_tools)


def check_gpus(env: Environment) -> Iterator[Finding]:
    """Hold what torch sees against what the driver sees."""
    names = ', '.join(env.gpus)
    if env.unfit_gpus:
        fix = 'install a torch that was built for it, see https://pytorch.org/get-started'
        found = f'{names}; this torch has no code for {", ".join(env.unfit_gpus)}'
        yield Finding('GPU', FAILURE, found, fix)
    elif env.driver_gpus and not env.gpus and 'torch' not in env.errors:
        found = f'{", ".join(env.driver_gpus)}, which this torch does not see'
        fix = (
            'install a torch with CUDA (pip install torch --force-reinstall), unset '
            'CUDA_VISIBLE_DEVICES if it hides them, or update the driver; else training runs on '
            'the CPU'
        )
        yield Finding('GPU', WARNING, found, fix)
    else:
        yield Finding('GPU', OK, names or 'none: training runs on the CPU')


def check_disk(env: Environment) -> Iterator[Finding]:
    """Look for room on the disk and in shared memory."""
    free = f'{env.free_gb:.1f} GB free here'
    if env.free_gb < MIN_FREE_GB:
        fix = f'make room: checkpoints and logs of one training need up to {MIN_FREE_GB:.0f} GB'
        yield Finding('disk', WARNING, free, fix)
    else:
        yield Finding('disk', OK, free)
    if env.shared_gb is not None and env.shared_gb < MIN_SHARED_GB:
        fix = (
            'where images are read by worker processes they stop with a bus error: start the '
            'container with --shm-size=8g, or use train_dataloader.num_workers=0'
        )
        found = f'{env.shared_gb:.2f} GB free in /dev/shm'
        yield Finding('shared memory', WARNING, found, fix)


def check_network(env: Environment) -> Iterator[Finding]:
    """Look for a free port and an address."""
    if env.busy_port is not None:
        free = env.free_port or env.busy_port + 1
        fix = (
            'tools/dist_train.sh finds a free one by itself on one machine; for several machines, '
            f'or the stock script, name one, for example PORT={free}'
        )
        yield Finding('port', WARNING, f'{env.busy_port} is in use, maybe by another job', fix)
    if not env.host_resolves:
        fix = (
            'processes on several CPUs or machines find each other by it: add it to /etc/hosts, '
            'or on one machine export GLOO_SOCKET_IFNAME=lo'
        )
        yield Finding('host name', WARNING, 'leads to no address', fix)

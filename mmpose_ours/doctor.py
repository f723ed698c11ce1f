"""``mmpose-ours doctor``: what this environment lacks for training, and how to mend it.

:mod:`mmpose_ours.environment` looks at the machine, :func:`diagnose` judges what it saw.
This module does **not** change anything.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import sys
from typing import Callable, Iterator

from mmpose_ours import __version__
from mmpose_ours.environment import DISTRIBUTIONS, Environment, probe

OK, WARNING, FAILURE = 'ok', 'warning', 'failure'
MIN_FREE_GB = 2.0
MIN_SHARED_GB = 0.5  # Docker gives 0.06


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of the report.

    Args:
        subject: What was looked at.
        status: ``ok``, ``warning`` (works, or only a part is lost) or ``failure``
            (training would not work).
        found: What was found.
        mend: What to do; empty where nothing is to be done.
    """

    subject: str
    status: str
    found: str
    mend: str = ''


def release(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: ``2.13.0+cpu`` gives ``(2, 13, 0)``."""
    match = re.match(r'\d+(\.\d+)*', version)
    return tuple(int(part) for part in match.group().split('.')) if match else ()


def _check_python(env: Environment) -> Iterator[Finding]:
    fits = (3, 8) <= release(env.python)[:2] < (3, 13)
    mend = '' if fits else 'use Python 3.8 to 3.12 (3.11 is tested most)'
    yield Finding('python', OK if fits else FAILURE, env.python, mend)


def _check_package(
    subject: str, module: str, mend: str, problem: Callable[[Environment], str | None] | None = None
) -> Callable[[Environment], Iterator[Finding]]:
    """Make a check: the distribution is there, no clash is known, its module loads."""

    def check(env: Environment) -> Iterator[Finding]:
        version = env.versions.get(subject)
        error = env.errors.get(module)
        clash = problem(env) if problem else None
        # A module may be there without its distribution's metadata (conda, system).
        if version is None and (error is None or 'No module named' not in error):
            version = 'of unknown version'
        if version is None:
            yield Finding(subject, FAILURE, 'not found', mend)
        elif clash:
            yield Finding(subject, FAILURE, version, clash)
        elif error:
            yield Finding(subject, FAILURE, f'{version}, which does not load ({error})', mend)
        else:
            yield Finding(subject, OK, version)

    return check


def _numpy_clash(env: Environment) -> str | None:
    # A numpy 2 is fine as long as xtcocotools was built for it.
    if release(env.versions.get('numpy', ''))[:1] >= (2,) and 'xtcocotools.mask' in env.errors:
        return "xtcocotools' binary wheels are built for numpy 1: pip install 'numpy<2'"
    return None


def _mmengine_clash(env: Environment) -> str | None:
    if release(env.versions.get('mmengine', '0'))[:2] < (0, 6):
        return 'MMPose 1.x needs mmengine 0.6 or newer: pip install mmengine==0.10.7'
    return None


def _torch_clash(env: Environment) -> str | None:
    if release(env.versions.get('torch', '2'))[:1] < (2,):
        return 'mmpose-ours is written for torch 2: pip install torch==2.13.0'
    return None


def _mmpose_clash(env: Environment) -> str | None:
    if release(env.versions.get('mmpose', '1'))[:1] < (1,):
        return (
            'MMPose 0.x is another generation; in an environment of its own: '
            'pip install --no-deps mmpose==1.3.2'
        )
    return None


def _check_setuptools(env: Environment) -> Iterator[Finding]:
    version = env.versions.get('setuptools', 'not found')
    if 'pkg_resources' in env.errors:
        mend = (
            'mmengine 0.10 imports pkg_resources, which setuptools 81 dropped: '
            "pip install 'setuptools<81'"
        )
        yield Finding('setuptools', FAILURE, f'{version}, without pkg_resources', mend)
    else:
        yield Finding('setuptools', OK, version)


def _check_opencv(env: Environment) -> Iterator[Finding]:
    builds = [name for name in DISTRIBUTIONS if name.startswith('opencv') and name in env.versions]
    found = ' and '.join(f'{name} {env.versions[name]}' for name in builds) or 'of unknown version'
    error = env.errors.get('cv2')
    if error is None and len(builds) > 1:
        mend = (
            'they write the same folder cv2: pip uninstall all but one, then install that one again'
        )
        yield Finding('opencv', WARNING, found, mend)
    elif error is None:
        yield Finding('opencv', OK, found)
    elif 'libGL' in error or 'libgthread' in error:
        mend = (
            'this build needs a desktop: pip uninstall opencv-python, then pip install '
            'opencv-python-headless (or install the system package libgl1)'
        )
        yield Finding('opencv', FAILURE, f'{found}, which does not load ({error})', mend)
    elif builds:
        mend = 'pip install --force-reinstall --no-deps opencv-python-headless==4.11.0.86'
        yield Finding('opencv', FAILURE, f'{found}, which does not load ({error})', mend)
    else:
        yield Finding('opencv', FAILURE, 'not found', "pip install 'opencv-python-headless<4.12'")


def _check_mmcv(env: Environment) -> Iterator[Finding]:
    builds = [name for name in ('mmcv', 'mmcv-full', 'mmcv-lite') if name in env.versions]
    found = ' and '.join(f'{name} {env.versions[name]}' for name in builds)
    newest = max((release(env.versions[name]) for name in builds), default=())
    error, ops_error = env.errors.get('mmcv'), env.errors.get('mmcv.ops')
    if not builds and error:
        yield Finding('mmcv', FAILURE, 'not found', 'pip install mmcv-lite==2.1.0')
    elif len(builds) > 1:
        mend = (
            'they write the same folder mmcv: pip uninstall both, then install mmcv==2.1.0 '
            '(compiled) or mmcv-lite==2.1.0'
        )
        yield Finding('mmcv', FAILURE, found, mend)
    elif newest and newest < (2,):
        mend = 'MMPose 1.x needs mmcv 2: pip install mmcv-lite==2.1.0 in an environment of its own'
        yield Finding('mmcv', FAILURE, found, mend)
    elif 'mmdet' in env.versions and newest >= (2, 2):
        mend = 'mmdet 3 refuses mmcv 2.2 and newer: pip install mmcv==2.1.0'
        yield Finding('mmcv', FAILURE, found, mend)
    elif error:
        yield Finding('mmcv', FAILURE, f'{found}, which does not load ({error})', _REINSTALL_MMCV)
    elif builds == ['mmcv'] and ops_error:
        # Our own models use no compiled operator.
        mend = f'only models of MMPose that need compiled operators are lost; {_REINSTALL_MMCV}'
        yield Finding('mmcv', WARNING, f'{found}, its operators do not load ({ops_error})', mend)
    else:
        yield Finding('mmcv', OK, found or 'of unknown version')


_REINSTALL_MMCV = (
    'build mmcv for the installed torch (up to 2.13): pip install --no-build-isolation '
    '--no-binary mmcv mmcv==2.1.0, or use mmcv-lite==2.1.0'
)


def _check_torchvision(env: Environment) -> Iterator[Finding]:
    if 'torchvision' not in env.versions:
        return  # nothing here needs it
    version, error = env.versions['torchvision'], env.errors.get('torchvision')
    if error:
        mend = 'install the torchvision that was made for the installed torch, or uninstall it'
        yield Finding('torchvision', WARNING, f'{version}, which does not load ({error})', mend)
    else:
        yield Finding('torchvision', OK, version)


def _check_mmpose_parts(env: Environment) -> Iterator[Finding]:
    for module in ('mmpose.datasets', 'mmpose.evaluation'):
        # A cause that is reported above already is not repeated.
        if module in env.errors and not {'mmpose', 'mmcv', 'mmengine.runner'} & set(env.errors):
            mend = (
                'install the module that it names; MMPose 1.3.2 without its dependencies needs: '
                'pip install json_tricks munkres scipy matplotlib Pillow xtcocotools==1.14.3'
            )
            yield Finding(module, FAILURE, f'does not load ({env.errors[module]})', mend)
    if 'mmpose' in env.errors:
        return
    if env.stock_tools is None:
        mend = 'install the release: pip install --no-deps mmpose==1.3.2'
        yield Finding('launch scripts', FAILURE, 'MMPose came without its tools/ folder', mend)
    else:
        yield Finding('launch scripts', OK, env.stock_tools)


def _check_mended_here(env: Environment) -> Iterator[Finding]:
    """Clashes that :mod:`mmpose_ours.compat` mends: said, since a script without it meets them."""
    torch, mmengine = (release(env.versions.get(name, '')) for name in ('torch', 'mmengine'))
    if (
        torch >= (2, 6)
        and mmengine < (0, 11)
        and not {'torch', 'mmengine.runner'} & set(env.errors)
    ):
        yield Finding(
            'checkpoints', OK,
            'torch 2.6 and newer refuses those of mmengine 0.10; mended by custom_imports of '
            'mmpose_ours.registry, which all configs here have',
        )  # fmt: skip


def _check_gpus(env: Environment) -> Iterator[Finding]:
    names = ', '.join(env.gpus)
    if env.unfit_gpus:
        mend = 'install a torch that was built for it, see https://pytorch.org/get-started'
        found = f'{names}; this torch has no code for {", ".join(env.unfit_gpus)}'
        yield Finding('GPU', FAILURE, found, mend)
    elif env.driver_gpus and not env.gpus and 'torch' not in env.errors:
        found = f'{", ".join(env.driver_gpus)}, which this torch does not see'
        mend = (
            'install a torch with CUDA (pip install torch --force-reinstall), unset '
            'CUDA_VISIBLE_DEVICES if it hides them, or update the driver; else training runs on '
            'the CPU'
        )
        yield Finding('GPU', WARNING, found, mend)
    else:
        yield Finding('GPU', OK, names or 'none: training runs on the CPU')


def _check_disk(env: Environment) -> Iterator[Finding]:
    free = f'{env.free_gb:.1f} GB free here'
    if env.free_gb < MIN_FREE_GB:
        mend = f'make room: checkpoints and logs of one training need up to {MIN_FREE_GB:.0f} GB'
        yield Finding('disk', WARNING, free, mend)
    else:
        yield Finding('disk', OK, free)
    if env.shared_gb is not None and env.shared_gb < MIN_SHARED_GB:
        mend = (
            'where images are read by worker processes they stop with a bus error: start the '
            'container with --shm-size=8g, or use train_dataloader.num_workers=0'
        )
        found = f'{env.shared_gb:.2f} GB free in /dev/shm'
        yield Finding('shared memory', WARNING, found, mend)


def _check_network(env: Environment) -> Iterator[Finding]:
    if env.busy_port is not None:
        free = env.free_port or env.busy_port + 1
        mend = (
            'tools/dist_train.sh finds a free one by itself on one machine; for several machines, '
            f'or the stock script, name one, for example PORT={free}'
        )
        yield Finding('port', WARNING, f'{env.busy_port} is in use, maybe by another job', mend)
    if not env.host_resolves:
        mend = (
            'processes on several CPUs or machines find each other by it: add it to /etc/hosts, '
            'or on one machine export GLOO_SOCKET_IFNAME=lo'
        )
        yield Finding('host name', WARNING, 'leads to no address', mend)


CHECKS: tuple[Callable[[Environment], Iterator[Finding]], ...] = (
    _check_python,
    _check_package('numpy', 'numpy', "pip install 'numpy<2'", _numpy_clash),
    _check_package('scipy', 'scipy', 'pip install scipy'),
    _check_opencv,
    _check_package('jsonschema', 'jsonschema', "pip install 'jsonschema>=4'"),
    _check_package('matplotlib', 'matplotlib', 'pip install matplotlib'),
    _check_setuptools,
    _check_package('xtcocotools', 'xtcocotools.mask', "pip install xtcocotools==1.14.3 'numpy<2'"),
    _check_package('torch', 'torch', 'pip install torch', _torch_clash),
    _check_torchvision,
    _check_package('mmengine', 'mmengine.runner', 'pip install mmengine==0.10.7', _mmengine_clash),
    _check_mmcv,
    _check_package(
        'mmpose',
        'mmpose',
        'pip install --no-deps mmpose==1.3.2 json_tricks munkres xtcocotools (without --no-deps '
        'pip tries to build chumpy and fails; MMPose never imports it)',
        _mmpose_clash,
    ),
    _check_mmpose_parts,
    _check_mended_here,
    _check_gpus,
    _check_disk,
    _check_network,
)


def diagnose(env: Environment) -> list[Finding]:
    """Judge what was seen.

    Args:
        env: What :func:`mmpose_ours.environment.probe` returned.

    Returns:
        One finding per subject, in the order in which to mend them.
    """
    return [finding for check in CHECKS for finding in check(env)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``mmpose-ours doctor``."""
    parser.add_argument('--json', action='store_true', help='print the findings as JSON')


def run(args: argparse.Namespace) -> int:
    """Print the findings.

    Returns:
        1 if training would not work here, 0 otherwise.
    """
    findings = diagnose(probe())
    failures = [finding for finding in findings if finding.status == FAILURE]
    if args.json:
        report = {
            'mmpose_ours': __version__,
            'training_works': not failures,
            'findings': [dataclasses.asdict(finding) for finding in findings],
        }
        json.dump(report, sys.stdout, indent=2)
        print()
        return 1 if failures else 0
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        print(f'{finding.status:<8} {finding.subject:<{width}}  {finding.found}')
        if finding.mend:
            print(f'{"":<8} {"":<{width}}  -> {finding.mend}')
    if failures:
        names = ', '.join(finding.subject for finding in failures)
        print(f'\nTraining would not work here; mend first: {names}.')
    else:
        print('\nTraining works here.')
    return 1 if failures else 0

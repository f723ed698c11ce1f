"""What :mod:`mmpose_ours.launch.doctor` looks for in an environment of MMPose 0.x.

Its VoxelPose needs none of mmcv's operators, so a build without them is no fault.
"""

from __future__ import annotations

from typing import Iterator

from mmpose_ours.launch.doctor_checks import (
    FAILURE,
    OK,
    Check,
    Finding,
    check_disk,
    check_gpus,
    check_launch_scripts,
    check_network,
    check_opencv,
    check_package,
    release,
)
from mmpose_ours.launch.environment import Environment

REINSTALL_MMPOSE = 'pip install --no-deps mmpose==0.29.0'
NEWEST_MMCV = (1, 7, 0)
REINSTALL_MMCV = (
    'MMPose 0.29 takes mmcv or mmcv-full 1.3.8 to 1.7.0: MMCV_WITH_OPS=0 pip install --no-deps '
    '--no-build-isolation mmcv==1.7.0'
)
REINSTALL_TORCHVISION = (
    'mmcv 1.x imports it: install the one that was made for the installed torch (torch 2.9.1 goes '
    'with torchvision 0.24.1)'
)


def _check_python(env: Environment) -> Iterator[Finding]:
    fits = (3, 10) <= release(env.python)[:2] < (3, 12)
    fix = '' if fits else 'MMPose 0.29 needs NumPy 1.23, which exists up to Python 3.11'
    yield Finding('python', OK if fits else FAILURE, env.python, fix)


def _numpy_clash(env: Environment) -> str | None:
    if release(env.versions.get('numpy', '1')) >= (1, 24):
        return "MMPose 0.29 uses np.int, which NumPy 1.24 dropped: pip install 'numpy<1.24'"
    return None


def _check_mmcv(env: Environment) -> Iterator[Finding]:
    builds = [name for name in ('mmcv', 'mmcv-full') if name in env.versions]
    found = ' and '.join(f'{name} {env.versions[name]}' for name in builds) or 'not found'
    newest = max((release(env.versions[name]) for name in builds), default=())
    error = env.errors.get('mmcv')
    if len(builds) > 1:
        fix = f'they write the same folder mmcv: pip uninstall both, then one. {REINSTALL_MMCV}'
        yield Finding('mmcv', FAILURE, found, fix)
    elif newest > NEWEST_MMCV or (not builds and error):
        yield Finding('mmcv', FAILURE, found, REINSTALL_MMCV)
    elif error:
        yield Finding('mmcv', FAILURE, f'{found}, which does not load ({error})', REINSTALL_MMCV)
    elif 'mmcv.ops' in env.errors:
        said = f'{found}, without compiled operators: VoxelPose needs none'
        yield Finding('mmcv', OK, said)
    else:
        yield Finding('mmcv', OK, f'{found}, with compiled operators')


def _check_parts(env: Environment) -> Iterator[Finding]:
    for module in ('mmpose.datasets', 'mmpose.apis'):
        # A cause that is reported above already is not repeated.
        if module in env.errors and not {'mmpose', 'mmcv', 'torchvision'} & set(env.errors):
            fix = 'install the module that it names'
            yield Finding(module, FAILURE, f'does not load ({env.errors[module]})', fix)
    yield from check_launch_scripts(env, REINSTALL_MMPOSE)


CHECKS: tuple[Check, ...] = (
    _check_python,
    check_package('numpy', 'numpy', "pip install 'numpy<1.24'", _numpy_clash),
    check_package('scipy', 'scipy', "pip install 'scipy<1.11'"),
    check_opencv,
    check_package('jsonschema', 'jsonschema', "pip install 'jsonschema>=4'"),
    check_package('xtcocotools', 'xtcocotools.mask', 'pip install xtcocotools==1.14.3'),
    check_package('torch', 'torch', 'pip install torch==2.9.1'),
    check_package('torchvision', 'torchvision', REINSTALL_TORCHVISION),
    _check_mmcv,
    check_package('mmpose', 'mmpose', REINSTALL_MMPOSE),
    _check_parts,
    check_gpus,
    check_disk,
    check_network,
)

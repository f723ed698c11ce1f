"""What :mod:`mmpose_ours.launch.doctor` looks for in an environment of MMPose 1.x."""

from __future__ import annotations

from typing import Iterator

from mmpose_ours.launch.doctor_checks import (
    FAILURE,
    OK,
    WARNING,
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


def _check_python(env: Environment) -> Iterator[Finding]:
    fits = (3, 10) <= release(env.python)[:2] < (3, 15)
    fix = '' if fits else 'use Python 3.10 to 3.14 (3.11 is tested most)'
    yield Finding('python', OK if fits else FAILURE, env.python, fix)


def _check_coco_tools(env: Environment) -> Iterator[Finding]:
    """MMPose imports xtcocotools; pycocotools stands in for it where it is not installed."""
    error = env.errors.get('xtcocotools.mask')
    if 'xtcocotools' in env.versions and error:
        fix = (
            'its binary wheels are built for numpy 1: pip uninstall xtcocotools, then pip install '
            'pycocotools, which stands in for it'
        )
        found = f'{env.versions["xtcocotools"]}, which does not load ({error})'
        yield Finding('xtcocotools', FAILURE, found, fix)
    elif error:
        yield Finding('xtcocotools', FAILURE, 'not found', 'pip install pycocotools, its stand-in')
    else:
        stands_in = f'pycocotools {env.versions.get("pycocotools", "")} stands in for it'
        yield Finding('xtcocotools', OK, env.versions.get('xtcocotools', stands_in))


def _mmengine_clash(env: Environment) -> str | None:
    if release(env.versions.get('mmengine', '0'))[:2] < (0, 6):
        return 'MMPose 1.x needs mmengine 0.6 or newer: pip install mmengine==0.10.7'
    return None


def _torch_clash(env: Environment) -> str | None:
    if release(env.versions.get('torch', '2'))[:1] < (2,):
        return 'mmpose-ours is written for torch 2: pip install torch'
    return None


def _check_setuptools(env: Environment) -> Iterator[Finding]:
    version = env.versions.get('setuptools', 'not found')
    if 'pkg_resources' in env.errors:
        fix = (
            'mmengine 0.10 imports pkg_resources, which setuptools 81 dropped: '
            "pip install 'setuptools<81'"
        )
        yield Finding('setuptools', FAILURE, f'{version}, without pkg_resources', fix)
    else:
        yield Finding('setuptools', OK, version)


def _check_mmcv(env: Environment) -> Iterator[Finding]:
    builds = [name for name in ('mmcv', 'mmcv-full', 'mmcv-lite') if name in env.versions]
    found = ' and '.join(f'{name} {env.versions[name]}' for name in builds)
    newest = max((release(env.versions[name]) for name in builds), default=())
    error, ops_error = env.errors.get('mmcv'), env.errors.get('mmcv.ops')
    if not builds and error:
        yield Finding('mmcv', FAILURE, 'not found', 'pip install mmcv-lite==2.1.0')
    elif len(builds) > 1:
        fix = (
            'they write the same folder mmcv: pip uninstall both, then install mmcv==2.1.0 '
            '(compiled) or mmcv-lite==2.1.0'
        )
        yield Finding('mmcv', FAILURE, found, fix)
    elif newest and newest < (2,):
        fix = 'MMPose 1.x needs mmcv 2: pip install mmcv-lite==2.1.0 in an environment of its own'
        yield Finding('mmcv', FAILURE, found, fix)
    elif 'mmdet' in env.versions and newest >= (2, 2):
        fix = 'mmdet 3 refuses mmcv 2.2 and newer: pip install mmcv==2.1.0'
        yield Finding('mmcv', FAILURE, found, fix)
    elif error:
        yield Finding('mmcv', FAILURE, f'{found}, which does not load ({error})', _REINSTALL_MMCV)
    elif builds == ['mmcv'] and ops_error:
        # Our own models use no compiled operator.
        fix = f'only models of MMPose that need compiled operators are lost; {_REINSTALL_MMCV}'
        yield Finding('mmcv', WARNING, f'{found}, its operators do not load ({ops_error})', fix)
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
        fix = 'install the torchvision that was made for the installed torch, or uninstall it'
        yield Finding('torchvision', WARNING, f'{version}, which does not load ({error})', fix)
    else:
        yield Finding('torchvision', OK, version)


def _check_mmpose_parts(env: Environment) -> Iterator[Finding]:
    for module in ('mmpose.datasets', 'mmpose.evaluation'):
        # A cause that is reported above already is not repeated.
        if module in env.errors and not {'mmpose', 'mmcv', 'mmengine.runner'} & set(env.errors):
            fix = (
                'install the module that it names; MMPose 1.3.2 without its dependencies needs: '
                'pip install json_tricks munkres scipy matplotlib Pillow pycocotools'
            )
            yield Finding(module, FAILURE, f'does not load ({env.errors[module]})', fix)
    yield from check_launch_scripts(env, 'pip install --no-deps mmpose==1.3.2')
    # Only who installed what MMPose's own models need expects them to run.
    if {'mmcv', 'mmdet'} <= set(env.versions) and 'mmpose' not in env.errors:
        error = env.errors.get('mmpose.apis')
        if error:
            fix = (
                'the 2D models of MMPose are lost, all else works; docs/install.md has a stack '
                'that fits'
            )
            yield Finding('mmpose.apis', WARNING, f'does not load ({error})', fix)
        else:
            yield Finding('mmpose.apis', OK, 'loads: 2D models of MMPose run here')


def _check_patched_here(env: Environment) -> Iterator[Finding]:
    """Clashes that :mod:`mmpose_ours.compat` works around, and a script without it meets."""
    torch, mmengine = (release(env.versions.get(name, '')) for name in ('torch', 'mmengine'))
    if (
        torch >= (2, 6)
        and mmengine < (0, 11)
        and not {'torch', 'mmengine.runner'} & set(env.errors)
    ):
        yield Finding(
            'checkpoints', OK,
            'torch 2.6 and newer refuses those of mmengine 0.10; fixed by custom_imports of '
            'mmpose_ours.registry, which all configs here have',
        )  # fmt: skip


CHECKS: tuple[Check, ...] = (
    _check_python,
    check_package('numpy', 'numpy', 'pip install numpy'),
    check_package('scipy', 'scipy', 'pip install scipy'),
    check_opencv,
    check_package('jsonschema', 'jsonschema', "pip install 'jsonschema>=4'"),
    check_package('matplotlib', 'matplotlib', 'pip install matplotlib'),
    _check_setuptools,
    _check_coco_tools,
    check_package('torch', 'torch', 'pip install torch', _torch_clash),
    _check_torchvision,
    check_package('mmengine', 'mmengine.runner', 'pip install mmengine==0.10.7', _mmengine_clash),
    _check_mmcv,
    check_package(
        'mmpose',
        'mmpose',
        'pip install --no-deps mmpose==1.3.2 json_tricks munkres pycocotools (without --no-deps '
        'pip tries to build chumpy and fails; MMPose never imports it)',
    ),
    _check_mmpose_parts,
    _check_patched_here,
    check_gpus,
    check_disk,
    check_network,
)

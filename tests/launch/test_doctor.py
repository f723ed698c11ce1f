import argparse
import dataclasses
import json
import socket

import pytest

from mmpose_ours.cli import doctor
from mmpose_ours.launch import environment
from mmpose_ours.launch.doctor import diagnose
from mmpose_ours.launch.doctor_checks import FAILURE, OK, WARNING, release
from mmpose_ours.launch.environment import Environment

LIGHT_STACK = Environment(
    python='3.11.7',
    versions={
        'numpy': '2.4.6',
        'scipy': '1.17.1',
        'opencv-python-headless': '5.0.0.93',
        'jsonschema': '4.26.0',
        'matplotlib': '3.11.2',
        'setuptools': '80.9.0',
        'pycocotools': '2.0.11',
        'torch': '2.13.0+cpu',
        'mmengine': '0.10.7',
        'mmcv-lite': '2.1.0',
        'mmpose': '1.3.2',
    },
    errors={
        'mmcv.ops': "ModuleNotFoundError: No module named 'mmcv._ext'",
        'torchvision': "ModuleNotFoundError: No module named 'torchvision'",
    },
    stock_tools='/somewhere/mmpose/.mim/tools',
)
MISSING = object()


def changed(versions=(), errors=(), **fields):
    """Change the light stack: versions (MISSING takes one away) and errors are updated."""
    merged = {**LIGHT_STACK.versions, **dict(versions)}
    return dataclasses.replace(
        LIGHT_STACK,
        versions={name: version for name, version in merged.items() if version is not MISSING},
        errors={**LIGHT_STACK.errors, **dict(errors)},
        **fields,
    )


STACK_0X = Environment(
    python='3.11.7',
    versions={
        'numpy': '1.23.5',
        'scipy': '1.10.1',
        'opencv-python-headless': '4.8.1.78',
        'jsonschema': '4.23.0',
        'xtcocotools': '1.14.3',
        'torch': '2.9.1',
        'torchvision': '0.24.1',
        'mmcv-full': '1.7.0',
        'mmpose': '0.29.0',
    },
    errors={
        'mmengine.runner': "ModuleNotFoundError: No module named 'mmengine'",
        'mmpose.evaluation': "ModuleNotFoundError: No module named 'mmpose.evaluation'",
    },
    stock_tools='/somewhere/mmpose/.mim/tools',
)


def changed_0x(versions=(), errors=(), **fields):
    """Change the stack of MMPose 0.x likewise."""
    return dataclasses.replace(
        STACK_0X,
        versions={**STACK_0X.versions, **dict(versions)},
        errors={**STACK_0X.errors, **dict(errors)},
        **fields,
    )


def without(distribution, *modules):
    return changed(
        {distribution: MISSING},
        {module: f"ModuleNotFoundError: No module named '{module}'" for module in modules},
    )


def test_light_stack_is_fine():
    assert {finding.status for finding in diagnose(LIGHT_STACK)} == {OK}


def test_stack_of_mmpose_0x_is_fine():
    assert {finding.status for finding in diagnose(STACK_0X)} == {OK}


NO_OPS = "ModuleNotFoundError: No module named 'mmcv._ext'"
OTHER_TORCH = 'RuntimeError: operator torchvision::nms does not exist'
CLASHES = [
    ('python', FAILURE, '3.11', changed_0x(python='3.12.1')),
    ('numpy', FAILURE, 'numpy<1.24', changed_0x({'numpy': '1.26.4'})),
    ('mmcv', FAILURE, 'mmcv==1.7.0', changed_0x({'mmcv-full': '1.7.2'})),
    ('mmcv', FAILURE, 'uninstall both', changed_0x({'mmcv': '1.7.0'})),
    ('torchvision', FAILURE, '0.24.1', changed_0x(errors={'torchvision': OTHER_TORCH})),
    ('mmpose.datasets', FAILURE, 'names', changed_0x(errors={'mmpose.datasets': 'ImportError: X'})),
    ('mmcv', OK, '', changed_0x(errors={'mmcv.ops': NO_OPS})),
    ('mmpose.apis', WARNING, 'docs/install.md', dataclasses.replace(
        changed({'mmcv-lite': MISSING, 'mmcv': '2.1.0', 'mmdet': '3.2.0'}),
        errors={'mmpose.apis': OTHER_TORCH},
    )),
    ('python', FAILURE, '3.10 to 3.14', changed(python='3.15.0')),
    ('python', FAILURE, '3.10 to 3.14', changed(python='3.9.18')),
    ('numpy', FAILURE, 'numpy', without('numpy', 'numpy')),
    ('xtcocotools', FAILURE, 'pip uninstall xtcocotools', changed(
        {'xtcocotools': '1.14.3'}, {'xtcocotools.mask': 'ValueError: numpy.dtype size changed'}
    )),
    ('xtcocotools', FAILURE, 'pycocotools', without('pycocotools', 'xtcocotools.mask')),
    ('setuptools', FAILURE, 'setuptools<81', changed(
        {'setuptools': '81.0.0'}, {'pkg_resources': "No module named 'pkg_resources'"}
    )),
    ('opencv', FAILURE, 'headless', without('opencv-python-headless', 'cv2')),
    (
        'opencv',
        FAILURE,
        'libgl1',
        changed(
            {'opencv-python-headless': MISSING, 'opencv-python': '4.11.0.86'},
            {'cv2': 'ImportError: libGL.so.1: cannot open shared object file'},
        ),
    ),
    ('opencv', FAILURE, 'reinstall', changed(errors={'cv2': 'ImportError: numpy.core.multiarray'})),
    ('opencv', WARNING, 'all but one', changed({'opencv-python': '4.11.0.86'})),
    ('opencv', OK, '', changed({'opencv-contrib-python': '5.1.0.95'})),
    ('torch', FAILURE, 'pip install torch', without('torch', 'torch')),
    ('torchvision', WARNING, 'was made for', changed(
        {'torchvision': '0.24.1'}, {'torchvision': 'RuntimeError: torchvision::nms does not exist'}
    )),
    ('mmengine', FAILURE, 'mmengine==0.10.7', without('mmengine', 'mmengine.runner')),
    ('mmengine', FAILURE, '0.6', changed({'mmengine': '0.5.0'})),
    ('mmcv', FAILURE, 'mmcv-lite==2.1.0', without('mmcv-lite', 'mmcv')),
    ('mmcv', FAILURE, 'uninstall both', changed({'mmcv': '2.1.0'})),
    ('mmcv', FAILURE, 'refuses mmcv 2.2', changed(
        {'mmcv-lite': MISSING, 'mmcv': '2.2.0', 'mmdet': '3.2.0'}
    )),
    ('mmcv', FAILURE, 'needs mmcv 2', changed({'mmcv-lite': MISSING, 'mmcv-full': '1.7.0'})),
    ('mmcv', WARNING, 'no-build-isolation', changed({'mmcv-lite': MISSING, 'mmcv': '2.1.0'})),
    ('mmpose', FAILURE, 'chumpy', without('mmpose', 'mmpose')),
    ('mmpose', FAILURE, 'mmpose==1.3.2', changed(errors={'mmpose': 'AssertionError: MMCV==2.9'})),
    ('mmpose.datasets', FAILURE, 'munkres', changed(
        errors={'mmpose.datasets': "ModuleNotFoundError: No module named 'munkres'"}
    )),
    ('launch scripts', FAILURE, 'mmpose==1.3.2', changed(stock_tools=None)),
    ('disk', WARNING, 'make room', changed(free_gb=0.5)),
    ('torch', FAILURE, 'torch 2', changed({'torch': '1.13.1'})),
    ('GPU', WARNING, 'torch with CUDA', changed(driver_gpus=('H100',))),
    ('GPU', FAILURE, 'built for it', changed(gpus=('Old', 'H100'), unfit_gpus=('Old',))),
    ('shared memory', WARNING, '--shm-size', changed(shared_gb=0.06)),
    ('port', WARNING, 'PORT=29501', changed(busy_port=29500)),
    ('port', WARNING, 'PORT=29507', changed(busy_port=29500, free_port=29507)),
    ('host name', WARNING, 'GLOO_SOCKET_IFNAME', changed(host_resolves=False)),
]  # fmt: skip


@pytest.mark.parametrize(
    ('subject', 'status', 'fix', 'seen'),
    CLASHES,
    ids=[f'{i}-{row[0]}' for i, row in enumerate(CLASHES)],
)
def test_clash(subject, status, fix, seen):
    (finding,) = [finding for finding in diagnose(seen) if finding.subject == subject]
    assert finding.status == status
    assert fix in finding.fix
    # One cause, one complaint.
    others = [f for f in diagnose(seen) if f.status != OK and f.subject != subject]
    assert [f.subject for f in others if f.subject != 'xtcocotools'] == []


def test_compiled_stack_is_fine():
    compiled = changed({'mmcv-lite': MISSING, 'mmcv': '2.1.0', 'mmdet': '3.2.0'})
    errors = {name: text for name, text in compiled.errors.items() if name != 'mmcv.ops'}
    assert {f.status for f in diagnose(dataclasses.replace(compiled, errors=errors))} == {OK}


def test_gpus_are_named():
    (finding,) = [f for f in diagnose(changed(gpus=('A', 'B'))) if f.subject == 'GPU']
    assert finding.found == 'A, B'


@pytest.mark.parametrize(
    ('version', 'expected'),
    [('2.13.0+cpu', (2, 13, 0)), ('4.11.0.86', (4, 11, 0, 86)), ('2.0.0rc4', (2, 0, 0)), ('x', ())],
)
def test_release(version, expected):
    assert release(version) == expected


@pytest.mark.parametrize(('seen', 'status'), [(LIGHT_STACK, 0), (without('torch', 'torch'), 1)])
def test_report(monkeypatch, capsys, seen, status):
    monkeypatch.setattr(doctor, 'probe', lambda: seen)
    assert doctor.run(argparse.Namespace(json=False)) == status
    assert ('Training works here.' in capsys.readouterr().out) == (status == 0)
    assert doctor.run(argparse.Namespace(json=True)) == status
    report = json.loads(capsys.readouterr().out)
    assert report['training_works'] == (status == 0)
    assert {'subject', 'status', 'found', 'fix'} == set(report['findings'][0])


def test_busy_port(monkeypatch):
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        server.listen()
        port = server.getsockname()[1]
        monkeypatch.setenv('PORT', str(port))
        assert environment._busy_port() == port
    assert environment._busy_port() is None


def test_next_free_port():
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        server.listen()
        port = server.getsockname()[1]
        assert environment._free_port(port) > port


def test_clash_that_the_package_works_around_is_reported():
    (finding,) = [f for f in diagnose(LIGHT_STACK) if f.subject == 'checkpoints']
    assert finding.status == OK and 'mmpose_ours.registry' in finding.found
    assert not [f for f in diagnose(changed({'torch': '2.5.1'})) if f.subject == 'checkpoints']


def test_probe_tells_what_is_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = environment.probe()
    import numpy

    assert here.versions['numpy'] == numpy.__version__
    assert 'numpy' not in here.errors
    assert here.free_gb > 0


def test_fixes_name_no_file_of_the_checkout():
    # A wheel carries no requirements/.
    for *_, seen in CLASHES:
        assert not any('requirements' in f.fix or '.txt' in f.fix for f in diagnose(seen))

"""What ``mmpose-ours init`` writes, used as MMEngine and the datasets use it."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmpose_ours.calibration import coverage, fit_space, read_rig, write_rig
from mmpose_ours.cli import main as cli
from mmpose_ours.detections import write_detections
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io import package_files as paths
from mmpose_ours.workflows.rig_folder import BOX_WEIGHTS, CONFIGS, RIG_FILE, config_text

ROOT = Path(__file__).resolve().parents[2]
SIZE = (640, 480)
FILES = [
    'README.txt', 'camera_parameters.json', 'faster_voxelpose_ours.py', 'keypoint_prior_ours.py',
    'rig.png',
]  # fmt: skip


def rig_of(names=('gate', 'it\'s "left"', 'über 2'), **changes):
    cameras = []
    for i, name in enumerate(names):
        angle = 2 * np.pi * i / len(names) + 0.3
        at = (4500 * np.cos(angle), 4500 * np.sin(angle), 2000)
        upright = Camera.looking_at(name, at, (200, -100, 1000), 430, SIZE)
        cameras.append(dataclasses.replace(upright, **changes))
    return CameraRig(tuple(cameras))


@pytest.fixture
def source(tmp_path):
    """A calibration in another format than the one that is written."""
    write_rig(rig_of(), tmp_path / 'campus.json', 'campus')
    return tmp_path / 'campus.json'


def init(tmp_path, source, *args):
    return cli.main(['init', str(tmp_path / 'data' / 'Ours'), '--rig', str(source), *args])


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def test_layout(tmp_path, source, capsys):
    assert init(tmp_path, source) == 0
    folder = tmp_path / 'data' / 'Ours'
    assert sorted(contents(folder)) == FILES
    names = [p.name for p in folder.iterdir() if p.is_dir()]
    assert sorted(names) == sorted(rig_of().names)
    assert all(not list((folder / name).iterdir()) for name in names)
    written = read_rig(folder / RIG_FILE, 'panoptic')
    assert written.names == rig_of().names
    points = np.random.default_rng(0).uniform(-1000, 1000, (50, 3)) + (0, 0, 1000)
    np.testing.assert_allclose(written.project(points)[0], rig_of().project(points)[0], atol=1e-6)
    assert cv2.imread(str(folder / 'rig.png')).shape[1] > 1000
    readme = (folder / 'README.txt').read_text(encoding='utf-8')
    out = capsys.readouterr().out
    for text in (readme, out):
        config = f'{folder}/keypoint_prior_ours.py'
        assert f'train.py {config}\n' in text
        assert f'test.py {config} mmpose-ours://keypoint_prior\n' in text
        assert f'test.py {config} work_dirs/keypoint_prior_ours/epoch_5.pth\n' in text
        assert f'mmpose-ours train-rig {folder}\n' in text
    shared = coverage(written, fit_space(written))[2]
    assert f'two cameras or more see {shared:.0%} of the space' in out


@pytest.mark.parametrize(
    ('name', 'model'),
    [
        ('keypoint_prior_ours.py', 'KeypointPrior'),
        ('faster_voxelpose_ours.py', 'FasterVoxelPose'),
    ],
)
def test_a_config_loads_and_its_datasets_build(tmp_path, source, monkeypatch, name, model):
    from mmengine.config import Config
    from mmengine.registry import DefaultScope, init_default_scope

    assert init(tmp_path, source) == 0
    folder = tmp_path / 'data' / 'Ours'
    monkeypatch.chdir(tmp_path)  # another folder than the checkout's
    config = Config.fromfile(f'data/Ours/{name}')
    assert config.model.type == model and config.train_cfg.max_epochs == CONFIGS[name][1]
    assert config.load_from == (BOX_WEIGHTS if model == 'KeypointPrior' else None)

    from mmpose_ours.scope import DATASETS

    rig = rig_of()
    people = np.concatenate([np.full((1, 17, 2), 200.0), np.ones((1, 17, 1))], -1)
    write_detections(folder / 'keypoints_2d.json', {'0': {name: people for name in rig.names}})
    space = fit_space(rig)
    with DefaultScope.overwrite_default_scope(None):
        init_default_scope('mmpose_ours')
        for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
            dataset = DATASETS.build(loader.dataset)
            assert dataset.rig.names == rig.names
            assert dataset.space == space
            assert loader.dataset.space is not None, 'numbers, not fitted again'
            assert len(dataset) > 0
    assert type(dataset).__name__ == 'OursDataset'


def test_the_config_is_short_even_for_many_cameras(tmp_path):
    rig = rig_of([f'camera_{i:02d}' for i in range(31)])
    text = config_text(tmp_path, rig, fit_space(rig))
    assert len(text.splitlines()) < 40
    assert max(map(len, text.splitlines()[2:])) <= 100  # the second names the installed config
    scope = {}
    exec(text, scope)
    assert tuple(scope['rig']['cameras']) == rig.names


def test_base_config_is_relative_inside_a_checkout_only(tmp_path, monkeypatch):
    rig = rig_of()
    checkout = tmp_path / 'checkout'
    (checkout / 'configs').mkdir(parents=True)
    (checkout / 'mmpose_ours').mkdir()
    monkeypatch.setattr(paths, 'PACKAGE', checkout / 'mmpose_ours')

    def base(folder):
        scope = {}
        exec(config_text(folder, rig, fit_space(rig)), scope)
        return scope['_base_'][0]

    inside = checkout / 'data' / 'Ours'
    assert base(inside) == '../../configs/ours/keypoint_prior_ours.py'
    assert base(tmp_path / 'data') == f'{checkout.as_posix()}/configs/ours/keypoint_prior_ours.py'
    share = checkout / 'mmpose_ours' / 'share' / 'configs'  # a wheel's
    share.mkdir(parents=True)
    assert base(inside) == f'{share.as_posix()}/ours/keypoint_prior_ours.py'


def test_nothing_is_replaced_unless_forced(tmp_path, source, capsys):
    assert init(tmp_path, source) == 0
    folder = tmp_path / 'data' / 'Ours'
    (folder / 'faster_voxelpose_ours.py').write_text('mine')
    (folder / 'camera_parameters.json').unlink()
    before = contents(folder)
    assert init(tmp_path, source) == 2
    err = capsys.readouterr().err
    assert (
        'Ours: has README.txt, faster_voxelpose_ours.py, keypoint_prior_ours.py, rig.png already'
        in err
        and '--force' in err
    )
    assert contents(folder) == before
    (folder / 'gate' / '0.jpg').write_bytes(b'mine')
    assert init(tmp_path, source, '--force') == 0
    assert 'fast voxel model' in (folder / 'faster_voxelpose_ours.py').read_text(encoding='utf-8')
    assert (folder / 'gate' / '0.jpg').read_bytes() == b'mine'


@pytest.mark.parametrize('name', FILES)
@pytest.mark.parametrize('force', [[], ['--force']], ids=['plain', 'force'])
def test_links_that_came_with_a_folder_are_not_written_through(tmp_path, source, name, force):
    """Else README.txt, which names the cameras, could become a script that a shell runs."""
    folder = tmp_path / 'data' / 'Ours'
    folder.mkdir(parents=True)
    (folder / name).symlink_to(tmp_path / 'home' / '.profile')
    (tmp_path / 'home').mkdir()
    assert init(tmp_path, source, *force) == 2
    assert (folder / name).is_symlink() and not any((tmp_path / 'home').iterdir())


def test_a_calibration_that_lies_there_already_is_left_alone(tmp_path, capsys):
    folder = tmp_path / 'data' / 'Ours'
    write_rig(rig_of(), folder / RIG_FILE, 'panoptic')
    data = json.loads((folder / RIG_FILE).read_text())
    data['calibDataSource'] = 'kept'
    (folder / RIG_FILE).write_text(json.dumps(data))
    assert init(tmp_path, folder / RIG_FILE, '--cameras', 'gate', 'über 2') == 0
    assert json.loads((folder / RIG_FILE).read_text())['calibDataSource'] == 'kept'
    assert 'left as it is, 2 cameras' in capsys.readouterr().out
    # Read another way it is another rig, which the dataset would not see.
    for name in CONFIGS:
        os.remove(folder / name)
    assert init(tmp_path, folder / RIG_FILE, '--unit', '9') == 2
    assert 'has README.txt, camera_parameters.json, rig.png already' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('rig', 'said'),
    [
        (rig_of(lens='fisheye', dist=np.zeros(4)), "camera 'gate' has a fisheye lens, which"),
        (rig_of(dist=(0, 0, 0, 0, 0, 0.1, 0, 0)), "camera 'gate' has rational distortion"),
    ],
)
def test_a_rig_that_the_target_cannot_hold(tmp_path, capsys, rig, said):
    file = tmp_path / 'rig.toml'
    write_rig(rig, file, 'anipose')
    assert init(tmp_path, file, '--unit', 'mm', '--up', 'z') == 2
    err = capsys.readouterr().err
    assert said in err
    assert f'mmpose-ours undistort {file} IN OUT' in err and '--approximate' in err
    assert not (tmp_path / 'data').exists()


def test_a_rig_without_sizes_or_space(tmp_path, capsys):
    write_rig(rig_of(size=None), tmp_path / 'rig.json', 'campus')
    assert init(tmp_path, tmp_path / 'rig.json') == 2
    assert "camera 'gate' has no image size" in capsys.readouterr().err
    assert init(tmp_path, tmp_path / 'rig.json', '--image-size', '640x480', '--unit', 'm') == 2
    err = capsys.readouterr().err
    assert '--unit m' in err and 'mm' in err, 'Campus files are in millimetres'
    assert not (tmp_path / 'data').exists()


def test_a_file_where_a_folder_is_due(tmp_path, source, capsys):
    (tmp_path / 'data').write_text('a file')
    assert init(tmp_path, source) == 2
    assert capsys.readouterr().err.count('\n') == 1


def test_without_matplotlib_there_is_no_image(tmp_path, source, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, 'mmpose_ours.visualization.figures.rig_sheet', None)
    assert init(tmp_path, source) == 0
    assert 'rig.png: not drawn' in capsys.readouterr().out
    assert sorted(contents(tmp_path / 'data' / 'Ours')) == [n for n in FILES if n != 'rig.png']


def test_it_needs_no_torch_and_no_mmengine(tmp_path, source):
    code = (
        'import sys\n'
        'from mmpose_ours.cli.main import main\n'
        'heavy = ("torch", "mmengine", "mmcv", "mmpose")\n'
        'for name in heavy: sys.modules[name] = None\n'
        f'sys.exit(main(["init", {str(tmp_path / "x")!r}, "--rig", {str(source)!r}]))\n'
    )
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, text=True, capture_output=True,
                          timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    # Inside the checkout the scripts are named as one types them.
    assert 'python tools/train.py ' in done.stdout

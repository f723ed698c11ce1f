"""Where VoxelPose looks for people with cameras that its config is not of."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='inference needs torch')
pytest.importorskip('mmengine', reason='inference needs MMEngine')

import cv2  # noqa: E402
from mmengine.config import Config  # noqa: E402
from walking import SIZE, room_rig  # noqa: E402

from mmpose_ours.apis.inferencer import MultiviewInferencer  # noqa: E402
from mmpose_ours.calibration import fit_space, write_rig  # noqa: E402
from mmpose_ours.geometry.rig import CameraRig  # noqa: E402
from mmpose_ours.io.package_files import share  # noqa: E402
from mmpose_ours.models import VoxelPose  # noqa: E402


@pytest.fixture
def trained(tmp_path):
    """Shelf's config with narrow nets, its folder, and weights that fit."""
    config = Config.fromfile(share('configs') / 'shelf' / 'voxelpose_shelf.py')
    net = dict(channels=(2, 4, 8, 16), front_kernel=3)
    config.merge_from_dict(dict(model=dict(center=net, pose=net)))
    config.test_dataloader.dataset.data_root = str(tmp_path)
    weights = VoxelPose(center=net, pose=net).state_dict()
    torch.save(weights, tmp_path / 'weights.pth')
    return config, tmp_path / 'weights.pth'


def test_elsewhere_the_space_keeps_its_size_and_goes_where_the_cameras_look(trained):
    rig = room_rig()
    inferencer = MultiviewInferencer(*trained, rig=rig, device='cpu')
    fitted = fit_space(rig)
    assert fitted.size_mm != inferencer.space.size_mm == (8000, 8000, 2000)
    assert inferencer.space.center_mm == (*fitted.center_mm[:2], 800)
    session = inferencer.open(keypoints={'0': {name: np.zeros((0, 17, 3)) for name in rig.names}})
    assert session.run() == 1
    assert 'a space of the size that its weights learned, 8 x 8 x 2 m' in session.notes[0]


def test_at_home_it_is_the_stated_one_though_the_calibration_knows_no_sizes(trained, tmp_path):
    cameras = [dataclasses.replace(camera, name=str(n)) for n, camera in enumerate(room_rig())]
    rig = CameraRig(tuple(cameras))
    write_rig(rig, tmp_path / 'calibration_shelf.json', 'campus')
    for name in rig.names:
        (tmp_path / f'Camera{name}').mkdir()
        grey = np.full((SIZE[1], SIZE[0], 3), 80, np.uint8)
        cv2.imwrite(str(tmp_path / f'Camera{name}' / 'img_000300.png'), grey)
    inferencer = MultiviewInferencer(
        *trained, rig=tmp_path / 'calibration_shelf.json', images=tmp_path, device='cpu'
    )
    assert inferencer.rig['0'].size == SIZE
    assert inferencer.space.center_mm == (450, -320, 800)
    assert not inferencer.notes

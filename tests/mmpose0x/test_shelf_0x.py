"""The real Shelf through our launch script, beside the dataset that MMPose 0.29 ships."""

import os.path as osp

import mmpose
import numpy as np
import pytest
from errors import fails
from mmcv import Config
from mmpose.datasets import build_dataset

from mmpose_ours.errors import InputError
from mmpose_ours.mmpose0x import OursShelfDataset

CONFIG = '.mim/configs/body/3d_kpt_mview_rgb_img/voxelpose/shelf/voxelpose_prn64x64x64_cpn80x80x20_shelf_cam5.py'  # noqa: E501
FIRST, LAST = 300, 309


@pytest.fixture(scope='module')
def folder(shared_data):
    return str(shared_data / 'shelf')


@pytest.fixture(scope='module')
def stock(folder):
    test = Config.fromfile(osp.join(osp.dirname(mmpose.__file__), CONFIG)).data.test
    test.img_prefix = folder
    test.data_cfg.update(
        frame_range=list(range(FIRST, LAST + 1)),
        cam_file=osp.join(folder, 'calibration_shelf.json'),
        test_pose_db_file=osp.join(folder, 'pred_shelf_openpose_coco.pkl'),
        train_pose_db_file=osp.join(
            osp.dirname(folder), 'panoptic_poses/panoptic_poses_coco17.pkl'
        ),
        gt_pose_db_file=osp.join(folder, 'actorsGT.mat'),
    )
    return build_dataset(test, dict(test_mode=True))


@pytest.fixture(scope='module')
def ours(folder):
    return OursShelfDataset(
        folder,
        pipeline=[],
        heatmap_size=(200, 152),
        cube_size=(80, 80, 20),
        space=dict(center_mm=(450, -320, 800), size_mm=(8000, 8000, 2000)),
        keypoint_file='pred_shelf_openpose_coco.pkl',
        frames=[(FIRST, LAST)],
    )


def test_cameras_sizes_and_people_are_those_that_stock_reads(stock, ours):
    assert len(stock) == len(ours) == LAST - FIRST + 1
    for index in range(len(stock)):
        expected, views = stock._prepare_test_sample(index), ours.views(index, ours.item(index))
        assert len(expected) == len(views) == 5
        for view, seen in views.items():
            reference = expected[view]
            for key, values in seen['camera'].items():
                np.testing.assert_allclose(
                    values,
                    stock_form(reference['camera'], key, values.shape),
                    rtol=1e-6,
                    atol=1e-2 if key == 'T' else 1e-6,
                )
            np.testing.assert_array_equal(seen['center'], reference['center'])
            np.testing.assert_allclose(seen['scale'], reference['scale'], rtol=1e-6)
            found = seen['joints_visible'][..., 0] > 0
            people = np.asarray(reference['joints']).reshape(-1, 17, 3)
            people = people[(people[..., 2] > 0).any(-1)]
            np.testing.assert_array_equal(found, people[..., 2] > 0)
            np.testing.assert_array_equal(seen['joints'][found], people.astype(np.float32)[found])
            assert seen['sample_id'] == reference['sample_id']


def stock_form(camera, key, shape):
    """An entry of stock's camera; K where it has f and c."""
    if key == 'K' and 'K' not in camera:
        (fx, fy), (cx, cy) = np.ravel(camera['f']), np.ravel(camera['c'])
        return np.array([[fx, 0, cx], [0, fy, cy]])
    return np.reshape(camera[key], shape)


def test_frames_without_anybody_count(ours):
    """Stock breaks off at one (it stacks no poses)."""
    nobody = np.zeros((1, 10, 17, 5), np.float32)
    nobody[..., 3] = -1
    results = [dict(pose_3d=nobody, sample_id=[5 * i]) for i in range(len(ours))]
    figures = ours.evaluate(results, metric='pcp')
    assert figures['empty_frames'] == len(ours) and figures['recall_500mm'] == 0
    with fails(InputError, code='unknown-name', found='mpjpe', expected=['people', 'pcp']):
        ours.evaluate(results, metric='mpjpe')

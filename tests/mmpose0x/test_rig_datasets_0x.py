"""Rigs, the user's folder and figures as MMPose 0.x sees them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from errors import fails
from mmcv import Config
from mmcv.parallel import MMDataParallel
from mmpose.core.camera import SimpleCamera
from mmpose.datasets import build_dataloader, build_dataset
from mmpose.models import build_posenet

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.mmpose0x.stock_camera import stock_camera
from mmpose_ours.predictions.reading import read_predictions, write_predictions

TESTS = Path(__file__).resolve().parents[1] / 'helpers'
sys.path.insert(0, str(TESTS))
from dataset_files import FRAMES, SPACE, two_people, write_ours  # noqa: E402

TINY = TESTS.parents[1] / 'configs' / 'ours' / 'mmpose0x' / 'voxelpose_ours_tiny.py'
SKEWED = dict(K=[[900, 3, 630], [0, 880, 370], [0, 0, 1]], size=(1280, 720))


@pytest.fixture
def config():
    return Config.fromfile(str(TINY))


@pytest.mark.parametrize(
    'dist',
    [(), (-0.2, 0.05, 0.002, -0.001, 0.01), (-0.2, 0.05, 0.002, -0.001, 0.01, 0.02, -0.03, 0.004)],
)
def test_stock_projects_with_our_cameras_as_we_do(dist):
    pose = Camera.looking_at('a', (4000, 1500, 2200), (0, 0, 900), 900, (1280, 720))
    camera = Camera('a', R_w2c=pose.R_w2c, t_w2c=pose.t_w2c, dist=dist, **SKEWED)
    points = np.random.default_rng(0).uniform((-1500, -1500, 0), (1500, 1500, 2000), (50, 3))
    uv, valid = camera.project(points)
    assert valid.all()
    stock = SimpleCamera(stock_camera(camera)).world_to_pixel(points)
    np.testing.assert_allclose(stock, uv, atol=0.01)


def test_a_lens_that_stock_does_not_know_is_an_error():
    pose = Camera.looking_at('gopro', (4000, 0, 2000), (0, 0, 900), 900, (1280, 720))
    place = dict(R_w2c=pose.R_w2c, t_w2c=pose.t_w2c, **SKEWED)
    refused = dict(code='cannot-express', camera='gopro')
    with fails(InputError, **refused, found=dict(lens='fisheye', dist=[0.01] * 4)):
        stock_camera(Camera('gopro', dist=np.full(4, 0.01), lens='fisheye', **place))
    # Of a thin prism.
    with fails(InputError, **refused, found=dict(lens='opencv', dist=[0.001] * 12)):
        stock_camera(Camera('gopro', dist=np.full(12, 0.001), **place))


def test_the_users_folder_is_read_and_scored(tmp_path, config):
    folder = tmp_path / 'Ours'
    write_ours(folder, images=False)
    truth = two_people().poses
    write_predictions(folder / 'truth.json', {frame: truth for frame in FRAMES})
    dataset = build_dataset(
        dict(
            type='OursDataset',
            data_root=str(folder),
            truth_file='truth.json',
            space=SPACE,
            heatmap_size=(80, 60),
            cube_size=(16, 16, 8),
            pipeline=config.test_pipeline,
        ),
        dict(test_mode=True),
    )
    assert len(dataset) == len(FRAMES)
    sample = dataset[0]
    assert len(sample['input_heatmaps']) == 3 and sample['input_heatmaps'][0][0].max() > 0.9
    found = np.full((1, 10, 17, 5), -1.0)
    found[0, :2, :, :3], found[0, :2, :, 3:] = truth + (30, 0, 0), (0, 0.9)
    # What two processes computed comes twice, in any order.
    results = [dict(pose_3d=found, sample_id=[3 * index]) for index in (2, 0, 1, 0)]
    figures = dataset.evaluate(results, str(tmp_path), metric='people')
    assert figures['AP_25mm'] == 0 and figures['AP_50mm'] == 1
    assert figures['MPJPE_mm'] == pytest.approx(30, abs=1e-3)
    written = read_predictions(tmp_path / 'predictions.json')
    assert len(written.frames) == 3 and len(next(iter(written.frames.values()))) == 2


def test_epochs_have_people_of_their_own_and_repeat_themselves(config):
    dataset, again = (build_dataset(config.data.train) for _ in range(2))
    first = dataset.item(0)['keypoints_3d']
    dataset.set_epoch(1)
    second = dataset.item(0)['keypoints_3d']
    assert first.shape != second.shape or not np.allclose(first, second)
    np.testing.assert_array_equal(second, again.item(len(again))['keypoints_3d'])


def test_stock_trains_on_a_scene_without_anybody(config):
    config.data.train.update(scene=dict(people=(0, 0)), num_samples=2)
    loader = build_dataloader(build_dataset(config.data.train), 2, 0, dist=False, seed=0)
    model = MMDataParallel(build_posenet(config.model), device_ids=[0])
    loss = model.train_step(next(iter(loader)), None)['loss']
    loss.backward()
    assert np.isfinite(float(loss.detach()))


def test_more_people_than_fit_are_an_error(config):
    config.data.train.update(scene=dict(people=(1, 12)))
    # mmcv 1.x raises the error anew, by its type and sentence alone.
    with pytest.raises(InputError, match='up to 12 people, and max_people is 10'):
        build_dataset(config.data.train)

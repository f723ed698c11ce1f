"""The same scene, seed and rig give the same samples under MMPose 0.x as under 1.x."""

from pathlib import Path

import numpy as np
import pytest
from mmcv import Config
from mmpose.datasets import build_dataset
from mmpose.datasets.pipelines import Compose
from stock_drawing import peak_pixel, person_sigmas, within, written

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parents[1] / 'configs' / 'ours' / 'mmpose0x' / 'voxelpose_ours_tiny.py'
SIZE, SCENES, SEED = (60, 34), (0, 117), 5


@pytest.fixture(scope='module')
def config():
    return Config.fromfile(str(CONFIG))


@pytest.fixture(scope='module')
def dataset(config):
    config.data.train.update(heatmap_size=SIZE, num_samples=200, seed=SEED)
    return build_dataset(config.data.train)


@pytest.fixture(scope='module')
def samples_1x():
    return np.load(HERE / 'samples_1x.npz')


def heatmaps(sample):
    """(V, J, height, width) of what a pipeline returns."""
    return np.stack([view[0] for view in sample['input_heatmaps']])


def fitted(dataset, keypoints):
    """Keypoints (V, P, J, 3) in pixels of the heatmaps, by the letterbox's definition."""
    sizes = np.array([camera.size for camera in dataset.rig])
    scale = (SIZE / sizes).min(1)[:, None]
    shift = (SIZE - scale * sizes) / 2
    return keypoints[..., :2] * scale[:, None, None] + shift[:, None, None]


@pytest.mark.parametrize('scene', SCENES)
def test_keypoints_and_people_are_equal(dataset, samples_1x, scene):
    views = dataset.views(scene, dataset.item(scene))
    keypoints, poses = samples_1x[f'keypoints_{scene}'], samples_1x[f'poses_{scene}']
    assert len(views) == len(keypoints) == 5
    for seen, expected in zip(views.values(), keypoints):
        found = expected[..., 2] > 0
        expected, found = expected[found.any(-1)], found[found.any(-1)]
        np.testing.assert_array_equal(seen['joints'], expected)
        np.testing.assert_array_equal(seen['joints_visible'][..., 0] > 0, found)
    first = views[0]
    assert first['num_persons'] == len(poses)
    np.testing.assert_array_equal(first['joints_3d'][: len(poses)], poses)
    visible = samples_1x[f'visible_{scene}'][..., None]
    np.testing.assert_array_equal(first['joints_3d_visible'][: len(poses)], visible.repeat(3, -1))
    assert not first['joints_3d_visible'][len(poses) :].any()


@pytest.mark.parametrize('scene', SCENES)
def test_heatmaps_differ_where_stock_cuts_peaks_and_nowhere_else(dataset, samples_1x, scene):
    stock, ours = heatmaps(dataset[scene]), samples_1x[f'moved_{scene}']
    keypoints = samples_1x[f'keypoints_{scene}']
    uv = fitted(dataset, keypoints)
    found = keypoints[..., 2] > 0
    inside = ((uv >= 0) & (uv < SIZE)).all(-1)
    assert found.any() and inside[found].all(), 'take scenes without joints beyond the border'
    differ = np.zeros(stock.shape, bool)
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    for view in range(len(uv)):
        sigmas = person_sigmas(uv[view], found[view])
        peaks = np.zeros((2, *stock.shape[1:]))
        for person, joint in zip(*found[view].nonzero()):
            sigma, mu = sigmas[person], uv[view, person, joint]
            u, v = peak = peak_pixel(mu, sigma)
            peak_value = np.exp(-((columns - u) ** 2 + (rows - v) ** 2) / (2 * sigma**2))
            peak_value *= keypoints[view, person, joint, 2]
            for side, window in enumerate((written(mu, sigma, SIZE), within(peak, sigma, SIZE))):
                peaks[side, joint] = np.maximum(peaks[side, joint], peak_value * window)
        differ[view] = np.abs(peaks[0] - peaks[1]) > 1e-5
    assert (np.abs(stock - ours) > 1e-5).tolist() == differ.tolist()
    assert differ.mean() < 0.05


@pytest.mark.parametrize('scene', SCENES)
def test_stock_moves_peaks_by_two_pixels_at_most(dataset, samples_1x, scene):
    keypoints = samples_1x[f'keypoints_{scene}']
    uv, found = fitted(dataset, keypoints), keypoints[..., 2] > 0
    moved = []
    for view in range(len(uv)):
        sigmas = person_sigmas(uv[view], found[view])
        for person, joint in zip(*found[view].nonzero()):
            mu = uv[view, person, joint]
            moved.append(peak_pixel(mu, sigmas[person]) - mu)
    assert -2 < np.min(moved) < -0.5 and np.max(moved) <= 1


def test_joints_out_of_view_draw_nothing_where_stock_draws_full_peaks(config):
    """Trap 3: stock keeps the pixels of joints outside the image, and draws them all the same.

    In mid-image, where the camera's image is smaller than the network's input.
    """
    config.data.train.update(heatmap_size=(480, 272))
    dataset = build_dataset(config.data.train)
    draw = Compose(config.draw.pipeline)
    camera = dataset.rig['south']
    width, height = camera.size
    seen = np.linspace((0.4, 0.3), (0.6, 0.7), 17) * (width, height)
    seen[0] = 1.2 * width, 0.1 * height
    inside = camera.in_image(seen)
    assert inside.sum() == 16
    item = dict(keypoints_2d=np.zeros((5, 1, 17, 3), np.float32), frame_id=0)
    view = dataset.rig.names.index('south')
    item['keypoints_2d'][view, 0, :, :2] = np.where(inside[:, None], seen, 0)
    item['keypoints_2d'][view, 0, :, 2] = inside
    ours = dataset.views(0, item)[view]
    # What stock's own datasets hand over: a pixel beyond the border of the camera's image, not
    # moved with the others, and a full score.
    stock = dict(ours, joints=ours['joints'].copy())
    stock['joints'][0, 0] = 1.2 * width, 0.1 * height, 1
    stock['joints_visible'] = ours['joints_visible'].copy()
    drawn, trap = draw(ours)['input_heatmaps'][0], draw(stock)['input_heatmaps'][0]
    assert drawn[0].max() == 0 and trap[0].max() == 1 and trap.shape == (17, 272, 480)
    np.testing.assert_array_equal(drawn[1:], trap[1:])


def test_an_empty_room_and_an_empty_view_pass_the_pipeline(dataset):
    nobody = dict(
        frame_id=0,
        keypoints_2d=np.zeros((5, 0, 17, 3), np.float32),
        keypoints_3d=np.zeros((0, 17, 3), np.float32),
        visible=np.zeros((0, 17), bool),
    )
    sample = dataset.pipeline(dataset.views(0, nobody))
    assert heatmaps(sample).max() == 0 and sample['targets_3d'].max() == 0
    assert sample['img_metas'].data['num_persons'] == 1  # stock looks for a nearest one

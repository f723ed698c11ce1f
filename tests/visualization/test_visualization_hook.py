import logging
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from errors import fails
from mmengine.structures import InstanceData
from visual_rigs import SPACE, people, small_rig

from mmpose_ours.datasets import MultiviewDataSample
from mmpose_ours.errors import InputError
from mmpose_ours.scope import HOOKS, VISUALIZERS
from mmpose_ours.visualization.training import visualizer as visualizer_module


def sample(frame=0, poses=None, **metainfo):
    poses = people((0, 0)) if poses is None else poses
    result = MultiviewDataSample(
        metainfo=dict(rig=small_rig(2), space=SPACE, joints='coco17', frame_id=frame, **metainfo)
    )
    result.pred_instances = InstanceData(
        keypoints_3d=torch.tensor(poses, dtype=torch.float32), scores=torch.ones(len(poses))
    )
    return result


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """What the hook asks of a runner; the visualizer notes what it is asked to draw."""
    monkeypatch.chdir(tmp_path)  # a relative folder is one of the current folder
    asked = []

    def add(name, image, data_sample, **options):
        asked.append((name, options))

    return SimpleNamespace(
        work_dir=str(tmp_path), timestamp='20250101_000000', asked=asked,
        visualizer=SimpleNamespace(add_datasample=add), logger=logging.getLogger('test'),
    )  # fmt: skip


def run(hook, runner, frames, batch=1):
    hook.before_test(runner)
    for first in range(0, frames, batch):
        outputs = [sample(frame) for frame in range(first, min(first + batch, frames))]
        hook.after_test_iter(runner, first // batch, {}, outputs)
    return [options['out_file'] for _, options in runner.asked]


def build(**settings):
    return HOOKS.build(dict(type='MultiviewVisualizationHook', out_dir='show', **settings))


@pytest.mark.parametrize('batch', [1, 2, 7])
def test_every_nth_frame_is_drawn_whatever_the_batch(runner, batch):
    files = run(build(enable=True, interval=3), runner, 8, batch)
    assert files == [f'show/{frame:06d}.png' for frame in (0, 3, 6)]
    assert runner.asked[0][0] == 'frame 0: 1 person'


def test_it_does_nothing_unless_enabled(runner):
    assert run(build(), runner, 5) == []


def test_an_absolute_folder_is_taken_as_it_is(runner, tmp_path):
    hook = HOOKS.build(dict(type='MultiviewVisualizationHook', enable=True, interval=1,
                            out_dir=str(tmp_path / 'elsewhere')))  # fmt: skip
    assert run(hook, runner, 1) == [str(tmp_path / 'elsewhere' / '000000.png')]


def test_images_are_written_with_truth_images_and_detections(runner, tmp_path):
    image = np.full((480, 640, 3), (0, 160, 0), np.uint8)
    assert cv2.imwrite(str(tmp_path / 'view.png'), image)
    runner.visualizer = VISUALIZERS.build(dict(type='MultiviewVisualizer', name='test'))
    item = sample(
        'take_12', img_paths=[str(tmp_path / 'view.png'), None],
        keypoints_2d=np.full((2, 1, 17, 3), 100.0),
    )  # fmt: skip
    item.gt_instances = InstanceData(
        keypoints_3d=torch.zeros(1, 17, 3), visible=torch.zeros(1, 17, dtype=torch.bool)
    )
    hook = build(enable=True)
    hook.before_test(runner)
    hook.after_test_iter(runner, 0, {}, [item])
    path = tmp_path / 'show' / 'take_12.png'
    drawn = cv2.imread(str(path))
    assert drawn is not None and drawn.shape[1] > 600
    green = (np.abs(drawn.astype(int) - (0, 160, 0)).max(-1) < 12).sum()
    assert green > 20_000
    assert [p.name for p in path.parent.iterdir()] == ['take_12.png']


def test_the_truth_comes_from_actors_or_visible_joints(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        visualizer_module, 'draw_frame',
        lambda *args, **kwargs: drawn.append((args, kwargs)) or np.zeros((4, 4, 3), np.uint8),
    )  # fmt: skip
    visualizer = VISUALIZERS.build(dict(type='MultiviewVisualizer', name='test'))
    actors = np.ones((3, 14, 3))
    visualizer.add_datasample('a', None, sample(actors=actors))
    known = sample()
    visible = torch.ones(1, 17, dtype=torch.bool)
    visible[0, 3] = False
    known.gt_instances = InstanceData(keypoints_3d=torch.ones(1, 17, 3), visible=visible)
    visualizer.add_datasample('b', None, known)
    visualizer.add_datasample('c', None, known, draw_gt=False)
    truths = [args[4:6] for args, _ in drawn]
    assert truths[0][0].shape == (3, 14, 3) and truths[0][1] == 'campus14'
    assert np.isnan(truths[1][0][0, 3]).all() and np.isfinite(truths[1][0]).sum() == 48
    assert truths[2] == (None, None)


def test_an_image_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path):
    visualizer = VISUALIZERS.build(dict(type='MultiviewVisualizer', name='test'))
    path = tmp_path / 'a.nonsense'
    with fails(InputError, code='unknown-name', file=path, found='.nonsense'):
        visualizer.add_datasample('a', None, sample(), out_file=str(path))
    assert list(tmp_path.iterdir()) == []

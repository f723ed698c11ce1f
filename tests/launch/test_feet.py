"""Training with feet by the stock scripts, and what its weights give."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from errors import fails

from mmpose_ours import MultiviewInferencer
from mmpose_ours.checkpoints.loading import CheckpointError, load_weights
from mmpose_ours.checkpoints.reading import read_checkpoint
from mmpose_ours.detections import write_detections
from mmpose_ours.models import KeypointPrior
from mmpose_ours.predictions.reading import read_predictions
from mmpose_ours.sources import SceneGenerator, Site
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeletons import COCO17, SKELETONS

ROOT = Path(__file__).resolve().parents[2]
RIG = ROOT / 'configs/ours/rigs/five_cameras.json'
HALPE = SKELETONS['halpe26']
FEET = HALPE.index(*(joint for joint in HALPE.joints if joint.endswith(('toe', 'heel'))))
SMALL = {
    'faster_voxelpose_ours_halpe26': [
        'train_dataloader.batch_size=2', 'model.pose.bins=8', 'model.pose.channels=(4,6,8)',
    ],
    'voxelpose_ours_halpe26': [
        'model.heatmap_size=(40,24)', 'model.data_preprocessor.heatmap_size=(40,24)',
        'model.center.bins=(16,16,8)', 'model.pose.bins=(8,8,8)', 'train_dataloader.batch_size=2',
    ],
    'keypoint_prior_ours_halpe26': [
        'train_dataloader.batch_size=2', 'model.net.width=16', 'model.net.layers=1',
    ],
}  # fmt: skip


@pytest.fixture(scope='module')
def recording(tmp_path_factory):
    """A folder with 2D keypoints of four frames, of HALPE-26 and of COCO-17, and the truth."""
    folder = tmp_path_factory.mktemp('feet')
    site = Site.read(RIG)
    items = SceneGenerator(site.rig, site.space, 7, joints='halpe26', faults=None)(range(4))
    frames = {
        str(n): {
            name: Keypoints2D(HALPE, people[people[..., 2].any(-1)])
            for name, people in zip(site.rig.names, item['keypoints_2d'])
        }
        for n, item in items.items()
    }
    write_detections(folder / 'keypoints_2d.json', frames)
    fewer = {
        frame: {name: people.to(COCO17) for name, people in views.items()}
        for frame, views in frames.items()
    }
    write_detections(folder / 'coco.json', fewer)
    return folder, [item['keypoints_3d'] for item in items.values()]


def stock(script, config, *words, options=()):
    done = subprocess.run(
        [sys.executable, f'tools/{script}.py', config, *words, '--cfg-options', *options],
        cwd=ROOT,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def errors_of_feet(people, truth):
    """Of each true person, the mean distance of the nearest prediction's feet."""
    gaps = np.linalg.norm(people[:, None] - truth, axis=-1)
    return gaps[gaps.mean(-1).argmin(0), np.arange(len(truth))][:, FEET].mean(-1)


@pytest.mark.slow
@pytest.mark.parametrize('name', SMALL)
def test_trains_with_feet_by_the_stock_scripts(recording, tmp_path, name):
    folder, _ = recording
    config = f'configs/ours/{name}.py'
    rig = [f'{loader}_dataloader.dataset.rig_file={RIG}' for loader in ('train', 'val', 'test')]
    out = tmp_path / 'people.json'
    common = [
        *SMALL[name], *rig, f'test_dataloader.dataset.data_root={folder}',
        'train_dataloader.dataset.num_samples=4', 'val_dataloader.dataset.num_samples=2',
        'train_cfg.max_epochs=1', 'train_cfg.val_interval=1', f'test_evaluator.out_file={out}',
    ]  # fmt: skip
    stock('train', config, '--work-dir', str(tmp_path), options=common)
    checkpoint = tmp_path / 'epoch_1.pth'
    assert read_checkpoint(checkpoint)['meta']['dataset_meta']['joints'] == 'halpe26'
    stock('test', config, str(checkpoint), '--work-dir', str(tmp_path / 't'), options=common)
    predictions = read_predictions(out)
    assert predictions.skeleton == HALPE and len(predictions.frames) == 4
    assert all(poses.xyz_mm.shape[1:] == (26, 3) for poses in predictions.frames.values())


@pytest.mark.parametrize('file', ['keypoints_2d.json', 'coco.json'])
def test_feet_come_out_of_the_prior_also_where_the_keypoints_have_none(recording, file):
    folder, truth = recording
    config = ROOT / 'configs/ours/triangulation_ours_halpe26.py'
    inferencer = MultiviewInferencer(config, rig=RIG)
    session = inferencer.open(None, folder / file)
    results = list(session)
    assert session.skeleton == HALPE
    found = [errors_of_feet(r.poses.xyz_mm, t) for r, t in zip(results, truth) if len(r.poses)]
    errors = np.concatenate(found)
    stds = np.concatenate([r.poses.std_mm[:, FEET].ravel() for r in results])
    with_feet = file != 'coco.json'
    assert np.median(errors) < (25 if with_feet else 90)
    assert (np.median(stds) > 35) is not with_feet
    assert any('big_toe' in note for note in session.notes) is not with_feet


def test_hands_are_completed_beside_the_feet_of_the_model(recording):
    folder, _ = recording
    site = Site.read(RIG)
    whole = SKELETONS['coco_wholebody']
    items = SceneGenerator(site.rig, site.space, 7, joints=whole.name, faults=None)(range(2))
    frames = {
        str(n): {
            name: Keypoints2D(whole, people[people[..., 2].any(-1)])
            for name, people in zip(site.rig.names, item['keypoints_2d'])
        }
        for n, item in items.items()
    }
    inferencer = MultiviewInferencer(ROOT / 'configs/ours/triangulation_ours_halpe26.py', rig=RIG)
    session = inferencer.open(None, frames)
    results = list(session)
    assert set(session.skeleton.joints) == {*whole.joints, *HALPE.joints}
    hands = session.skeleton.index('left_forefinger4', 'right_thumb2')
    head = session.skeleton.index('head', 'left_heel')
    for result in results:
        assert np.isfinite(result.poses.xyz_mm[:, head]).all()
        assert np.isfinite(result.poses.xyz_mm[:, hands]).mean() > 0.5


def test_weights_of_other_joints_are_refused():
    model = KeypointPrior('halpe26')
    with fails(CheckpointError, code='checkpoint'):
        load_weights(model, read_checkpoint('mmpose-ours://keypoint_prior'))
    state = {key: torch.clone(value) for key, value in model.state_dict().items()}
    stated = dict(state_dict=state, meta=dict(dataset_meta=dict(joints='body25')))
    with pytest.raises(CheckpointError) as caught:  # the shapes would fit
        load_weights(model, stated)
    assert caught.value.mismatched == {'joints': ('body25', 'halpe26')}
    stated['meta']['dataset_meta']['joints'] = 'halpe26'
    assert load_weights(model, stated) == []

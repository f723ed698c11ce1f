"""Two processes share a test, and the file of people is the one that one process writes."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from small_runs import command, run
from test_stock_scripts import ROOT
from test_without_training import WEIGHTS, recording
from torch.utils.data import DataLoader

from mmpose_ours.datasets import FreshEpochSampler
from mmpose_ours.datasets import sampler as sampler_module
from mmpose_ours.scope import DATASETS

# Trainings of their own, several processes each.
pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Seven frames, of which two processes get four and three."""
    path = tmp_path_factory.mktemp('recording')
    recording(path, cameras=5, frames=7)
    return path


def test_the_file_of_people_is_the_same(folder, tmp_path):
    name = 'keypoint_prior_ours'
    config = ROOT / f'configs/ours/{name}.py'
    written, figures = [], []
    for processes in (1, 2):
        out = tmp_path / f'{processes}.json'
        work = ('--work-dir', tmp_path / f'work_{processes}')
        done = run(
            command('test', config, WEIGHTS[name], *work, processes=processes),
            options=(
                f'test_evaluator.out_file={out}',
                f'test_dataloader.dataset.data_root={folder}',
                'test_dataloader.dataset.truth_file=poses_3d.json',
            ),
            small=False,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        written.append(out.read_bytes())
        scores = next((tmp_path / f'work_{processes}').glob('*/*.json'))
        figures.append(json.loads(scores.read_text()))
    assert written[0] == written[1]
    assert len(json.loads(written[0])['frames']) == 7
    timeless = [{k: v for k, v in f.items() if 'time' not in k} for f in figures]
    assert timeless[0] == timeless[1]


@pytest.mark.parametrize('workers', [0, 2])
@pytest.mark.parametrize('processes', [1, 3])
def test_the_same_seed_generates_the_same_people(processes, workers, monkeypatch):
    """Whatever the number of workers and processes, an epoch holds the same items."""
    cfg = Config.fromfile(ROOT / 'configs/ours/voxelpose_ours_tiny.py').train_dataloader.dataset
    cfg.num_samples = 12
    alone = DATASETS.build(cfg)
    expected = {index: alone[index] for index in range(12, 24)}  # the second epoch
    seen = {}
    for rank in range(processes):
        monkeypatch.setattr(sampler_module, 'get_dist_info', lambda rank=rank: (rank, processes))
        dataset = DATASETS.build(cfg)
        sampler = FreshEpochSampler(dataset)
        sampler.set_epoch(1)
        torch.manual_seed(rank + workers)  # no item draws from global generators
        loader = DataLoader(
            dataset, 2, sampler=sampler, num_workers=workers, collate_fn=pseudo_collate
        )
        for batch in loader:
            for keypoints, sample in zip(batch['inputs']['keypoints'], batch['data_samples']):
                seen[sample.frame_id] = keypoints, sample.gt_instances.keypoints_3d
    assert sorted(seen) == sorted(expected)
    for index, (keypoints, poses) in seen.items():
        item = expected[index]
        assert np.array_equal(keypoints, item['inputs']['keypoints'])
        assert np.array_equal(poses, item['data_samples'].gt_instances.keypoints_3d)

"""The stock test script on a recording, without training: geometry alone, the prior as it comes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from mmengine.runner import load_checkpoint
from test_stock_scripts import ROOT, environment

from mmpose_ours.calibration import fit_space, read_rig
from mmpose_ours.calibration.writing import write_rig
from mmpose_ours.detections import write_detections
from mmpose_ours.engine.metrics import MultiviewPoseMetric
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.predictions.reading import write_predictions
from mmpose_ours.scope import DATASETS, MODELS
from mmpose_ours.synthetic import DetectorNoise, PoseBank, SceneSampler

RIG = ROOT / 'configs/ours/rigs/five_cameras.json'
WEIGHTS = {
    'triangulation_ours': 'mmpose-ours://none',
    'keypoint_prior_ours': 'mmpose-ours://keypoint_prior',
}


def recording(folder: Path, cameras: int, frames: int = 6) -> None:
    """A data folder of a rig of two or more cameras, with people of whom the truth is known."""
    five = read_rig(RIG)
    # More cameras than the rig has: the same ones again, a little higher.
    every = [
        camera.from_center(
            f'{index}', camera.K, camera.R_w2c, camera.center_w + (0, 0, 100 * (index // 5)),
            camera.size, camera.dist,
        )
        for index, camera in ((i, five.cameras[i % 5]) for i in range(cameras))
    ]  # fmt: skip
    rig = CameraRig(tuple(every))
    sampler = SceneSampler(rig, fit_space(rig), PoseBank.built_in(100), people=(2, 3))
    faults = DetectorNoise(false_positive_rate=0.0)
    detections, truth = {}, {}
    for index in range(frames):
        rng = np.random.default_rng(index)
        scene = sampler.sample(rng)
        found = faults.detect(scene, rig, rng)
        detections[str(index)] = dict(zip(rig.names, found))
        truth[index] = scene.poses
    write_rig(rig, folder / 'camera_parameters.json', 'panoptic')
    write_detections(folder / 'keypoints_2d.json', detections)
    write_predictions(folder / 'poses_3d.json', truth)


def figures_of(samples) -> dict:
    metric = MultiviewPoseMetric()
    metric.process(None, [sample.to_dict() for sample in samples])
    return metric.compute_metrics(metric.results)


def check(figures: dict, cameras: int) -> None:
    # Of two cameras one alone shows many people, whom triangulation does not find.
    assert figures['recall_500mm'] >= (0.7 if cameras == 2 else 0.9), figures
    assert figures['MPJPE_mm'] < (120 if cameras == 2 else 60), figures


@pytest.mark.parametrize('config', WEIGHTS)
@pytest.mark.parametrize('cameras', [2, 3, 5, 8, 31])
def test_people_are_found_in_rigs_of_any_size(config, cameras, tmp_path):
    recording(tmp_path, cameras)
    loaded = Config.fromfile(ROOT / f'configs/ours/{config}.py')
    files = dict(data_root=str(tmp_path), truth_file='poses_3d.json')
    with DefaultScope.overwrite_default_scope('mmpose_ours'):
        dataset = DATASETS.build({**loaded.test_dataloader.dataset, **files})
        model = MODELS.build(loaded.model).eval()
    load_checkpoint(model, WEIGHTS[config], strict=True)
    with torch.no_grad():
        samples = model.test_step(pseudo_collate(list(dataset)))
    check(figures_of(samples), cameras)


@pytest.mark.slow
@pytest.mark.parametrize('config', WEIGHTS)
def test_by_the_stock_script(config, tmp_path):
    recording(tmp_path, 3)
    out = tmp_path / 'people.json'
    options = dict(data_root=tmp_path, truth_file='poses_3d.json')
    done = subprocess.run(
        [
            sys.executable, 'tools/test.py', f'configs/ours/{config}.py', WEIGHTS[config],
            '--work-dir', str(tmp_path / 'work'),
            '--cfg-options', f'test_evaluator.out_file={out}',
            *(f'test_dataloader.dataset.{key}={value}' for key, value in options.items()),
        ],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    printed = json.loads(next((tmp_path / 'work').glob('*/*.json')).read_text())
    check({name.rpartition('/')[2]: value for name, value in printed.items()}, 3)
    assert len(json.loads(out.read_text())['frames']) == 6

"""Trajectories of an inference session."""

import json

import numpy as np
import pytest

pytest.importorskip('torch', reason='inference needs torch')
pytest.importorskip('mmengine', reason='inference needs MMEngine')

from errors import fails  # noqa: E402
from moving_people import crowd, seen  # noqa: E402
from walking import SPACE, room_rig  # noqa: E402

from mmpose_ours.apis.inferencer import MultiviewInferencer  # noqa: E402
from mmpose_ours.calibration.writing import write_rig  # noqa: E402
from mmpose_ours.cli.main import main  # noqa: E402
from mmpose_ours.detections import write_detections  # noqa: E402
from mmpose_ours.errors import InputError  # noqa: E402
from mmpose_ours.predictions.reading import read_predictions  # noqa: E402

FPS = 30.0


@pytest.fixture(scope='module')
def recording():
    rng = np.random.default_rng(3)
    rig, people = room_rig(4), crowd(rng, 1, 60, radius_mm=700.0)
    views, _ = seen(rng, rig, people)
    return rig, people, {str(frame): of_frame for frame, of_frame in enumerate(views)}


def mean_error(results, people):
    poses = [next(iter(result.poses.xyz_mm)) for result in results]
    return np.linalg.norm(np.array(poses) - people[:, 0], axis=-1).mean()


def test_trajectories_are_nearer_to_the_truth_than_single_frames(recording):
    rig, people, frames = recording
    inferencer = MultiviewInferencer(rig=rig, space=SPACE, device='cpu')
    alone = mean_error(inferencer(keypoints=frames, fps=FPS), people)
    session = inferencer(keypoints=frames, fps=FPS, temporal=True)
    assert mean_error(session, people) < 0.85 * alone
    assert session.trajectories.report.tracks == 1
    assert 'trajectories' in session.timing()


def test_what_trajectories_need(recording):
    rig, _, frames = recording
    inferencer = MultiviewInferencer(rig=rig, space=SPACE, device='cpu')
    with fails(InputError, code='missing-value', expected='fps'):
        inferencer(keypoints=frames, temporal=True)
    with fails(InputError, code='conflict', found=['smooth', 'temporal']):
        inferencer(keypoints=frames, fps=FPS, temporal=True, smooth=True)


def test_predict_writes_trajectories(recording, tmp_path):
    rig, people, frames = recording
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    write_detections(tmp_path / 'keypoints.json', frames)
    command = ['predict', '--rig', str(tmp_path / 'rig.json'), '--fps', '30', '--temporal']
    command += ['--keypoints', str(tmp_path / 'keypoints.json'), '--no-page']
    assert main([*command, '--out', str(tmp_path / 'out')]) == 0
    predictions = read_predictions(tmp_path / 'out' / 'people.json')
    poses = np.stack([predictions.frames[t].xyz_mm[0] for t in range(60)])
    assert np.linalg.norm(poses - people[:, 0], axis=-1).mean() < 15
    about = json.loads((tmp_path / 'out' / 'people.json').read_text())['made_by']['trajectories']
    assert about['tracks'] == 1 and about['filled_poses'] == 0
    assert 200 < about['bone_lengths_mm']['0']['elbow-wrist'] < 300

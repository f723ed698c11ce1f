"""Crowds of detections take bounded time and memory, and parts give what the whole gives."""

import numpy as np
import pytest
from limited_process import run_limited
from model_rigs import batch, ring

from mmpose_ours.apis.stage_timer import StageTimer
from mmpose_ours.apis.view_sources import Views
from mmpose_ours.association.epipolar import associate
from mmpose_ours.detections.arrays import strongest
from mmpose_ours.io.limits import limited
from mmpose_ours.models import selection
from mmpose_ours.models.association import hypotheses
from mmpose_ours.models.association.proposals import Proposer
from mmpose_ours.models.association.rays import RayPreprocessor
from mmpose_ours.structures.frames import FrameSet
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import DetectorNoise


@pytest.fixture
def rays():
    data = batch([ring(5)], people=6, faults=DetectorNoise())
    return RayPreprocessor()(data)['inputs']['rays']


def test_people_of_single_views_are_bounded(rays, monkeypatch):
    finder = hypotheses.PeopleFinder(SKELETONS['coco17'], Proposer(max_people=1), single_views=True)
    floor_mm = rays.weights.new_tensor([-1000.0])
    everybody = len(finder(rays, floor_mm))
    monkeypatch.setattr(hypotheses, 'MAX_SINGLE_RAYS', 3 * 5 * 17)
    assert everybody > 4 and len(finder(rays, floor_mm)) == 4  # one group and three


def test_the_number_of_poses_is_bounded(monkeypatch):
    monkeypatch.setattr(selection, 'MAX_REPORTED', 7)
    rank = np.arange(20.0)
    poses = np.broadcast_to(rank[:, None, None] * 50, (20, 17, 3))
    from model_rigs import SPACE

    rows = selection.choose_people(poses, rank, rank >= 0, SPACE, [11, 12], 0.0, 1e6)
    assert rows.tolist() == [19, 18, 17, 16, 15, 14, 13]


def test_the_strongest_keep_their_order():
    people_2d = np.zeros((5, 17, 3))
    people_2d[:, 0, 2] = [0.1, 0.9, 0.3, 0.9, 0.2]
    assert strongest(people_2d, 3).tolist() == [1, 2, 3]
    assert strongest(people_2d, 5).tolist() == [0, 1, 2, 3, 4]


def test_association_takes_the_strongest_of_a_crowd():
    rig = ring(3)
    data = batch([rig], people=2)
    keypoints = np.asarray(data['inputs']['keypoints'][0], np.float64)
    groups = associate(rig, keypoints)
    crowd = np.random.default_rng(0).uniform(0, 700, (3, 40, 17, 3))
    crowd[..., 2] = 0.2
    many = np.concatenate([crowd, keypoints], 1)
    with limited(compared_per_view=2):
        found = associate(rig, many)
    assert {tuple(row) for row in found} == {tuple(np.where(r < 0, r, r + 40)) for r in groups}


def test_views_say_which_camera_is_crowded():
    rig, said = ring(3), []
    many = np.random.default_rng(0).uniform(1, 700, (9, 17, 3)).astype(np.float32)
    many[..., 2] = np.linspace(0.1, 0.9, 9)[:, None]
    keypoints = {str(f): {'cam0': many, 'cam1': many[:2]} for f in range(3)}
    frames = [FrameSet('0', {}), FrameSet('1', {})]
    with limited(compared_per_view=4):
        views = Views(rig, StageTimer(), said.append)
        seen = [each.keypoints for each in views.from_keypoints(frames, keypoints, 'x')]
    assert [[len(found[name]) for name in rig.names] for found in seen] == [[4, 2, 0]] * 3
    np.testing.assert_array_equal(seen[0]['cam0'].array, many[5:])
    (note,) = said
    assert "'cam0'" in note and 'frame 0' in note
    with limited(compared_per_frame=6):
        views = Views(rig, StageTimer(), said.append)
        seen = [each.keypoints for each in views.from_keypoints((), keypoints, 'x')]
    assert len(seen[0]['cam0']) == 2, 'six of three cameras'


def test_two_hundred_detections_per_view():
    """They took 10 s of five cameras; what is slow here is a second or so of start."""
    done = run_limited(
        """
        import time
        import numpy as np
        import torch
        from dataset_files import small_rig
        from mmpose_ours.apis.inferencer import MultiviewInferencer
        torch.set_num_threads(1)
        rig = small_rig('abcde', size=(1280, 960))
        inferencer = MultiviewInferencer(rig=rig, device='cpu')
        rng = np.random.default_rng(0)
        views = {name: rng.uniform(1, 900, (200, 17, 3)) for name in rig.names}
        for people in views.values():
            people[..., 2] /= 900
        seconds, start = [], time.process_time()
        session = inferencer.open(keypoints={str(frame): views for frame in range(3)})
        for people in session:
            seconds.append(time.process_time() - start)
            start = time.process_time()
        assert len(session.notes) == 5, session.notes
        print(min(seconds))
        """,
        memory=6000 << 20,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-1]) < 2.0

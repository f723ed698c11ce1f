"""How train-rig compares models: figures against other people's arithmetic, and the verdict."""

import numpy as np
import pytest
from frame_results import predictions_of
from scipy import stats
from walking import room_rig

from mmpose_ours.detections import stack_views
from mmpose_ours.evaluation.without_truth.scores import EvaluatedFrame
from mmpose_ours.synthetic import DetectorNoise, Scene, built_in_poses
from mmpose_ours.workflows.train_rig.scores import (
    Tally,
    against_truth,
    against_views,
    difference,
)
from mmpose_ours.workflows.train_rig.test_recordings import cameras_to_leave_out, runs
from mmpose_ours.workflows.train_rig.verdict import judge


def test_people_against_truth_by_hand():
    true = np.zeros((2, 17, 3))
    true[1, :, 0] = 3000.0
    true[0, 0] = np.nan  # whose place nobody knows
    shifted = np.nan_to_num(true[:1]) + (0, 0, 60.0)
    shifted[0, 1] += (200.0, 0, 0)  # one joint wrong
    false_positive = np.full((1, 17, 3), 9000.0)
    found = predictions_of({0: np.concatenate([false_positive, shifted])})
    tally, figures = against_truth(predictions_of({0: true, 1: true[:0]}), found)
    assert (tally.true_positives[0], tally.annotated[0], tally.predicted[0]) == (15, 33, 33)
    assert tally.score() == pytest.approx(30 / 66)
    off = np.array([60.0] * 15 + [np.hypot(200.0, 60.0)])
    assert figures['error_mm'] == pytest.approx(off.mean())
    assert figures['people_found'] == 0.5 and figures['false_positives_per_frame'] == 0.5


def test_people_in_a_camera_left_out():
    rig = room_rig(3)
    poses = built_in_poses(2, np.random.default_rng(4), ('stand',))
    poses[:, :, 0] += np.array([[-500.0], [500.0]])
    views = DetectorNoise.none().detect(
        Scene(poses, np.ones((2, 17), dtype=bool)), rig, np.random.default_rng(0)
    )
    keypoints = stack_views(dict(zip(rig.names, views)), rig.names)

    def score(people):
        frame = EvaluatedFrame(0, rig, people, keypoints)
        return float(against_views({name: [frame] for name in rig.names}).score())

    assert score(poses) == pytest.approx(1.0)
    assert score(poses[:1]) == pytest.approx(2 / 3)  # half of what is due, all of the claims
    false_positive = poses[:1] + (0.0, 1200.0, 0.0)
    assert score(np.concatenate([poses, false_positive])) < 0.9
    assert score(poses + (0, 0, 700.0)) < 0.1
    # Joints that the keypoints never have, such as feet, are no claims.
    with_feet = np.concatenate([poses, poses[:, -2:]], axis=1)
    keypoints = np.concatenate([keypoints, np.zeros_like(keypoints[:, :, :2])], axis=2)
    assert score(with_feet) == pytest.approx(1.0)


def test_the_interval_is_that_of_scipy():
    rng = np.random.default_rng(0)
    due = rng.integers(20, 90, 200).astype(float)
    one, other = (Tally(np.floor(due * share), due, due) for share in rng.beta(9, 2, (2, 200)))
    found = difference(one, other)
    expected = stats.bootstrap(
        (one.true_positives, other.true_positives, due),
        lambda a, b, n, axis: 100 * (a.sum(axis) - b.sum(axis)) / n.sum(axis),
        paired=True, vectorized=True, method='percentile', n_resamples=4000, random_state=1,
    ).confidence_interval  # fmt: skip
    assert found.points == pytest.approx(100 * (one.score() - other.score()))
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.4)
    # Neighbours that err alike tell less.
    slow = np.repeat(rng.normal(0, 6, 20), 10)
    wavy = Tally(np.clip(other.true_positives + slow, 0, due), due, due)
    apart, together = difference(wavy, other), difference(wavy, other, block=20)
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


@pytest.mark.parametrize(
    ('shares', 'use', 'said'),
    [
        ({'synthetic': (0.9, 0.8, 0.7)}, 'trained', 'is better than the pretrained pose prior'),
        ({'synthetic': (0.8, 0.8, 0.7)}, 'box', 'No difference'),
        ({'synthetic': (0.7, 0.8, 0.9)}, 'triangulation', 'worse than the pretrained pose prior'),
        ({'synthetic': (0.9, 0.8, 0.7), 'own': (0.7, 0.8, 0.7)}, 'box', 'in one test and worse'),
        ({'synthetic': (0.8, 0.8, 0.7), 'own': (0.9, 0.8, 0.7)}, 'trained', 'on your recording'),
        ({'synthetic': (0.9, 0.7)}, 'trained', 'better than plain triangulation'),
    ],
)
def test_the_verdict(shares, use, said):
    due = np.full(100, 50.0)
    noise = np.random.default_rng(0).normal(0, 1, (3, 100))
    names = ('trained', 'box', 'triangulation')
    tallies = {}
    for where, values in shares.items():
        kept = names if len(values) == 3 else (names[0], names[2])
        tallies[where] = {
            who: Tally(due * share + random * (share != 0.8), due, due)
            for who, share, random in zip(kept, values, noise)
        }
    verdict = judge(tallies)
    assert verdict.use == use and said in verdict.sentence
    assert bool(verdict.beaten) == (use == 'triangulation')


@pytest.mark.parametrize(('count', 'expected'), [(2, 0), (3, 3), (5, 5), (8, 8), (31, 8)])
def test_cameras_that_are_left_out(count, expected):
    chosen = cameras_to_leave_out(room_rig(count))
    assert len(set(chosen)) == expected


def test_runs_of_neighbours():
    assert runs(20, 30) == list(range(20))
    rows = runs(1000, 90)
    assert len(rows) == 90 and rows[0] == 0 and rows[-1] == 999
    assert np.diff(rows).tolist().count(1) == 87

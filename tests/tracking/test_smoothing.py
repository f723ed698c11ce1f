"""The One-Euro filter: calmer, hardly late, honest about what is missing."""

import numpy as np
import pytest
from errors import fails
from walks import STANDING, straight

from mmpose_ours.errors import InputError
from mmpose_ours.tracking.smoothing import MAX_LAG_MM, MIN_CUTOFF_HZ, PoseSmoother

ONE = np.array([0])


def smoothed(poses, fps=30.0, **options):
    smoother = PoseSmoother(fps, **options)
    return np.stack([smoother(pose[None], ONE)[0] for pose in poses])


def as_published(values, fps, min_cutoff, beta, d_cutoff):
    """The algorithm of the paper's appendix for one number at a time."""

    def alpha(cutoff):
        return 1 / (1 + 1 / (2 * np.pi * cutoff) * fps)

    out, slope = [values[0]], 0.0
    for value in values[1:]:
        share = alpha(d_cutoff)
        slope = share * (value - out[-1]) * fps + (1 - share) * slope
        share = alpha(min_cutoff + beta * abs(slope))
        out.append(share * value + (1 - share) * out[-1])
    return np.array(out)


def test_along_an_axis_it_is_the_published_filter():
    values = np.cumsum(np.random.default_rng(0).normal(0, 20, 200))
    poses = np.zeros((200, 17, 3))
    poses[:, 3, 1] = values
    expected = as_published(values, 25.0, 1.2, 1 / (2 * np.pi * 30), 0.8)
    result = smoothed(poses, 25.0, min_cutoff_hz=1.2, max_lag_mm=30.0, speed_cutoff_hz=0.8)
    np.testing.assert_allclose(result[:, 3, 1], expected, atol=1e-9)


def test_it_is_the_same_in_any_axes():
    rng = np.random.default_rng(1)
    poses = rng.normal(0, 100, (50, 17, 3))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    np.testing.assert_allclose(smoothed(poses @ turn), smoothed(poses) @ turn, atol=1e-9)


def test_noise_falls_at_rest():
    rng = np.random.default_rng(2)
    poses = STANDING + rng.normal(0, 10, (600, 17, 3))
    after = smoothed(poses)[60:]
    assert np.std(after - STANDING) < 5.5
    assert np.std(np.diff(after, axis=0)) < 0.35 * np.std(np.diff(poses, axis=0))


@pytest.mark.parametrize('speed_mm_s', [100.0, 1500.0, 8000.0])
def test_steady_motion_is_not_later_than_stated(speed_mm_s):
    poses = straight((0, 0), (10 * speed_mm_s, 0), 301)
    behind = np.linalg.norm(smoothed(poses)[-1] - poses[-1], axis=-1)
    assert (behind > 0).all()
    assert (behind < MAX_LAG_MM).all()
    assert (behind / speed_mm_s < 1 / (2 * np.pi * MIN_CUTOFF_HZ)).all()


def test_missing_joints_stay_missing_and_a_gap_begins_anew():
    rng = np.random.default_rng(3)
    poses = STANDING + rng.normal(0, 10, (10, 17, 3))
    poses[4, 9] = np.nan
    result = smoothed(poses)
    np.testing.assert_array_equal(np.isnan(result), np.isnan(poses))
    np.testing.assert_array_equal(result[5, 9], poses[5, 9])
    assert (np.abs(result[5, 8] - poses[5, 8]) > 0.1).any()
    np.testing.assert_allclose(result[5:, 9], smoothed(poses[5:])[:, 9])


def test_people_are_kept_apart_whatever_their_order():
    rng = np.random.default_rng(4)
    poses = rng.normal(0, 10, (20, 2, 17, 3))
    smoother = PoseSmoother(30)
    for frame in range(20):
        order = np.array([0, 1] if frame % 2 else [1, 0])
        result = smoother(poses[frame, order], order)[order.argsort()]
    for person in (0, 1):
        np.testing.assert_allclose(result[person], smoothed(poses[:, person])[-1])
    # Nobody for a frame, or frames left out: all begin anew.
    np.testing.assert_array_equal(smoother(poses[0], np.arange(2), 25), poses[0])
    assert smoother(poses[0, :0], np.zeros(0, int)).shape == (0, 17, 3)
    np.testing.assert_array_equal(smoother(poses[1], np.arange(2)), poses[1])


def test_nonsense_is_refused():
    with fails(InputError, code='out-of-range') as caught:
        PoseSmoother(0)
    assert caught.value.found[0] == 0
    smoother = PoseSmoother(30)
    smoother(STANDING[None], ONE, 3)
    with fails(InputError, code='out-of-range', found=2, expected=3):
        smoother(STANDING[None], ONE, 2)

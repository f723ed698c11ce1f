"""Track IDs: crossing, gaps, coming and going, frames left out."""

import numpy as np
import pytest
from errors import fails
from limited_process import run_limited
from walks import STANDING, straight, switches, wander, watched

from mmpose_ours.errors import InputError
from mmpose_ours.tracking.tracks import PATIENCE, PeopleTracker, assign_track_ids, patience_at


def crossing(fps, seed, apart_mm=150.0):
    """Two people who pass each other in the middle of a 6 m walk, as they are found."""
    frames = int(5 * fps)
    two = np.stack(
        [straight((0, 0), (6000, 0), frames), straight((6000, apart_mm), (0, 0), frames)]
    )
    rng = np.random.default_rng(seed)
    # Both are lost for 0.3 s where they meet.
    half = round(0.15 * fps)
    two[:, frames // 2 - half : frames // 2 + half] = np.nan
    return watched(rng, two, lost=0.03, burst=2)


@pytest.mark.parametrize('fps', [30, 10])
def test_who_crosses_keeps_their_number(fps):
    for seed in range(10):
        poses, truth = crossing(fps, seed)
        assert switches(assign_track_ids(poses, patience=fps), truth) == 0


def test_frames_that_are_left_out():
    # Every other frame, by the frame numbers or by the step.
    poses, truth = crossing(20, seed=0)
    numbers = list(range(1, len(poses), 2))
    poses, truth = poses[1::2], truth[1::2]
    assert switches(assign_track_ids(poses, frames=numbers), truth) == 0
    tracker = PeopleTracker(frame_step=2)
    assert switches([tracker(p, n) for p, n in zip(poses, numbers)], truth) == 0
    # A hole that patience does not bridge: they are others.
    tracker = PeopleTracker()
    assert tracker(STANDING[None], 0).tolist() == [0]
    assert tracker(STANDING[None], PATIENCE + 1).tolist() == [0]
    assert tracker(STANDING[None], 2 * PATIENCE + 3).tolist() == [1]


def test_a_busy_room():
    """Five people of the same size walk through each other for a minute, 25 mm of noise."""
    total = people = 0
    for seed in range(3):
        rng = np.random.default_rng(seed)
        walks = np.stack([wander(rng, 1800, 30) for _ in range(5)])
        poses, truth = watched(rng, walks)
        total += switches(assign_track_ids(poses), truth)
        people += sum(map(len, truth))
    assert people > 20_000
    # By nearest distance alone there are 20.
    assert total <= 15


def test_people_who_come_and_go():
    walks = np.stack([straight((0, 2000 * n), (4000, 2000 * n), 60) for n in range(3)])
    walks[1, 20:40] = np.nan  # leaves for longer than patience, comes back
    walks[2, :30] = np.nan  # comes late
    poses, truth = watched(np.random.default_rng(0), walks, lost=0.0)
    numbers = assign_track_ids(poses)
    given = {(n, p) for ns, ps in zip(numbers, truth) for n, p in zip(ns.tolist(), ps.tolist())}
    assert sorted(n for n, _ in given) == [0, 1, 2, 3]
    assert sorted(p for _, p in given) == [0, 1, 1, 2]


def test_joints_that_are_never_seen_together_are_bridged():
    upper, lower = STANDING.copy(), STANDING.copy()
    upper[11:], lower[:11] = np.nan, np.nan
    tracker = PeopleTracker(first_id=7)
    given = [tracker(pose[None]).tolist() for pose in (STANDING, upper, lower, upper)]
    assert given == [[7]] * 4
    tracker = PeopleTracker()
    assert [tracker(np.full((1, 17, 3), np.nan)).tolist() for _ in range(2)] == [[0], [1]]


def test_time_goes_forward():
    tracker = PeopleTracker()
    tracker(STANDING[None], 5)
    with fails(InputError, code='out-of-range', found=5, expected=5):
        tracker(STANDING[None], 5)
    with fails(InputError, code='out-of-range') as caught:
        PeopleTracker(patience=-1)
    assert caught.value.found[1] == -1


@pytest.mark.parametrize(
    ('fps', 'lost', 'kept'), [(60, 25, True), (60, 40, False), (None, 25, False)]
)
def test_somebody_may_be_lost_for_half_a_second(fps, lost, kept):
    tracker = PeopleTracker(patience=patience_at(fps))
    before = tracker(STANDING[None])
    for _ in range(lost):
        tracker(np.zeros((0, 17, 3)))
    assert (tracker(STANDING[None]) == before) == kept
    assert patience_at(4) == PATIENCE


def test_whom_one_camera_shows_may_be_farther_off():
    """Who is seen by two cameras now and then has one number, though one alone errs in depth."""
    near, far = STANDING[None], STANDING[None] + [0, 800, 0]
    for views, numbers in (([1, 2] * 6, [0] * 12), ([2, 2] * 6, list(range(12)))):
        tracker = PeopleTracker(patience=0)
        found = [tracker(far if n % 2 else near, views=[v])[0] for n, v in enumerate(views)]
        assert found == numbers
    # Somebody else, who is at the place that the track expects, comes first.
    tracker = PeopleTracker()
    assert tracker(np.concatenate([near, far]), views=[2, 1]).tolist() == [0, 1]
    assert tracker(np.concatenate([far, near]), views=[1, 2]).tolist() == [1, 0]


def test_hundreds_of_people_in_each_frame_take_bounded_memory():
    """A frame rate from a file makes patience 50,000 frames; 4 frames took 2 GB."""
    code = """
import numpy as np
from mmpose_ours.tracking.tracks import MAX_TRACKS, PeopleTracker
tracker, place = PeopleTracker(patience=50_000), np.arange(900.0)[:, None, None]
for frame in range(4):
    poses = np.broadcast_to((place + 900 * frame) * 2000, (900, 17, 3))
    assert tracker(poses).tolist() == list(range(900 * frame, 900 * (frame + 1)))
assert len(tracker._tracks) <= MAX_TRACKS + 900
assert tracker(poses).tolist() == list(range(2700, 3600))
"""
    done = run_limited(code, memory=900 << 20, seconds=60)
    assert done.returncode == 0, done.stderr

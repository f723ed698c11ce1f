"""Even frames from frames, track IDs, what is left out."""

import numpy as np
import pytest
from errors import fails
from frame_results import predictions_of
from walks import STANDING, straight

from mmpose_ours.errors import InputError
from mmpose_ours.export.formats import write_timeline
from mmpose_ours.tracking.trajectories import timeline_of


def predictions(frames, **options):
    """Predictions of rows of people."""
    frames = {key: np.asarray(poses, float).reshape(-1, 17, 3) for key, poses in frames.items()}
    scores = {key: np.linspace(0.5, 1, len(poses)) for key, poses in frames.items()}
    return predictions_of(frames, scores=scores, **options)


def numbers(**frames):
    return {int(key[1:]): np.array(ids, dtype=int) for key, ids in frames.items()}


ONE = STANDING[None]
TWO = np.stack([STANDING, STANDING + [3000, 0, 0]])


def test_the_frame_rate_of_the_file_counts():
    ntsc = predictions({0: ONE, 1: ONE}, fps=30000 / 1001)
    assert timeline_of(ntsc).rate_hz == timeline_of(ntsc, fps=29.97).rate_hz == 30000 / 1001
    assert timeline_of(predictions({0: ONE, 1: ONE}), fps=60).rate_hz == 60
    with fails(InputError, code='conflict', found=60, expected=30000 / 1001):
        timeline_of(ntsc, fps=60)


def test_numbers_left_out_become_frames_without_people():
    found = predictions({14: TWO, 10: ONE, 12: [], 18: ONE}, fps=20.0)
    timeline = timeline_of(found)
    assert timeline.frames == (10, 12, 14, 16, 18)
    np.testing.assert_allclose(timeline.seconds, [0.5, 0.6, 0.7, 0.8, 0.9])
    assert timeline.rate_hz == 10 and timeline.people == (0, 1)
    assert timeline.present.tolist() == [[1, 0], [0, 0], [1, 1], [0, 0], [1, 0]]
    np.testing.assert_array_equal(timeline.poses[2], TWO)
    assert timeline.scores[2].tolist() == [0.5, 1]
    assert (timeline.views == -1).all()
    assert len(timeline.notes) == 1 and 'no track IDs' in timeline.notes[0]


def test_names_keep_their_order():
    timeline = timeline_of(predictions({'b': ONE, 'a': TWO, '7x': ONE}), fps=4)
    assert timeline.frames == ('b', 'a', '7x')
    np.testing.assert_allclose(timeline.seconds, [0, 0.25, 0.5])


def test_track_ids_of_the_file_count():
    found = predictions(
        {1: TWO, 2: TWO}, ids=numbers(f1=[9, 4], f2=[4, 9]), views={1: np.array([2, 3])}, fps=25
    )
    timeline = timeline_of(found)
    assert timeline.people == (4, 9) and timeline.notes == ()
    np.testing.assert_array_equal(timeline.poses[0], TWO[::-1])
    np.testing.assert_array_equal(timeline.poses[1], TWO)
    assert timeline.views.tolist() == [[3, 2], [-1, -1]]


def test_times_as_frame_numbers_are_reported_and_kept():
    stamps = [0, 67, 33, 100]  # milliseconds
    timeline = timeline_of(predictions({s + 1700000000000: ONE for s in stamps}), fps=30)
    assert timeline.frames == tuple(s + 1700000000000 for s in sorted(stamps))
    np.testing.assert_allclose(timeline.seconds, np.arange(4) / 30)
    assert 'too far apart' in timeline.notes[0]


def test_some_people_only():
    found = predictions(
        {n: TWO if n in (3, 4, 6) else ONE for n in range(10)},
        ids={n: np.array([5, 8] if n in (3, 4, 6) else [5]) for n in range(10)},
        fps=30,
    )
    assert timeline_of(found, min_frames=4).people == (5,)
    assert timeline_of(found, people=[8]).people == (8,)
    one = timeline_of(found).of(8)
    assert one.people == (8,) and one.frames == (3, 4, 5, 6)
    assert one.markers()[5] == 'left_shoulder'
    assert timeline_of(found).markers()[17 + 5] == 'p8_left_shoulder'
    with fails(InputError, code='unknown-name', found=7, expected=[5, 8]):
        timeline_of(found, people=[7])
    with fails(InputError, code='unknown-name', found=7, expected=[5, 8]):
        timeline_of(found).of(7)
    with fails(InputError, code='no-data', found=10, expected=11):
        timeline_of(found, min_frames=11)


def test_nobody_and_nonsense():
    with fails(InputError, code='no-data', found=1):
        timeline_of(predictions({1: []}))
    with fails(InputError, code='no-data', found=0):
        timeline_of(predictions({}))
    for fps in (0, -1, 5e-324, 1e308, float('inf')):
        with fails(InputError, code='out-of-range', found=fps):
            timeline_of(predictions({1: ONE}), fps=fps)
    with fails(InputError, code='unknown-name', found='x', expected=['y', 'z']):
        timeline_of(predictions({1: ONE})).turned('x')


def test_names_among_numbers_are_kept():
    timeline = timeline_of(predictions({0: ONE, 'b': ONE, 2: ONE}), fps=4)
    assert timeline.frames == (0, 'b', 2)


def test_smoothing_calms_and_bridges_nothing():
    rng = np.random.default_rng(0)
    walk = straight((0, 0), (500, 0), 40) + rng.normal(0, 15, (40, 17, 3))
    walk[20, 3] = np.nan
    found = predictions({n: pose for n, pose in enumerate(walk)}, fps=30)
    before, after = timeline_of(found), timeline_of(found, smooth=True)
    assert np.nanstd(np.diff(after.poses, axis=0)) < 0.65 * np.nanstd(np.diff(walk, axis=0))
    np.testing.assert_array_equal(np.isnan(before.poses), np.isnan(after.poses))


@pytest.mark.parametrize('largest', [2**31, 2**53 - 1])
def test_large_numbers_of_people_reach_every_file(tmp_path, largest):
    found = predictions({1: TWO, 2: TWO}, ids=numbers(_1=[7, largest], _2=[largest, 7]))
    timeline = timeline_of(found, 25.0)
    assert timeline.people == (7, largest) and timeline.of(largest).people == (largest,)
    for ending in ('csv', 'npz', 'trc', 'bvh'):
        write_timeline(timeline, tmp_path / f'a.{ending}')
    with np.load(tmp_path / 'a.npz') as arrays:
        assert arrays['ids'].tolist() == [7, largest]
    assert f',{largest},' in (tmp_path / 'a.csv').read_text()
    assert f'p{largest}_nose' in (tmp_path / 'a.trc').read_text()
    assert (tmp_path / f'a_{largest}.bvh').is_file()


def test_people_who_are_hardly_ever_there_take_no_gigabytes():
    """Ten others in each of a thousand frames."""
    crowd = {frame: np.tile(STANDING, (10, 1, 1)) for frame in range(1000)}
    ids = {frame: np.arange(10) + 10 * frame for frame in range(1000)}
    with fails(InputError, code='limit-exceeded', found=(10_000, 1000)):
        timeline_of(predictions(crowd, ids=ids), 25.0)
    assert len(timeline_of(predictions(crowd, ids=ids), 25.0, people=[5, 9999]).people) == 2

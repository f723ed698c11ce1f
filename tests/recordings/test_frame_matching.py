"""Frames of several cameras, matched by name, by time stamps or by order."""

import numpy as np
import pytest
from errors import fails

from mmpose_ours.errors import FileFormatError
from mmpose_ours.recordings.frame_matching import are_connected, match_by_order, match_frames
from mmpose_ours.text import argument

MS_OF_NS = 10**6
EPOCH_MS = 1699123456000


def moments(matching, number_of):
    """Each frame's cameras with the number that is behind their names."""
    return [{c: number_of[c][name] for c, name in v.items()} for v in matching.frames.values()]


def stamped(delays, unit=1, period=33, jitter=0.0, drop=0.0, count=60, digits=''):
    """Camera -> stamp as text -> which moment that is."""
    rng = np.random.default_rng(0)
    cameras = {}
    for index, delay in enumerate(delays):
        mine = {}
        for moment in range(count):
            off = rng.uniform(-jitter, jitter)
            if rng.random() >= drop or moment == 0:
                ms = EPOCH_MS + moment * period + delay + off
                mine[digits.format(ms) if digits else str(round(ms * unit))] = moment
        cameras[f'cam{index}'] = mine
    return cameras


@pytest.mark.parametrize(
    'how',
    [
        dict(),
        dict(unit=1000),
        dict(unit=MS_OF_NS),
        dict(digits='{:.6f}'),
        dict(jitter=4.0),
        dict(jitter=4.0, drop=0.15),
        dict(period=8, jitter=1.0, delays=(0, 1, 2, 3)),
        dict(delays=(0, 11, 22, 33), jitter=2.0),
        dict(delays=(0, 16, 17, 5), jitter=3.0),
        dict(delays=(0, 0, 0, 0), jitter=3.0),
    ],
    ids=str,
)
def test_nearest_time_stamps_belong_together(how):
    known = stamped(**{'delays': (0, 3, 6, 9), **how})
    matching = match_frames({camera: list(names) for camera, names in known.items()}, 'here')
    period = how.get('period', 33)
    for seen in moments(matching, known):
        # A delay of a whole period looks like none, and one of half a period like either.
        assert max(seen.values()) - min(seen.values()) <= (
            max(how.get('delays', (0,))) >= period / 2
        )
    together = sum(len(seen) for seen in moments(matching, known) if len(seen) > 1)
    total = sum(map(len, known.values()))
    assert together >= 0.97 * total
    assert sum(map(len, matching.frames.values())) == total, 'nothing is lost'
    (note,) = matching.notes
    assert 'time stamps' in note


def test_frames_of_stamps_are_in_the_order_of_time_and_named_by_the_first_camera():
    known = stamped((0, 3, 6, 9))
    names = {camera: list(own) for camera, own in known.items()}
    matching = match_frames(names, 'here')
    assert list(matching.frames) == names['cam0']
    assert match_frames(dict(reversed(names.items())), 'here').frames == matching.frames


def test_a_camera_of_another_rate_goes_with_the_nearest_frames():
    slow = stamped((0,), period=40, count=30)['cam0']
    fast = stamped((3,), period=20, count=60)['cam0']
    matching = match_frames({'slow': list(slow), 'fast': list(fast)}, 'here')
    pairs = [(slow[v['slow']], fast[v['fast']]) for v in matching.frames.values() if len(v) == 2]
    assert pairs == [(n, 2 * n) for n in range(30)]


def test_numbers_that_overlap_stay():
    names = {'a': [*map(str, range(100))], 'b': [*map(str, range(60, 160))]}
    matching = match_frames(names, 'here')
    assert all(own == frame for frame, v in matching.frames.items() for own in v.values())
    assert len(matching.frames) == 160
    (note,) = matching.notes
    assert '120 of 160' in note


def test_gaps_are_no_time_stamps():
    """Frames with people only: nearest numbers are other moments."""
    rng = np.random.default_rng(1)
    names = {c: [*map(str, np.sort(rng.choice(2000, 300, replace=False)))] for c in 'ab'}
    matching = match_frames(names, 'here')
    assert all(own == frame for frame, v in matching.frames.items() for own in v.values())


def test_every_fifth_frame_of_the_same_ones():
    names = {c: [str(n) for n in range(0, 500, 5)] for c in 'ab'}
    assert match_frames(names, 'here') == ({n: dict(a=n, b=n) for n in names['a']}, ())


def test_clips_of_as_many_images_go_by_order():
    clips = {'a': range(100, 110), 'b': range(900, 910), 'c': range(100, 110)}
    matching = match_frames({c: [*map(str, own)] for c, own in clips.items()}, 'here')
    assert matching.frames['103'] == {'a': '103', 'b': '903', 'c': '103'}
    assert len(matching.frames) == 10
    (note,) = matching.notes
    assert 'by their order' in note and 'b: 10 from 900 to 909' in note


def test_one_image_per_camera_goes_by_order():
    assert match_frames({'a': ['7'], 'b': ['12']}, 'here').frames == {'7': {'a': '7', 'b': '12'}}


def test_what_nothing_matches_is_refused():
    clips = {'a': [*map(str, range(100, 110))], 'b': [*map(str, range(900, 909))]}
    counts = {'a': 10, 'b': 9}
    with fails(FileFormatError, code='no-match', file='here', found=counts) as caught:
        match_frames(clips, 'here')
    assert 'a: 10 from 100 to 109' in str(caught.value)
    # Clocks of the cameras themselves, that began at other times, and one lost an image.
    clocks = {'a': [str(n * 33) for n in range(50)], 'b': [str(10**9 + n * 33) for n in range(49)]}
    with fails(FileFormatError, code='no-match', file='here', found={'a': 50, 'b': 49}):
        match_frames(clocks, 'here')


def test_order_after_images_that_come_before():
    names = {'a': ['1', '2', '3'], 'b': ['x', '91', '92', '93', '94']}
    matching = match_by_order(names, {'b': 1}, 'here', 'images')
    assert matching.frames == {
        '1': {'a': '1', 'b': '91'}, '2': {'a': '2', 'b': '92'}, '3': {'a': '3', 'b': '93'},
        'after_3': {'b': '94'},
    }  # fmt: skip
    assert not are_connected(names) and are_connected({'a': ['1'], 'b': ['1', '2'], 'c': []})


def test_one_camera_and_none_need_no_partner():
    assert match_frames({'a': ['3', '9'], 'b': []}, 'here') == (
        {'3': {'a': '3'}, '9': {'a': '9'}},
        (),
    )
    assert match_frames({}, 'here') == ({}, ())


@pytest.mark.parametrize('odd', ['9' * 400, '1' * 26, '12.', '٣٤', '-5', '1e9'])
def test_odd_names_are_names(odd):
    matching = match_frames({'a': ['1', odd], 'b': ['1', '2']}, 'here')
    assert matching.frames['1'] == {'a': '1', 'b': '1'} and odd in matching.frames


def numbers(first, count=24):
    return [str(number) for number in range(first, first + count)]


def test_equally_many_frames_from_another_first_number_are_reported():
    names = {'a': numbers(0), 'b': numbers(0), 'c': numbers(1)}
    matching = match_frames(names, 'here')
    assert matching.frames['1'] == {'a': '1', 'b': '1', 'c': '1'}
    (note,) = matching.notes
    assert 'c: 1' in note and argument('frame_offsets', {'c': 1}) in note
    for others in ({'c': numbers(1, 23)}, {'c': ['x', *numbers(1, 23)]}, {'c': numbers(0)}):
        assert not match_frames({**names, **others}, 'here').notes


def test_listed_people_of_no_common_frame_are_refused():
    names = {'a': numbers(0), 'b': numbers(1000)}
    with fails(FileFormatError, code='no-match', file='here', found={'a': 24, 'b': 24}) as caught:
        match_frames(names, 'here', is_complete=False)
    assert argument('frame_offsets', {'b': 1000}) in str(caught.value)
    few = {'a': numbers(0, 3), 'b': numbers(1000, 3)}
    assert len(match_frames(few, 'here', is_complete=False).notes) == 1

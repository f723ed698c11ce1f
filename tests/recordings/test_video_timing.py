"""Frames of videos whose rates differ or vary belong together by their time stamps."""

import numpy as np
import pytest
from timed_videos import at_rate, write_timed_video

from mmpose_ours.errors import FileFormatError, LimitError
from mmpose_ours.recordings.footage import decoded, open_footage
from mmpose_ours.recordings.keypoint_frames import fit_keypoints
from mmpose_ours.recordings.video_timing import rows_by_time, timing_of, timing_of_stamps
from mmpose_ours.visualization.frame_images import FootageImages


def timing(seconds, fps=30.0):
    return timing_of_stamps(np.round(np.array(seconds) * 90000).astype(int), 1 / 90000, fps)


def shown(footage):
    return [
        {name: round(float(decoded(image).mean())) for name, image in frame.images.items()}
        for frame in footage
    ]


def test_what_a_constant_rate_is():
    assert timing(at_rate(30, 90)).constant and timing(at_rate(30, 90)).rate == 30
    ntsc = timing(at_rate(30000 / 1001, 90), 29.97)
    assert ntsc.constant and ntsc.rate == pytest.approx(29.97, abs=1e-3)
    # Matroska rounds to milliseconds, and a file may state another rate than it has.
    rounded = timing(np.round(at_rate(60, 600), 3), 25.0)
    assert rounded.constant and rounded.rate == pytest.approx(60, abs=0.01)
    assert timing([]).rate == timing([0.0]).rate == 30
    lost = at_rate(30, 45) + [second + 1 / 30 for second in at_rate(30, 90)[45:]]
    assert not timing(lost).constant and timing(lost).rate == pytest.approx(30)
    assert not timing([0, 0.03, 0.1, 0.12, 0.3, 0.31], 20).constant


def test_videos_of_one_rate_go_by_number():
    same = {'a': timing(at_rate(30, 90)), 'b': timing(at_rate(30, 60))}
    assert rows_by_time(same, {}) is None
    assert rows_by_time({'a': timing(at_rate(30, 90))}, {}) is None
    # Cameras that trigger each other, of whose files one rounds its rate.
    triggered = {'a': timing(at_rate(30, 3000)), 'b': timing(at_rate(29.97, 3000), 29.97)}
    assert rows_by_time(triggered, {}) is None
    unlike = {'a': timing(at_rate(30, 3000)), 'b': timing(at_rate(29.97, 2990), 29.97)}
    assert rows_by_time(unlike, {}).total == 3000


def test_frames_are_matched_by_time():
    timings = {'a': timing(at_rate(30, 30)), 'b': timing(at_rate(60, 60), 60.0)}
    rows = rows_by_time(timings, {})
    assert rows.rate == 30 and rows.total == 30
    assert rows.rows['a'].tolist() == list(range(30))
    assert rows.rows['b'].tolist() == list(range(0, 60, 2))
    rows = rows_by_time(timings, {'b': 6})
    assert rows.rows['b'].tolist() == [*range(6, 60, 2), -1, -1, -1]
    rows = rows_by_time({'a': timing(at_rate(25, 25), 25.0), 'b': timing(at_rate(30, 30))}, {})
    assert rows.rate == 25
    assert rows.rows['b'].tolist() == [round(n * 30 / 25) for n in range(25)]
    lost = at_rate(30, 30)[:10] + at_rate(30, 30)[13:]
    rows = rows_by_time({'a': timing(lost), 'b': timing(at_rate(30, 30))}, {})
    assert rows.rows['a'].tolist() == [*range(10), -1, -1, -1, *range(10, 27)]
    assert rows.rows['b'].tolist() == list(range(30))


def test_time_stamps_far_beyond_the_frames():
    regular = timing(at_rate(30, 90))
    for last, error in ((10**7, LimitError), (60_000, FileFormatError)):
        late = timing([*at_rate(25, 6), last])
        with pytest.raises(error) as caught:
            rows_by_time({'a': late, 'b': timing(at_rate(30, 6))}, {})
        assert error is LimitError or caught.value.camera == 'a'
    assert rows_by_time({'a': timing([*at_rate(25, 6), 600]), 'b': regular}, {}).total == 15001


def test_footage_of_two_rates(tmp_path):
    write_timed_video(tmp_path / 'a.mp4', at_rate(30, 20))
    write_timed_video(tmp_path / 'b.mkv', at_rate(60, 40))
    footage = open_footage(tmp_path, ['a', 'b'])
    assert footage.total == 20 and footage.fps == pytest.approx(30, abs=0.01)
    (note,) = footage.notes
    assert 'a: 30, b: 60' in note and 'time stamps' in note
    images = shown(footage)
    assert len(images) == 20
    for number, views in enumerate(images):
        assert views['a'] == pytest.approx(4 * number, abs=3)
        assert views['b'] == pytest.approx(8 * number, abs=3)
    lazy = FootageImages(footage)
    for number in (7, 3, 19):
        assert lazy.of('b', number).mean() == pytest.approx(8 * number, abs=3)
    assert lazy.of('b', 20) is None


def test_footage_of_a_rate_that_varies(tmp_path):
    times = at_rate(30, 40)
    kept = [n for n in range(40) if n not in (12, 13, 14, 25)]
    write_timed_video(tmp_path / 'a.mp4', [times[n] for n in kept], [5 * n for n in kept])
    write_timed_video(tmp_path / 'b.mp4', times, [5 * n for n in range(40)])
    footage = open_footage(tmp_path, ['a', 'b'])
    assert 'varying' in footage.notes[0] and 'a: 4' in footage.notes[0]
    images = shown(footage)
    assert len(images) == 40
    for number, views in enumerate(images):
        assert ('a' in views) == (number in kept)
        for value in views.values():
            assert value == pytest.approx(5 * number, abs=3)


def test_keypoints_count_the_frames_of_each_video(tmp_path):
    write_timed_video(tmp_path / 'a.mp4', at_rate(30, 20))
    write_timed_video(tmp_path / 'b.mp4', at_rate(60, 40))
    footage = open_footage(tmp_path, ['a', 'b'])
    of_videos = {str(n): {'b': n, **({'a': n} if n < 20 else {})} for n in range(40)}
    fitted, (note,) = fit_keypoints(of_videos, footage, {}, by_frame=False)
    assert fitted == {str(n): {'a': n, 'b': 2 * n} for n in range(20)}
    of_recording = {str(n): {'a': n, 'b': n} for n in range(20)}
    for by_frame in (True, False):
        assert fit_keypoints(of_recording, footage, {}, by_frame)[0] == of_recording


@pytest.mark.parametrize(
    ('counts', 'cameras', 'ratio'),
    [
        ((30, 30), 'a, b', '1/2'),
        ((60, 30), 'b', '1/2'),
        ((120, 60), 'a', '2'),
        ((50, 50), 'a, b', '5/6'),
        ((60, 60), None, None),
        ((44, 60), None, None),
    ],
)
def test_keypoints_of_another_rate_than_the_videos(tmp_path, counts, cameras, ratio):
    for camera in 'ab':
        write_timed_video(tmp_path / f'{camera}.mp4', at_rate(60, 60), [0] * 60)
    keypoints = {
        str(n): {camera: n for camera, count in zip('ab', counts) if n < count}
        for n in range(max(counts))
    }
    fitted, notes = fit_keypoints(keypoints, open_footage(tmp_path, ['a', 'b']), {}, False)
    assert fitted is keypoints, 'nothing is guessed'
    assert len(notes) == (ratio is not None)
    if ratio:
        assert f'keypoints of {cameras} have' in notes[0] and f'were {ratio} of' in notes[0]


def test_a_video_is_read_once_for_its_timing(tmp_path, monkeypatch):
    path = write_timed_video(tmp_path / 'a.mp4', at_rate(30, 5))
    first = timing_of(path)
    assert timing_of(path) is first
    write_timed_video(path, at_rate(30, 7))
    assert len(timing_of(path).seconds) == 7

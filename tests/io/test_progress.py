"""Lines now and then."""

import pytest

from mmpose_ours.io import progress


@pytest.mark.parametrize(
    ('total', 'line'),
    [
        (40, 'x: 3 of 40 frames, about 2 min left'),
        (0, 'x: 3 of an unknown number of frames'),
    ],
)
def test_a_line_every_few_seconds_until_the_end(monkeypatch, total, line):
    now = [100.0]
    monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
    said = []
    tell = progress.Progress('x', 'frames', said.append)
    tell(1, total)
    now[0] += progress.SECONDS + 0.1
    tell(3, total)
    tell(4, total)
    assert said == [line]
    now[0] += progress.SECONDS + 0.1
    tell(40, 40)
    assert said == [line], 'the command itself says that it is done'


def test_it_goes_to_stderr_unless_asked(monkeypatch, capsys):
    monkeypatch.setattr(progress, 'SECONDS', -1.0)
    progress.Progress('3D poses', 'frames')(1, 2)
    said = capsys.readouterr()
    assert said.out == '' and said.err.startswith('3D poses: 1 of 2 frames')


def test_the_pace_is_that_since_the_first_call(monkeypatch):
    """What a run of before had done does not make the rest look quick."""
    now = [0.0]
    monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
    pace = progress.Pace()
    now[0] = 3.0
    assert pace.left(100, 130) == pytest.approx(0.9), 'all that is known is since the beginning'
    now[0] = 13.0
    assert pace.left(105, 130) == pytest.approx(50.0), '2 s each'
    assert pace.left(130, 130) == 0 and pace.left(110, 0) is None


def test_nothing_is_estimated_before_anything_is_done():
    assert progress.Pace().left(0, 10) is None

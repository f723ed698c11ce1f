"""Lines now and then."""

import pytest

from mmpose_ours.io import progress


@pytest.mark.parametrize(
    ('total', 'line'), [(40, 'x: 3 of 40 frames'), (0, 'x: 3 of an unknown number of frames')]
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
    assert said.out == '' and said.err == '3D poses: 1 of 2 frames\n'

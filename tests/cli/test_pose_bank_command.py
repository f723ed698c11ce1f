import pickle
import re

import numpy as np
import pytest

from mmpose_ours.cli.main import main
from mmpose_ours.synthetic import PoseBank, built_in_poses
from mmpose_ours.synthetic.poses.sources import read_bank


def recording(path, count=60, seed=5, change=lambda poses: poses):
    """A pickle of poses in VoxelPose's schema."""
    poses = change(built_in_poses(count, np.random.default_rng(seed), ('walk', 'sit')))
    entries = [{'pose': pose, 'vis': np.ones(17)} for pose in poses]
    path.write_bytes(pickle.dumps(entries, protocol=2))
    return path


def row(text, source):
    """The cells of a source's row by the heads of the table."""
    heads = re.split(
        r' {2,}', next(line for line in text.splitlines() if line.startswith('source '))
    )
    cells = next(line for line in text.splitlines() if re.match(rf'{re.escape(source)}  ', line))
    return dict(zip(map(str.strip, heads), re.split(r' {2,}', cells)))


def test_sources_are_merged_measured_and_drawn(tmp_path, capsys):
    pytest.importorskip('matplotlib')
    own = recording(tmp_path / 'own.pkl')
    out = tmp_path / 'bank.npz'
    argv = ['pose-bank', str(out), 'built-in', str(own), str(own), '--max', '50', '--coverage-of',
            str(own)]  # fmt: skip
    assert main(argv) == 0
    text = capsys.readouterr().out
    # Built-in poses come by number; the second copy of the file adds nothing.
    bank = read_bank(out)
    assert len(bank) == 100 and (tmp_path / 'bank.png').stat().st_size > 20000
    built_in = row(text, 'built-in')
    assert (built_in['poses'], built_in['sound']) == ('50', '100.0%')
    assert row(text, 'own.pkl')['covers'] == '100.0%'
    assert row(text, 'together')['poses'] == '100'
    expected = PoseBank.built_in().poses[0]
    np.testing.assert_allclose(bank.poses[0], expected, atol=1e-3)


def test_every_nth_and_sound_poses_only(tmp_path, capsys):
    def half_on_the_ceiling(poses):
        poses[::2] += (0, 0, 600)
        return poses

    own = recording(tmp_path / 'own.pkl', change=half_on_the_ceiling)
    assert main(['pose-bank', str(tmp_path / 'a.npz'), str(own)]) == 0
    table = row(capsys.readouterr().out, 'own.pkl')
    assert (table['poses'], table['afloat'], table['sound']) == ('60', '50.0%', '50.0%')
    assert (
        main(['pose-bank', str(tmp_path / 'a.npz'), str(own), '--every', '3', '--sound-only']) == 0
    )
    assert len(read_bank(tmp_path / 'a.npz')) == 10
    assert main(['pose-bank', str(tmp_path / 'a.npz'), str(own), '--every', '9' * 30]) == 0
    assert len(read_bank(tmp_path / 'a.npz')) == 1


def test_a_mirrored_recording_is_named(tmp_path, capsys):
    own = recording(tmp_path / 'own.pkl', change=lambda poses: poses * (1, -1, 1))
    assert main(['pose-bank', str(tmp_path / 'a.npz'), str(own)]) == 0
    assert 'own.pkl: knees bend the wrong way' in capsys.readouterr().err


@pytest.mark.parametrize(
    'argv, message',
    [
        (['a.npz', 'built-in', '--every', '0'], '--every is 0'),
        (['a.npz', 'built-in', '--thin', 'nan'], '--thin nan'),
        (['a.pkl', 'built-in'], 'a bank is an npz file; name it a.npz'),
        (['a.npz', 'nowhere.bvh'], 'nowhere.bvh: no such file'),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, monkeypatch, capsys, argv, message):
    monkeypatch.chdir(tmp_path)
    assert main(['pose-bank', *argv]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []

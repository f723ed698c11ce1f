"""The command: what it writes, says and refuses."""

import sys

import numpy as np
import pytest

from mmpose_ours.cli import main as cli
from mmpose_ours.export.formats import FORMATS
from mmpose_ours.predictions.reading import write_predictions
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.poses.trc_reader import read_trc

POSES = np.random.default_rng(0).normal(0, 300, (2, 17, 3)) + [[[0, 0, 900]], [[4000, 0, 900]]]


@pytest.fixture
def people(tmp_path):
    path = tmp_path / 'people.json'
    write_predictions(path, {n: POSES[: 1 + n % 2] + n for n in range(0, 20, 2)})
    return str(path)


def test_it_says_what_it_did(people, tmp_path, capsys):
    assert cli.main(['export', people, str(tmp_path / 'a.trc'), '--up', 'z']) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith('note    the file has no frame rate: 30 per second')
    assert said[1].startswith('note    the file has no track IDs')
    assert said[2].endswith('people.json: 10 frames at 15 per second, people 0')
    assert said[3] == f'wrote   {tmp_path / "a.trc"}'
    np.testing.assert_allclose(read_trc(tmp_path / 'a.trc')[1][3], POSES[0] + 6, atol=1e-3)


def test_bridged_joints_are_reported(tmp_path, capsys):
    path, out = tmp_path / 'people.json', tmp_path / 'a.bvh'
    frames = {n: Poses3D(SKELETONS['coco17'], POSES[:1].copy()) for n in range(5)}
    frames[2].xyz_mm[0, SKELETONS['coco17'].index('left_knee')[0]] = np.nan
    write_predictions(path, frames, fps=10)
    assert cli.main(['export', str(path), str(out)]) == 0
    assert 'note    person 0: joints bridged in 1 of 5 frames (body)\n' in capsys.readouterr().out


def test_a_person_smoothed_as_bvh(tmp_path, capsys):
    path = tmp_path / 'people.json'
    frames = {
        n: Poses3D(SKELETONS['coco17'], POSES[::-1] + n, track_ids=np.array([3, 8]))
        for n in range(5)
    }
    write_predictions(path, frames, fps=10)
    out = tmp_path / 'a.bvh'
    assert cli.main(['export', str(path), str(out), '--person', '8', '--smooth']) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [f'wrote   {out}'], 'nothing was bridged'
    assert cli.main(['export', str(path), str(out)]) == 0
    assert (tmp_path / 'a_3.bvh').is_file() and (tmp_path / 'a_8.bvh').is_file()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['a.xyz'], f"the suffix is '.xyz', expected one of {', '.join(FORMATS)}"),
        (['a.csv', '--person', '5'], 'people.json: there is no person 5; there are 0'),
        (['a.csv', '--fps', '-1'], 'the frame rate is -1, expected'),
        (['a.csv', '--min-frames', '99'], 'nobody of 1 is in 99 frames or more'),
    ],
)
def test_errors_are_one_sentence(people, tmp_path, capsys, options, message):
    assert cli.main(['export', people, str(tmp_path / options[0]), *options[1:]]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ['people.json']


def test_a_frame_rate_that_contradicts_the_file(tmp_path, capsys):
    people, out = str(tmp_path / 'p.json'), str(tmp_path / 'a.csv')
    write_predictions(people, {0: POSES[:1], 1: POSES[:1]}, fps=10)
    assert cli.main(['export', people, out, '--fps', '10.01']) == 0, 'another rounding'
    (tmp_path / 'a.csv').unlink()
    assert cli.main(['export', people, out, '--fps', '20']) == 2
    assert 'contradicts --fps 20' in capsys.readouterr().err and not (tmp_path / 'a.csv').exists()


def test_without_ezc3d_it_says_how_to_get_it(people, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, 'ezc3d', None)
    assert cli.main(['export', people, str(tmp_path / 'a.c3d')]) == 2
    assert "pip install 'mmpose-ours[c3d]'" in capsys.readouterr().err
    assert not (tmp_path / 'a.c3d').exists()

"""Names that would command a terminal, a spreadsheet or the file system, through real commands."""

import csv
import json
import os
import re

import numpy as np
import pytest
from frame_results import result_of
from test_init import rig_of

from mmpose_ours.calibration import CalibrationError, read_rig, write_rig
from mmpose_ours.cli import main as cli
from mmpose_ours.detections import write_detections
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.predictions.reading import write_predictions
from mmpose_ours.visualization.view_files import Show, write_views

CONTROL = re.compile(
    '[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]'
)
TEXT = 'n\x1b[2J\x9b1m\u202e'  # that a file can hold
NAME = TEXT + os.fsdecode(b'\xff')


def run(capsys, *words):
    try:
        status = cli.main([str(word) for word in words])
    except SystemExit as end:
        status = end.code
    out, err = capsys.readouterr()
    assert not CONTROL.search(out + err), ascii(out + err)
    return status, out + err


def one_person():
    return np.full((1, 17, 3), 1.0)


def test_keypoints_of_hostile_cameras_and_frames(tmp_path, capsys):
    path = tmp_path / f'{NAME}.json'
    write_detections(path, {f'f{TEXT}': {f'c{TEXT}': one_person()}, '2': {'b': one_person()}})
    status, said = run(capsys, 'keypoints', path, tmp_path / f'{NAME}2.json')
    assert status in (0, 1) and '\\x1b[2J' in said


def test_a_rig_of_hostile_cameras(tmp_path, capsys):
    rig = json.loads(_campus(tmp_path))
    path = tmp_path / f'{NAME}.json'
    path.write_text(json.dumps({NAME: next(iter(rig.values())), **rig}))
    for words in (
        ('check-rig', path),
        ('convert-calibration', path, tmp_path / 'out.json', '--to', 'panoptic'),
        ('init', tmp_path / 'data', '--rig', path),
        ('view', tmp_path / NAME, '--rig', path, '--out', tmp_path / 'view'),
        ('predict', '--rig', path, '--keypoints', path, '--out', tmp_path / 'out'),
    ):
        status, said = run(capsys, *words)
        assert status in (1, 2) and '\\x1b[2J' in said, words


def _campus(tmp_path):
    write_rig(rig_of(['a', 'b', 'c']), tmp_path / 'plain.json', 'campus')
    return (tmp_path / 'plain.json').read_text()


FORMULAS = [
    '=1+1',
    '+1',
    '-1+2',
    '@SUM(A1)',
    ' =1',
    '\t=1',
    '\r=1',
    'a;=1',
    'a,@b',
    '＝1',
    '|x',
    '%x',
]


def test_no_cell_is_a_formula(tmp_path, capsys):
    people = tmp_path / 'people.json'
    frames = [*FORMULAS, '000001 a', 'a"b', 'a\nb', TEXT]
    write_predictions(people, {f: np.full((1, 17, 3), -1.5) for f in frames})
    assert run(capsys, 'export', people, tmp_path / 'out.csv')[0] == 0
    text = (tmp_path / 'out.csv').read_text('utf-8')
    rows = list(csv.reader(text.splitlines()))
    assert len(rows) == 1 + 17 * len(frames) and {len(row) for row in rows} == {11}
    shown = list(dict.fromkeys(row[0] for row in rows[1:]))
    assert [cell.replace("'", '') for cell in shown] == [
        re.sub(CONTROL, lambda c: c[0].encode('unicode_escape').decode(), f)
        .replace('\t', '\\t').replace('\r', '\\r').replace('\n', '\\n') if f != TEXT else shown[-1]
        for f in frames
    ]  # fmt: skip
    for cell in shown:
        assert not re.search(r'(^|[;,])\s*[-=+@|%＝]', cell), cell
    # Numbers stay numbers.
    assert all(float(value) == -1.5 for row in rows[1:] for value in row[4:7])


def test_a_trc_keeps_its_columns(tmp_path, capsys):
    people = tmp_path / 'people.json'
    write_predictions(people, {0: np.ones((1, 17, 3)), 1: np.ones((1, 17, 3))})
    out = tmp_path / 'a\tb\nc.trc'
    assert run(capsys, 'export', people, out)[0] == 0
    lines = out.read_text().split('\n')
    assert lines[0].split('\t')[-3::2] == ['a\\tb\\nc.trc', 'coco17']
    assert lines[2].split('\t')[3] == '17' and len(lines[6].split('\t')) == 2 + 3 * 17


@pytest.mark.parametrize('name', ['.x', 'a.', 'CON', 'x' * 230])
def test_no_camera_is_lost_from_an_opencv_folder(tmp_path, name):
    with pytest.raises(CalibrationError) as caught:
        write_rig(rig_of(['a1', name, 'z']), tmp_path / 'out', 'opencv')
    assert caught.value.camera == name
    assert not (tmp_path / 'out').exists()
    # One file holds any of them.
    if name != 'x' * 230:
        write_rig(rig_of(['a1', name, 'z']), tmp_path / 'out.yml', 'opencv')
        assert read_rig(tmp_path / 'out.yml', unit='mm', up='z').names == ('a1', name, 'z')


def test_two_cameras_are_no_one_folder(tmp_path, capsys):
    write_rig(rig_of(['Cam1', 'cam1', 'z']), tmp_path / 'rig.json', 'campus')
    with pytest.raises(CalibrationError) as caught:
        write_rig(rig_of(['Cam1', 'cam1', 'z']), tmp_path / 'out', 'opencv')
    assert caught.value.camera == 'cam1'
    status, _ = run(capsys, 'init', tmp_path / 'data', '--rig', tmp_path / 'rig.json')
    assert status == 2 and not (tmp_path / 'data').exists()


def test_views_stay_in_their_folder(tmp_path):
    names = ['../../out', str(tmp_path / 'absolute'), '.hidden', 'Cam', 'cam']
    rig = CameraRig(tuple(rig_of(names)))
    people = result_of('../../frame', np.ones((0, 17, 3)), np.zeros(0, int))
    show = Show('t', rig, 'coco17', [people], None, None, None)
    write_views(show, tmp_path / 'deep' / 'views', None, None)
    assert [path.name for path in tmp_path.iterdir()] == ['deep']
    folders = [path.name for path in (tmp_path / 'deep' / 'views').iterdir()]
    assert len({name.casefold() for name in folders}) == len(names)
    assert all(list((tmp_path / 'deep' / 'views' / name).glob('*.png')) for name in folders)

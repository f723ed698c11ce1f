"""The command: what it writes, draws and says."""

import cv2
import numpy as np
import pytest
from turned_bodies import JOINTS, body

from mmpose_ours.cli import main as cli
from mmpose_ours.predictions.reading import write_predictions
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import SKELETONS


@pytest.fixture
def people(tmp_path):
    path = tmp_path / 'people.json'
    poses = convert_joints(body({'knee_angle_l': np.arange(8) * 15.0}), JOINTS, 'halpe26')
    frames = {
        n: Poses3D(SKELETONS['halpe26'], np.stack([pose, pose + 3000]), track_ids=np.array([1, 4]))
        for n, pose in enumerate(poses)
    }
    write_predictions(path, frames, fps=50, joints='halpe26')
    return path


def test_angles_and_a_figure(people, tmp_path, capsys):
    figure = tmp_path / 'angles.png'
    assert cli.main(['kinematics', str(people), '--out', str(tmp_path / 'a.mot'), '--person', '4',
                     '--figure', str(figure)]) == 0  # fmt: skip
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith('8 frames at 50 per second, people 4')
    assert 'pelvis_tilt' in said[1] and 'knee_angle_l' not in said[1]
    assert said[2:] == [f'wrote   {tmp_path / "a.mot"}', f'wrote   {figure}']
    image = cv2.imread(str(figure))
    assert image.std() > 5 and image.shape[1] > image.shape[0] // 2


def test_several_people(people, tmp_path):
    assert cli.main(['kinematics', str(people), '--out', str(tmp_path / 'a.csv'), '--smooth',
                     '--figure', str(tmp_path / 'a.png')]) == 0  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == {
        'people.json', 'a.csv', 'a_1.png', 'a_4.png',
    }  # fmt: skip


@pytest.mark.parametrize(
    'options', [['--out', 'a.txt'], ['--out', 'people.json'], ['--out', 'a.csv', '--person', '9']]
)
def test_what_is_refused(people, tmp_path, options, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = people.read_bytes()
    assert cli.main(['kinematics', 'people.json', *options]) == 2
    assert people.read_bytes() == before and len(list(tmp_path.iterdir())) == 1

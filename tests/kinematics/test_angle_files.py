"""Files of angles, by readers that others wrote."""

import csv

import numpy as np
import pytest
from errors import fails
from frame_results import predictions_of
from turned_bodies import JOINTS, body

from mmpose_ours.errors import InputError
from mmpose_ours.kinematics import ANGLES, joint_angles, write_angles
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.tracking.trajectories import timeline_of


@pytest.fixture(scope='module')
def people():
    poses = convert_joints(body({'knee_angle_l': np.arange(6) * 15.0}), JOINTS, 'coco17')
    frames = {10 + n: np.stack([poses[n], poses[5 - n] + 3000]) for n in range(6)}
    ids = {frame: [2, 5] for frame in frames}
    return joint_angles(timeline_of(predictions_of(frames, ids=ids, fps=25)))


def test_csv_has_a_line_per_frame_and_person(people, tmp_path):
    assert write_angles(people, tmp_path / 'a.csv') == [tmp_path / 'a.csv']
    with open(tmp_path / 'a.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ['frame', 'time_s', 'person', *ANGLES]
    assert [(row['frame'], row['person']) for row in rows[5:7]] == [('15', '2'), ('10', '5')]
    assert float(rows[5]['time_s']) == pytest.approx(15 / 25)
    assert float(rows[5]['knee_angle_l']) == pytest.approx(75)
    assert rows[0]['pelvis_tilt'] == '' and rows[0]['hip_rotation_l'] == ''


def test_mot_has_a_person_each(people, tmp_path):
    paths = write_angles(people, tmp_path / 'a.mot')
    assert paths == [tmp_path / 'a_2.mot', tmp_path / 'a_5.mot']
    lines = paths[1].read_text().splitlines()
    header = lines[: lines.index('endheader')]
    assert {'nRows=6', f'nColumns={len(ANGLES) + 1}', 'inDegrees=yes'} <= set(header)
    table = np.genfromtxt(paths[1], skip_header=len(header) + 1, names=True, delimiter='\t')
    np.testing.assert_allclose(table['time'], np.arange(10, 16) / 25)
    np.testing.assert_allclose(table['knee_angle_l'], np.arange(5, -1, -1) * 15.0, atol=1e-5)
    assert np.isnan(table['pelvis_tilt']).all()
    assert write_angles(people[:1], tmp_path / 'b.mot') == [tmp_path / 'b.mot']


def test_opensim_reads_mot(people, tmp_path):
    opensim = pytest.importorskip('opensim')
    table = opensim.TimeSeriesTable(str(write_angles(people[:1], tmp_path / 'a.mot')[0]))
    assert list(table.getColumnLabels()) == list(ANGLES)
    np.testing.assert_allclose(table.getIndependentColumn(), people[0].seconds)
    knee = table.getDependentColumn('knee_angle_l').to_numpy()
    np.testing.assert_allclose(knee, people[0].of('knee_angle_l'), atol=1e-5)


def test_other_endings_are_refused(people, tmp_path):
    with fails(InputError, code='unknown-name', file=tmp_path / 'a.txt'):
        write_angles(people, tmp_path / 'a.txt')
    assert not list(tmp_path.iterdir())

"""Files of detector faults."""

import json
import re

import numpy as np
import pytest
from synthetic_rigs import place, ring_rig

from mmpose_ours.errors import FileFormatError
from mmpose_ours.synthetic import DetectorFaults, built_in_poses
from mmpose_ours.synthetic.noise_profiles import SHIPPED, profile_names


@pytest.mark.parametrize('name', ['hrnet', 'mediapipe', 'openpose'])
def test_shipped_detectors_can_be_read_and_say_where_they_come_from(name):
    assert name in profile_names()
    faults = DetectorFaults.read(name)
    assert len(json.loads((SHIPPED / f'{name}.json').read_text())['source']) > 100
    scene = place(built_in_poses(2, np.random.default_rng(0), ('stand',)), (-800, 0), (800, 0))
    found = faults.detect(scene, ring_rig(), np.random.default_rng(0))
    assert (found[..., 2] > 0).any() and np.isfinite(found).all() and found[..., 2].max() <= 1


def test_a_path_is_read_as_well_as_a_name(tmp_path):
    path = tmp_path / 'mine.json'
    path.write_text('{"source": "by hand", "faults": {"jitter": 0.7}}')
    assert DetectorFaults.read(path) == DetectorFaults(jitter=0.7)


def test_neither_a_name_nor_a_file():
    with pytest.raises(FileNotFoundError, match='openpse.*hrnet, mediapipe, openpose.*fit-noise'):
        DetectorFaults.read('openpse')


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('{"faults": {}}', "has no 'source'"),
        ('{"source": "", "faults": {"jiter": 1}}', 'jiter'),
        ('{"source": "", "faults": {"jitter": [1, 2]}}', r'faults\.jitter has 2 values'),
        ('{"source": "", "faults": {"swap_share": 2}}', r'swap_share is 2, expected at most 1'),
        ('{"source": "", "faults": {"joint_bias": [[0, 0]]}}', 'joint_bias .*17 pairs'),
        ('{"source": ', 'not valid JSON'),
    ],
)
def test_files_of_something_else_are_refused(tmp_path, content, message):
    path = tmp_path / 'faults.json'
    path.write_text(content)
    with pytest.raises(FileFormatError, match=message) as error:
        DetectorFaults.read(path)
    assert re.match(re.escape(str(path)), str(error.value))


@pytest.mark.parametrize(
    'faults',
    [
        '{"jitter": 1e300}',
        '{"false_positive_rate": 1e9}',
        '{"joint_bias": ' + str([[0, 10**400]] * 17) + '}',
        '{"jitter": NaN}',
        '{"score": [1, Infinity]}',
        '{"min_joints": 1e400}',
        '[' * 5000,
    ],
)
def test_impossible_numbers_are_refused(tmp_path, faults):
    path = tmp_path / 'faults.json'
    path.write_text(f'{{"source": "", "faults": {faults}}}')
    with pytest.raises(FileFormatError):
        DetectorFaults.read(path)


def test_the_names_of_before_are_read(tmp_path):
    path = tmp_path / 'faults.json'
    path.write_text('{"source": "", "faults": {"ghost_rate": 0.5, "halves_share": 0.25}}')
    faults = DetectorFaults.read(path)
    assert (faults.false_positive_rate, faults.split_share) == (0.5, 0.25)
    path.write_text('{"source": "", "faults": {"ghost_rate": 0.5, "false_positive_rate": 0.1}}')
    with pytest.raises(FileFormatError, match='ghost_rate'):
        DetectorFaults.read(path)


def test_numbers_beyond_floats_are_no_arguments():
    with pytest.raises(ValueError, match='jitter'):
        DetectorFaults(jitter=10**400)

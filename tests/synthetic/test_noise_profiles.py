"""Files of the detector noise model."""

import json

import numpy as np
import pytest
from errors import fails
from synthetic_rigs import place, ring_rig

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.synthetic import DetectorNoise, built_in_poses
from mmpose_ours.synthetic.noise_profiles import SHIPPED, profile_names


@pytest.mark.parametrize('name', ['hrnet', 'mediapipe', 'openpose'])
def test_shipped_detectors_can_be_read_and_say_where_they_come_from(name):
    assert name in profile_names()
    noise = DetectorNoise.read(name)
    assert len(json.loads((SHIPPED / f'{name}.json').read_text())['source']) > 100
    scene = place(built_in_poses(2, np.random.default_rng(0), ('stand',)), (-800, 0), (800, 0))
    found = noise.detect(scene, ring_rig(), np.random.default_rng(0))
    assert (found[..., 2] > 0).any() and np.isfinite(found).all() and found[..., 2].max() <= 1


def test_a_path_is_read_as_well_as_a_name(tmp_path):
    path = tmp_path / 'mine.json'
    path.write_text('{"source": "by hand", "faults": {"jitter": 0.7}}')
    assert DetectorNoise.read(path) == DetectorNoise(jitter=0.7)


def test_neither_a_name_nor_a_file_lists_the_names():  # in its sentence alone
    with pytest.raises(FileNotFoundError, match='openpse.*hrnet, mediapipe, openpose.*fit-noise'):
        DetectorNoise.read('openpse')


@pytest.mark.parametrize(
    ('content', 'code', 'found'),
    [
        ('{"faults": {}}', 'missing-value', ['faults']),
        ('{"source": "", "faults": {"jiter": 1}}', 'unknown-name', 'jiter'),
        ('{"source": "", "faults": {"jitter": [1, 2]}}', 'wrong-shape', {'jitter': [1, 2]}),
        ('{"source": "", "faults": {"joints": "halpe62"}}', 'unknown-name', 'halpe62'),
        ('{"source": "", "faults": {"swap_share": 2}}', 'out-of-range', 2),
        (
            '{"source": "", "faults": {"joint_bias": [[0, 0]]}}',
            'wrong-shape',
            {'joint_bias': [[0, 0]]},
        ),
        ('{"source": ', 'file-format', None),
    ],
)
def test_files_of_something_else_are_refused(tmp_path, content, code, found):
    path = tmp_path / 'faults.json'
    path.write_text(content)
    with fails(FileFormatError, code=code, file=path, found=found):
        DetectorNoise.read(path)


@pytest.mark.parametrize(
    'parameters',
    [
        '{"jitter": 1e300}',
        '{"false_positive_rate": 1e9}',
        '{"joint_bias": ' + str([[0, 10**400]] * 17) + '}',
        '{"jitter": NaN}',
        '{"score": [1, Infinity]}',
        '{"min_joints": 1e400}',
        '{"swap_share": 0.6, "whole_swap_share": 0.6}',
        '[' * 5000,
    ],
)
def test_impossible_numbers_are_refused(tmp_path, parameters):
    path = tmp_path / 'faults.json'
    path.write_text(f'{{"source": "", "faults": {parameters}}}')
    with fails(FileFormatError, file=path):
        DetectorNoise.read(path)


def test_old_parameter_names_are_read(tmp_path):
    path = tmp_path / 'faults.json'
    path.write_text('{"source": "", "faults": {"ghost_rate": 0.5, "halves_share": 0.25}}')
    noise = DetectorNoise.read(path)
    assert (noise.false_positive_rate, noise.split_share) == (0.5, 0.25)
    path.write_text('{"source": "", "faults": {"ghost_rate": 0.5, "false_positive_rate": 0.1}}')
    with fails(FileFormatError, code='unknown-name', file=path, found='ghost_rate'):
        DetectorNoise.read(path)


def test_numbers_beyond_floats_are_no_arguments():
    with fails(InputError, code='not-finite', found={'jitter': 10**400}):
        DetectorNoise(jitter=10**400)

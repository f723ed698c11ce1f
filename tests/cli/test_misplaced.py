"""Files in each other's place are named as what they are, and nothing else is."""

import numpy as np
import pytest
from errors import fails
from train_rig_runs import rig_of, write_people

from mmpose_ours.calibration import write_rig
from mmpose_ours.cli.main import build_parser, main
from mmpose_ours.cli.misplaced import in_its_place
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.predictions.reading import write_predictions
from mmpose_ours.synthetic import built_in_poses

CALIBRATION, KEYPOINTS, POSES = 'calibration', '2D keypoints', '3D poses'


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch):
    rig = rig_of(3)
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    write_people(tmp_path / 'kp.json', rig)
    poses = built_in_poses(2, np.random.default_rng(4), ('stand',))
    write_predictions(tmp_path / 'people.json', {n: poses for n in range(12)})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def placed(words):
    """The error of a command, as its user gets it."""
    args = build_parser(words).parse_args(words)
    with pytest.raises(InputError) as caught:
        args.run(args)
    return in_its_place(caught.value, args, words)


@pytest.mark.parametrize(
    ('words', 'file', 'found', 'expected'),
    [
        ('predict --rig kp.json --keypoints rig.json --out o', 'kp.json', KEYPOINTS, CALIBRATION),
        ('predict --rig rig.json --keypoints rig.json --out o', 'rig.json', CALIBRATION, KEYPOINTS),
        ('predict --rig rig.json --keypoints people.json --out o', 'people.json', POSES, KEYPOINTS),
        ('check-rig kp.json', 'kp.json', KEYPOINTS, CALIBRATION),
        ('check-rig people.json', 'people.json', POSES, CALIBRATION),
        ('view kp.json --rig rig.json --out o', 'kp.json', KEYPOINTS, POSES),
        ('view rig.json --rig rig.json --out o', 'rig.json', CALIBRATION, POSES),
        ('evaluate --without-truth --pred people.json --rig rig.json --keypoints people.json',
         'people.json', POSES, KEYPOINTS),
        ('export kp.json x.csv', 'kp.json', KEYPOINTS, POSES),
        ('keypoints rig.json o.json', 'rig.json', CALIBRATION, KEYPOINTS),
    ],
)  # fmt: skip
def test_what_a_file_is_and_what_was_expected(words, file, found, expected):
    error = placed(words.split())
    assert (error.code, error.file) == ('conflict', file)
    assert (error.found, error.expected) == (found, expected)


def test_two_files_that_are_exchanged_are_both_named(site, capsys):
    words = ['predict', '--rig', 'kp.json', '--keypoints', 'rig.json', '--out', 'o']
    assert main(words) == 2
    said = capsys.readouterr().err
    assert 'kp.json' in said and 'rig.json' in said and '--rig' in said
    assert len(said.splitlines()) == 1 and not (site / 'o').exists()


@pytest.mark.parametrize('content', ['{', '{}', '[1, 2]', '{"cameras": []}'])
def test_a_file_that_is_nothing_keeps_its_error(site, content):
    (site / 'broken.json').write_text(content)
    words = 'predict --rig broken.json --keypoints kp.json --out o'.split()
    error = placed(words)
    assert error.code != 'conflict' and error.file == 'broken.json'


def test_a_calibration_with_a_fault_is_still_a_calibration(site):
    rig = rig_of(3)
    write_rig(rig, site / 'small.json', 'campus')
    args = build_parser(['check-rig', 'small.json']).parse_args(['check-rig', 'small.json'])
    error = FileFormatError('small.json: has a fault', file='small.json')
    assert in_its_place(error, args, ['check-rig', 'small.json']) is error


def test_a_unit_that_contradicts_the_format_is_named(site):
    write_rig(rig_of(3), site / 'rig.toml', 'pose2sim')
    words = 'predict --rig rig.toml --unit mm --keypoints kp.json --out o'.split()
    args = build_parser(words).parse_args(words)
    with fails(InputError, code='conflict', file='rig.toml', found='mm', expected='m'):
        args.run(args)


@pytest.mark.parametrize('name', ['nosuch', 'nosuch:model'])
def test_an_unknown_detector_is_refused_beside_keypoints(site, name):
    words = ['predict', '--rig', 'rig.json', '--keypoints', 'kp.json', '--detector', name]
    words += ['--out', 'o']
    args = build_parser(words).parse_args(words)
    with fails(InputError, code='unknown-name', found=name):
        args.run(args)
    assert not (site / 'o').exists()

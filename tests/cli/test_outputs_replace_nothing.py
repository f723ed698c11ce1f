"""No command writes over what it reads, or two outputs into one file."""

import pytest
from walking import detected, room_rig, walk

from mmpose_ours.calibration import write_rig
from mmpose_ours.cli.main import main
from mmpose_ours.detections import write_detections

COMMANDS = {
    'keypoints': 'keypoints {keypoints} {out} --camera-param-file {rig}',
    'convert-calibration': 'convert-calibration {rig} {other} --to panoptic --report {out}',
    'align-rig': 'align-rig {rig} {out} --to panoptic --keypoints {keypoints}',
    'align-rig report': (
        'align-rig {rig} {other} --to panoptic --keypoints {keypoints} --report {out}'
    ),
    'refine-rig': 'refine-rig {rig} --keypoints {keypoints} --out {out}',
    'refine-rig report': 'refine-rig {rig} --keypoints {keypoints} --out {other} --report {out}',
    'calibrate': 'calibrate --intrinsics {rig} --keypoints {keypoints} --out {out}',
    'calibrate report': (
        'calibrate --intrinsics {rig} --keypoints {keypoints} --out {other} --report {out}'
    ),
    'calibrate figure': (
        'calibrate --intrinsics {rig} --keypoints {keypoints} --out {other} --figure {out}'
    ),
    'synchronize': 'synchronize {rig} --keypoints {keypoints} --out {out}',
    'synchronize report': 'synchronize {rig} --keypoints {keypoints} --out {other} --report {out}',
    'fit-noise': 'fit-noise {rig} {keypoints} {out}',
}

CASES = [
    (command, file)
    for command, words in COMMANDS.items()
    for file in ('rig', 'keypoints', 'other')
    if f'{{{file}}}' in words
]


@pytest.fixture
def files(tmp_path):
    rig = room_rig()
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    views = detected(rig, walk(frames=20))
    write_detections(tmp_path / 'keypoints.json', {str(t): each for t, each in enumerate(views)})
    return {name: str(tmp_path / f'{name}.json') for name in ('rig', 'keypoints', 'other')}


@pytest.mark.parametrize(('command', 'replaced'), CASES)
def test_nothing_is_replaced(files, command, replaced, tmp_path, capsys):
    words = COMMANDS[command]
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / 'link.json').symlink_to(files[replaced])
    for out in (files[replaced], str(tmp_path / 'link.json')):
        assert main(words.format(**files, out=out).split()) == 2
        assert out in capsys.readouterr().err
    (tmp_path / 'link.json').unlink()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_pose_bank_is_no_source_of_itself(tmp_path):
    bank = tmp_path / 'bank.npz'
    bank.write_bytes(b'the bank')
    for sources in ([str(bank)], ['built-in', '--coverage-of', str(bank)]):
        assert main(['pose-bank', str(bank), *sources]) == 2
        assert bank.read_bytes() == b'the bank'

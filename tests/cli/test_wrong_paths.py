"""A folder where a file is due, or a file where a folder is due: one sentence, on every option.

The names hold escape sequences and bytes that are not UTF-8, none of which may be printed raw.
"""

import os
import re

import cv2
import numpy as np
import pytest
from test_init import rig_of

from mmpose_ours.calibration import write_rig
from mmpose_ours.cli import main as cli
from mmpose_ours.detections import write_detections
from mmpose_ours.io import programs
from mmpose_ours.predictions.reading import write_predictions

HOSTILE = 'a\x1b[2J\x07\x9b31m\u202e' + os.fsdecode(b'\xff')
CONTROL = re.compile('[^\n\t -~\xa0-\u1fff]')

# Command and words; FOLDER, TEXT and BYTES are the wrong paths, RIG and the like are right ones.
FILES_DUE = [
    'align-rig X OUT.json --to campus --up z',
    'align-rig RIG X --to campus --up z --keypoints KEYPOINTS',
    'align-rig RIG OUT.json --to campus --keypoints X',
    'align-rig RIG OUT.json --to campus --floor-pixels X',
    'check-rig X',
    'check-rig RIG --keypoints X',
    'convert-calibration X OUT.json --to campus',
    'convert-calibration RIG X --to campus',
    'convert-calibration RIG OUT.json --to campus --report X',
    'convert-checkpoint X OUT.pth --to 1x',
    'evaluate --pred X --gt PEOPLE --dataset panoptic',
    'evaluate --pred PEOPLE --without-truth --rig X --keypoints KEYPOINTS',
    'evaluate --pred PEOPLE --without-truth --rig RIG --keypoints X',
    'export X OUT.csv',
    'kinematics X --out OUT.csv',
    'export PEOPLE X.csv',
    'fit-noise RIG X OUT.json',
    'fit-noise X KEYPOINTS OUT.json',
    'export-weights X OUT.safetensors',
    'fit-space X',
    'init NEW --rig X',
    'keypoints X OUT.json',
    'keypoints KEYPOINTS X.json',
    'keypoints KEYPOINTS OUT.json --camera-param-file X',
    'pose-bank OUT.npz X',
    'pose-bank X.npz PEOPLE',
    'predict --rig X --keypoints KEYPOINTS --out NEW',
    'predict --rig RIG --keypoints X --out NEW',
    'predict --rig RIG --keypoints KEYPOINTS --out NEW --config X',
    'predict --rig RIG --keypoints KEYPOINTS --out NEW --checkpoint X',
    'train-rig NEW --rig X --dry-run',
    'train-rig NEW --rig RIG --keypoints X --dry-run',
    'undistort X IMAGES NEW',
    'view X --rig RIG --out NEW',
    'view PEOPLE --rig X --out NEW',
    'view PEOPLE --rig RIG --out NEW --keypoints X',
]
FOLDERS_DUE = [
    'check-rig RIG --images X',
    'init X --rig RIG',
    'predict --rig RIG --img-root X --out NEW',
    'predict --rig RIG --keypoints KEYPOINTS --out X',
    'prepare campus X',
    'train-rig X --rig RIG --dry-run',
    'train-rig NEW --rig RIG --work-dir X --dry-run',
    'undistort RIG X NEW',
    'undistort RIG IMAGES X',
    'view PEOPLE --rig RIG --out NEW --img-root X',
    'view PEOPLE --rig RIG --out X',
]


# Written, or not looked into by a dry run.
NOT_READ = re.compile(r'X\.|(RIG|report) X|export-weights|dry-run')


@pytest.fixture(scope='module')
def right(tmp_path_factory):
    folder = tmp_path_factory.mktemp('right')
    rig = rig_of(['a', 'b', 'c'])
    paths = {
        name: folder / file
        for name, file in [
            ('RIG', 'rig.json'), ('KEYPOINTS', 'keypoints.json'), ('PEOPLE', 'people.json'),
            ('IMAGES', 'images'),
        ]
    }  # fmt: skip
    write_rig(rig, paths['RIG'], 'campus')
    write_detections(paths['KEYPOINTS'], {'0': {name: np.ones((1, 17, 3)) for name in rig.names}})
    write_predictions(paths['PEOPLE'], {0: np.full((1, 17, 3), 1000.0)})
    for name in rig.names:
        (paths['IMAGES'] / name).mkdir(parents=True)
        cv2.imwrite(str(paths['IMAGES'] / name / '0.png'), np.zeros((480, 640, 3), np.uint8))
    return paths


def run(words, right, wrong, tmp_path, capsys):
    """The exit status, and what was printed."""
    made = []
    for word in words.split():
        if word in right:
            made.append(str(right[word]))
        elif word == 'NEW' or word.startswith('OUT'):
            made.append(str(tmp_path / word))
        elif word.split('.')[0] == 'X':
            made.append(str(wrong))
        else:
            made.append(word)
    try:
        status = cli.main(made)
    except SystemExit as end:
        status = end.code
    out, err = capsys.readouterr()
    assert not CONTROL.search(out + err), ascii(out + err)
    return status, err


@pytest.mark.parametrize('words', FILES_DUE)
def test_a_folder_where_a_file_is_due(right, tmp_path, capsys, words):
    ending = re.search(r'X(\.\w+)?', words)[1] or ''
    wrong = tmp_path / (HOSTILE + ending)
    (wrong / 'inside').mkdir(parents=True)
    status, err = run(words, right, wrong, tmp_path, capsys)
    assert status == programs.BAD_INPUT, err
    assert err.strip().splitlines()[-1].startswith('mmpose-ours: error: ')


@pytest.mark.parametrize('content', [b'', b'text\n', bytes(range(256))], ids=['0', 'text', 'bytes'])
@pytest.mark.parametrize('words', FOLDERS_DUE)
def test_a_file_where_a_folder_is_due(right, tmp_path, capsys, words, content):
    wrong = tmp_path / HOSTILE
    wrong.write_bytes(content)
    status, err = run(words, right, wrong, tmp_path, capsys)
    assert status in (programs.BAD_INPUT, 1), err
    assert wrong.read_bytes() == content


@pytest.mark.parametrize('content', [b'', b'text\n', bytes(range(256))], ids=['0', 'text', 'bytes'])
@pytest.mark.parametrize('words', [w for w in FILES_DUE if not NOT_READ.search(w)])
def test_a_file_of_another_kind(right, tmp_path, capsys, words, content):
    wrong = tmp_path / HOSTILE
    wrong.write_bytes(content)
    status, err = run(words, right, wrong, tmp_path, capsys)
    assert status == programs.BAD_INPUT, err

"""A config or a checkpoint that is not there is an error of one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = str(ROOT / 'configs/ours/keypoint_prior_ours.py')


@pytest.mark.parametrize(
    ('words', 'missing'),
    [
        (['train.py', 'nowhere.py'], 'nowhere.py'),
        (['train.py', '--work-dir', 'out', 'nowhere.py', '--resume'], 'nowhere.py'),
        (['test.py', 'nowhere.py', 'mmpose-ours://keypoint_prior'], 'nowhere.py'),
        (['test.py', CONFIG, 'nowhere.pth'], 'nowhere.pth'),
        (['test.py', CONFIG, 'nowhere.pth', '--work-dir', 'out'], 'nowhere.pth'),
    ],
)
def test_one_sentence(tmp_path, words, missing):
    script, *rest = words
    command = [sys.executable, str(ROOT / 'tools' / script), *rest]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    (line,) = done.stderr.splitlines()
    assert line.startswith(f'{script}: error: {missing}: ')
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (2, '', [])

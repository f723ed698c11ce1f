"""Pipes are refused at once, never waited for."""

import os

import pytest
from limited_process import run_limited

READERS = {
    'pickle': 'from mmpose_ours.io.parsers.pickles import read_pickle as read',
    'arrays': 'from mmpose_ours.io.parsers.arrays import open_arrays\n'
    'def read(path):\n    with open_arrays(path): pass',
    'MAT': 'from mmpose_ours.io.parsers.matfiles import read_mat as read',
    'BVH': 'from mmpose_ours.synthetic.poses.bvh_reader import read_bvh as read',
    'TRC': 'from mmpose_ours.synthetic.poses.trc_reader import read_trc as read',
    'poses': 'from mmpose_ours.synthetic.poses.sources import read_bank as read',
    'keypoints': 'from mmpose_ours.detections import open_keypoints as read',
    'predictions': 'from mmpose_ours.predictions.reading import read_predictions as read',
    'profile': 'from mmpose_ours.synthetic.noise_profiles import read_profile as read',
    'checkpoint': 'from mmpose_ours.checkpoints.reading import read_checkpoint as read',
    'config': 'from mmpose_ours.io.config_checks import check_config_path\n'
    'def read(path):\n    check_config_path(path)\n    raise OSError("a config that is not there")',
}


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='Windows has no such pipes')
@pytest.mark.parametrize('reader', READERS)
def test_a_pipe_is_not_waited_for(reader, tmp_path):
    if reader in ('checkpoint', 'config'):
        pytest.importorskip('torch')
    endings = {'keypoints': 'npz', 'checkpoint': 'pth', 'config': 'py'}
    pipe = tmp_path / f'a.{endings.get(reader, reader.lower())}'
    os.mkfifo(pipe)
    code = f"""
import signal, sys
signal.alarm(40)
{READERS[reader]}
from mmpose_ours.errors import InputError
try:
    read(sys.argv[1])
except (OSError, InputError) as error:
    print('refused')
"""
    done = run_limited(code, pipe, memory=8 << 30, seconds=40)
    assert (done.returncode, done.stdout.strip()) == (0, 'refused'), done.stderr

"""Simultaneous runs never mix up their people; see :mod:`trials`.

``MMPOSE_OURS_TRIALS=200`` (``make test-concurrency``) is the long form.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('torch', reason='predicting needs torch')
pytest.importorskip('mmengine', reason='predicting needs MMEngine')
pytest.importorskip('fcntl', reason='Windows cannot fork')

TRIALS = int(os.environ.get('MMPOSE_OURS_TRIALS', 2))


@pytest.mark.slow
@pytest.mark.parametrize('detectors', ['same', 'different'])
@pytest.mark.parametrize('processes', [2, 4])
def test_no_file_is_wrong_unreadable_or_of_two_runs(processes, detectors):
    command = [sys.executable, '-W', 'ignore', str(Path(__file__).with_name('trials.py'))]
    command += ['--processes', str(processes), '--detectors', detectors, '--trials', str(TRIALS)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    said = json.loads(done.stdout)
    print(said['counts'])
    assert said['faults'] == []
    assert done.returncode == 0 and said['counts']['trials'] == TRIALS
    assert said['counts']['exit 0'] >= TRIALS

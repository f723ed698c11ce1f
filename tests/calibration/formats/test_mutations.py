"""Broken files end in one sentence, quickly, whatever is broken; see mutations.py for more."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from format_samples import LAYOUTS, MAKERS, WRITTEN
from mutations import MAX_SECONDS, read_all_ways, trials

COUNT = 120


@pytest.mark.parametrize('format', [*WRITTEN, *MAKERS, *LAYOUTS])
def test_broken_files_are_refused_in_a_sentence(tmp_path, monkeypatch, format):
    monkeypatch.chdir(tmp_path)
    refused = 0
    for paths in trials(format, COUNT, tmp_path, seed=1):
        started = time.process_time()
        refused += bool(read_all_ways(paths, format))
        assert time.process_time() - started < MAX_SECONDS, paths
    assert refused > COUNT / 3, 'the mutations break files'
    assert not (tmp_path / 'executed').exists()


def test_memory_stays_bounded(tmp_path):
    """All of it within a gigabyte of address space more than an idle Python takes."""
    code = (
        'import resource, sys; '
        'sys.argv = ["mutations.py", "--count", "40", "--seed", "7"]; '
        'import numpy, scipy.io, scipy.spatial.transform, yaml, mutations; '
        'used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize(); '
        'resource.setrlimit(resource.RLIMIT_AS, (used + 2**30, used + 2**30)); '
        'sys.exit(mutations.main())'
    )
    if not Path('/proc/self/statm').exists():
        pytest.skip('this system does not say how much memory a process has')
    done = subprocess.run(
        [sys.executable, '-c', code],
        cwd=Path(__file__).parents[2] / 'helpers',
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'nothing was executed' in done.stdout

"""A short run of the harness, and whether it would notice anything; see harness.py."""

import pytest

from . import targets
from .harness import Child, run
from .targets import TARGETS

COUNT = 30
SEED = 1
# One of each, thrown in on purpose.
FAULTS = {
    'exception': ('KeyError', lambda path: {}['x']),
    'memory': ('MemoryError', lambda path: len(bytearray(3 << 30))),
    'time': ('took', lambda path: _spin()),
    'crash': ('SIGSEGV', lambda path: _crash()),
    'code': ('EXECUTED', lambda path: open('executed', 'w').close()),
}


def _spin():
    import time

    end = time.thread_time() + 0.6
    while time.thread_time() < end:
        pass


def _crash():
    import ctypes

    ctypes.string_at(0)


def faulty(kind):
    """A reader that behaves for its valid sample only."""

    def write(folder):
        (folder / 'a').write_bytes(b'valid' * 20)
        return folder / 'a'

    def read(path):
        if path.read_bytes() != b'valid' * 20:
            FAULTS[kind][1](path)

    return write, read


@pytest.fixture(scope='module')
def child():
    with Child() as process:
        yield process


@pytest.mark.parametrize('reader', TARGETS)
def test_damaged_files_are_refused(child, reader, tmp_path):
    outcomes = list(run(child, reader, range(COUNT), SEED, tmp_path))
    failures = [str(failure) for _, _, failure in outcomes if failure is not None]
    assert not failures, '\n'.join(failures)
    assert {'read', 'refused'} & {outcome for _, outcome, _ in outcomes}


@pytest.mark.parametrize('kind', FAULTS)
def test_the_harness_notices(kind, tmp_path):
    with Child(seconds=0.5) as child:
        reader = f'faulty {kind}'
        failed = [f for _, _, f in run(child, reader, range(2), 0, tmp_path) if f is not None]
    assert failed and all(FAULTS[kind][0] in failure.why for failure in failed)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert len(kept) == 2 * len(failed) and kept[1].endswith('.why')
    assert (tmp_path / kept[0]).read_bytes() != b'valid' * 20


def test_an_input_can_be_made_again(tmp_path):
    from .worker import Trial

    trials = [Trial('image .png', tmp_path / name) for name in 'ab']
    made = [[trial.damaged(3, number)[1] for number in range(20)] for trial in trials]
    assert made[0] == made[1] and len(set(made[0])) > 15


def test_readers_of_tests_are_not_among_those_of_the_package():
    assert not any(name.startswith('faulty') for name in TARGETS)
    assert targets.find('faulty time')

"""A short run of the harness, and whether it would notice anything; see harness.py."""

import pytest

from .faulty import FAULTS
from .harness import Child
from .targets import TARGETS
from .worker import Trial

COUNT = 30
SEED = 1


@pytest.fixture(scope='module')
def child():
    with Child() as process:
        yield process


@pytest.mark.parametrize('reader', TARGETS)
def test_damaged_files_are_refused(child, reader, tmp_path):
    outcomes = list(child.run(reader, range(COUNT), SEED, tmp_path))
    failures = [str(outcome) for outcome in outcomes if outcome.kind == 'failed']
    assert not failures, '\n'.join(failures)
    assert [outcome.number for outcome in outcomes] == list(range(COUNT))


@pytest.mark.parametrize('kind', FAULTS)
def test_the_harness_notices(child, kind, tmp_path):
    outcomes = list(child.run(f'faulty {kind}', range(1), 0, tmp_path, seconds=0.5))
    failed = [outcome for outcome in outcomes if outcome.kind == 'failed']
    assert [FAULTS[kind][0] in outcome.why for outcome in failed] == [True], failed
    kept = failed[0].kept
    assert kept.read_bytes() != b'valid' * 20
    assert str(failed[0]._replace(kept=None)) in kept.with_name(f'{kept.name}.why').read_text()


@pytest.mark.parametrize('reader', ['image .png', 'checkpoint zip', 'poses pickle'])
def test_an_input_can_be_made_again(tmp_path, reader):
    trials = [Trial(reader, tmp_path / name) for name in 'ab']
    made = [[trial.damaged(3, number)[1] for number in range(20)] for trial in trials]
    assert made[0] == made[1] and len(set(made[0])) > 15

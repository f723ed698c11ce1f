"""A training by the clock, whose clock the test keeps."""

import json
from pathlib import Path

import pytest
import torch
from errors import fails
from in_process import runner

from mmpose_ours.engine import timed_loop
from mmpose_ours.errors import InputError

STEP_S = 10.0
# Two epochs of four steps of one item.
PLAN = dict(train_dataloader__batch_size=1, train_dataloader__dataset__num_samples=4)
PLANNED = 8


class Clock:
    """Goes on by so many seconds with every step."""

    def __init__(self, monkeypatch):
        self.now, self.per_step = 1000.0, STEP_S
        monkeypatch.setattr(timed_loop.time, 'monotonic', lambda: self.now)
        stock = timed_loop.EpochBasedTrainLoop.run_iter

        def run_iter(loop, idx, data_batch):
            self.now += self.per_step
            stock(loop, idx, data_batch)

        monkeypatch.setattr(timed_loop.EpochBasedTrainLoop, 'run_iter', run_iter)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def timed(work_dir, seconds, **more):
    loop = dict(_delete_=True, type='TimedTrainLoop', max_epochs=2, val_interval=2, seconds=seconds)
    schedule = [
        dict(type='CosineAnnealingLR', eta_min_ratio=0.01, begin=0, end=2, by_epoch=True,
             convert_to_iter_based=True),
    ]  # fmt: skip
    return runner(work_dir, train_cfg=loop, param_scheduler=schedule, **PLAN, **more)


def logged(work_dir, key):
    """What the training logged of something, in its order."""
    (file,) = Path(work_dir).glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [line[key] for line in lines if key in line]


def test_a_machine_as_fast_as_planned_trains_to_the_end(tmp_path, clock):
    training = timed(tmp_path, PLANNED * STEP_S + 1)
    training.train()
    assert (training.epoch, training.iter) == (2, PLANNED)
    assert training.message_hub.get_info('train_skipped_steps') == 0
    assert max(logged(tmp_path, 'step')) == PLANNED


@pytest.mark.parametrize(('slower', 'epochs'), [(2, 1), (1.4, 2)])
def test_a_slower_machine_ends_on_time(tmp_path, clock, slower, epochs):
    clock.per_step = slower * STEP_S
    budget = PLANNED * STEP_S
    begun = clock.now
    training = timed(tmp_path, budget)
    training.train()
    steps = training.iter
    assert steps == max(1, -(-budget // clock.per_step))
    assert clock.now - begun < budget + clock.per_step
    assert training.epoch == training.max_epochs == epochs
    assert (tmp_path / f'epoch_{epochs}.pth').is_file()
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / f'epoch_{epochs}.pth')
    assert logged(tmp_path, 'pose3d/recall_500mm'), 'the validation after the last step'
    # The learning rate has come down as far as in a whole training.
    rates = logged(tmp_path, 'lr')
    if steps > 1:
        whole = training.cfg.optim_wrapper.optimizer.lr
        assert rates[0] == pytest.approx(whole)
        assert rates == sorted(rates, reverse=True)
        assert training.param_schedulers[0].last_step == PLANNED - 1


def test_a_resumed_training_has_the_rest_of_the_time(tmp_path, clock):
    budget = PLANNED * STEP_S
    clock.per_step = 1.4 * STEP_S  # there is time for six steps, of which four are done here
    stop = dict(type='Saboteur', number='SIGTERM', at=4)
    with pytest.raises(SystemExit):
        timed(tmp_path, budget, custom_hooks=[stop]).train()
    clock.now += 10_000.0
    begun = clock.now
    training = timed(tmp_path, budget, resume=True)
    training.train()
    assert training.iter == 7, 'the step in which it stopped does not count'
    assert clock.now - begun == pytest.approx(2 * clock.per_step)
    assert training.param_schedulers[0].last_step == PLANNED - 1


def test_logs_reckon_with_the_steps_that_there_is_time_for(tmp_path, clock):
    clock.per_step = 2 * STEP_S
    training = timed(tmp_path, PLANNED * STEP_S)
    expected = []
    stock = training.train_loop.run_iter

    def run_iter(idx, data_batch):
        stock(idx, data_batch)
        expected.append(training.max_iters)

    training.train_loop.run_iter = run_iter
    training.train()
    assert expected == [PLANNED // 2] * (PLANNED // 2)


@pytest.mark.parametrize('seconds', [0, float('nan')])
def test_a_time_that_is_none_is_refused(tmp_path, seconds):
    with fails(InputError, code='out-of-range'):
        timed(tmp_path, seconds).train()


def test_a_checkpoint_of_it_is_plain(tmp_path, clock):
    timed(tmp_path, PLANNED * STEP_S).train()
    hub = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)['message_hub']
    assert hub['runtime_info']['train_seconds'] == pytest.approx(3 * STEP_S)

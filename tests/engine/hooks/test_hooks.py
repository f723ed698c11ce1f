"""What hooks write down, and what they promise about random numbers."""

import itertools
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from errors import fails
from in_process import runner
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmpose_ours.calibration import read_rig
from mmpose_ours.engine.hooks import NonFiniteLossError
from mmpose_ours.engine.hooks.interruption import keep_workers
from mmpose_ours.engine.hooks.run_record import SCHEMA
from mmpose_ours.engine.hooks.step_seed import seed_all
from mmpose_ours.engine.replay import replay
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_schema import first_fault


def test_a_step_without_a_finite_loss_can_be_done_again(tmp_path):
    pipeline = [dict(type='Spoil', frame=2), dict(type='PackMultiviewInputs')]
    training = runner(tmp_path, train_dataloader__dataset__pipeline=pipeline)
    # No error of input, so it has no fields.
    with pytest.raises(NonFiniteLossError, match=r'item 2 \(frame 2\)'):
        training.train()
    (file,) = tmp_path.glob('nonfinite_*.pth')
    assert file.name == 'nonfinite_1_0.pth'
    (config,) = tmp_path.glob('*.py')
    # A config beside it may have come with it.
    with fails(FileFormatError, code='missing-value', file=file, expected=str(config)):
        replay(file)
    losses, alone = replay(file, config)
    assert np.isnan(losses['loss_pose']) and np.isfinite(losses['loss_center'])
    assert alone == {2: ['loss_pose'], 3: []}
    state = torch.load(file, weights_only=True)['state_dict']
    trained = training.model.state_dict()
    assert all(torch.isfinite(value).all() for value in state.values())
    parameters = [name for name, _ in training.model.named_parameters()]
    assert all(torch.equal(trained[name], state[name]) for name in parameters)
    assert state.keys() == trained.keys()


def test_replay_of_another_file_says_so(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    torch.save(dict(meta={}), path)
    with fails(FileFormatError, code='file-format', file=path):
        replay(path)


@pytest.mark.parametrize(
    'report', [None, [], {}, dict(items=['a']), dict(items=[0], seed=1, rank=0, iter='a')]
)
def test_a_report_without_numbers_is_refused(tmp_path, report):
    path = tmp_path / 'nonfinite_1_0.pth'
    torch.save(dict(meta=dict(nonfinite=report)), path)
    with fails(FileFormatError, code='file-format', file=path):
        replay(path, tmp_path / 'absent.py')


def test_a_run_is_written_down(tmp_path):
    training = runner(tmp_path, randomness__seed=5)
    training.train()
    (file,) = tmp_path.glob('run_*.json')
    run = json.loads(file.read_text())
    assert first_fault(run, SCHEMA) is None
    assert run['purpose'] == 'train' and run['seed'] == 5 and run['batch_size'] == 2
    assert run['versions']['torch'] == torch.__version__ and run['resumed_at'] is None
    rig = read_rig(training.train_dataloader.dataset.rig_file)
    assert run['rig']['fingerprint'] == rig.fingerprint
    camera, stated = rig.cameras[3], run['rig']['cameras'][3]
    assert stated['name'] == camera.name
    np.testing.assert_array_equal(stated['R_w2c'], camera.R_w2c)
    np.testing.assert_array_equal(stated['t_w2c'], camera.t_w2c)
    np.testing.assert_array_equal(stated['K'], camera.K)


def test_seeds_of_steps_differ_and_repeat():
    def drawn(*entropy):
        seed_all(*entropy)
        return torch.rand(1).item(), np.random.rand()

    assert drawn(0, 0, 5, 1) == drawn(0, 0, 5, 1)
    every = {drawn(*entropy) for entropy in itertools.product((0, 1), repeat=4)}
    assert len(every) == 16


def test_what_items_draw_does_not_depend_on_where_training_began(tmp_path):
    """Drawing from global generators while an item is loaded: torch's and NumPy's."""
    pipeline = [dict(type='DrawFromTorch'), dict(type='PackMultiviewInputs')]
    changes = dict(train_dataloader__dataset__pipeline=pipeline)
    stop = dict(type='Saboteur', number='SIGTERM', at=2)
    runner(tmp_path / 'whole', **changes).train()
    with pytest.raises(SystemExit):
        runner(tmp_path / 'cut', **changes, custom_hooks=[stop]).train()
    runner(tmp_path / 'cut', **changes, resume=True).train()
    whole, cut = (
        torch.load(tmp_path / name / 'epoch_2.pth', weights_only=True)['state_dict']
        for name in ('whole', 'cut')
    )
    assert all(torch.equal(whole[key], cut[key]) for key in whole)
    # The handlers that were there before are there again.
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.parametrize(('counts', 'within'), [(1, [1, 2, 3, 4]), (2, [2, 4])])
def test_checkpoints_in_mid_epoch_hold_whole_steps(counts, within, tmp_path):
    """Gradients that are still being gathered are in no checkpoint, so none is written then."""
    training = runner(
        tmp_path,
        default_hooks__interruption__minutes=1e-9,
        optim_wrapper__accumulative_counts=counts,
    )
    written, stock = [], training.save_checkpoint

    def save_checkpoint(folder, name, *args, **kwargs):
        written.append((name, kwargs['meta']['iter']))
        stock(folder, name, *args, **kwargs)

    training.save_checkpoint = save_checkpoint
    training.train()
    assert [steps for name, steps in written if name == 'mid_epoch.pth'] == within
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['epoch_1.pth', 'epoch_2.pth']


class _Slow(torch.utils.data.Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, index):
        return os.getpid()


@pytest.mark.skipif(not hasattr(signal, 'sigwaitinfo'), reason='this system cannot tell senders')
def test_a_signal_to_the_whole_job_leaves_the_workers_of_a_loader(tmp_path):
    loader = DataLoader(_Slow(), 1, num_workers=1, collate_fn=pseudo_collate)
    keep_workers(loader)
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)  # from now on a thread begins in each new process
    torch.set_num_threads(threads)
    batches = iter(loader)
    (worker,) = next(batches)
    code = f'import os, signal; [os.kill({worker}, s) for s in (signal.SIGTERM, signal.SIGUSR1)]'
    subprocess.run([sys.executable, '-c', code], check=True)  # a stranger
    assert [pid for (pid,) in batches] == [worker] * 5
    del batches
    # From its own process it does hear.
    batches = iter(loader)
    (worker,) = next(batches)
    process = batches._workers[0]
    process.terminate()
    process.join(timeout=10)
    assert process.exitcode == 0
    batches._workers = []

"""Each bend of MMEngine or torch does what its reason says, and no more."""

import errno
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.dist import utils as dist_utils
from mmengine.logging import HistoryBuffer, MessageHub
from torch.utils.data import BatchSampler, DataLoader

from mmpose_ours import compat


def test_history_buffer_survives_a_weights_only_round_trip(tmp_path):
    compat.apply()
    buffer = HistoryBuffer([1.0, 2.0], [1, 1], max_length=3)
    buffer.update(4.0, 2)
    torch.save({'log': buffer}, tmp_path / 'log.pth')
    back = torch.load(tmp_path / 'log.pth', weights_only=True)['log']
    np.testing.assert_array_equal(back.data[0], [1, 2, 4])
    np.testing.assert_array_equal(back.data[1], [1, 1, 2])
    assert back.max_length == 3 and back.mean() == buffer.mean()
    back.update(5.0)  # drops the oldest, as before
    np.testing.assert_array_equal(back.data[0], [2, 4, 5])


def test_message_hub_stores_plain_numbers(tmp_path):
    compat.apply()
    hub = MessageHub('compat-test')
    hub.update_info('eta', np.float64(12.5))
    state = hub.state_dict()
    assert type(state['runtime_info']['eta']) is float
    torch.save(state, tmp_path / 'hub.pth')
    torch.load(tmp_path / 'hub.pth', weights_only=True)


def test_checkpoints_that_call_code_stay_refused(tmp_path):
    compat.apply()

    class Evil:
        def __reduce__(self):
            return getattr, ('', 'upper')

    torch.save({'x': Evil()}, tmp_path / 'evil.pth')
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / 'evil.pth', weights_only=True)


def test_process_groups_need_no_cuda_and_torch_is_left_as_it_was():
    seen = {}

    def stock_init(backend, **kwargs):
        seen.update(backend=backend, kwargs=kwargs, devices=torch.cuda.device_count())
        torch.cuda.set_device(7)

    before = torch.cuda.set_device, torch.cuda.device_count
    compat._on_cpu(stock_init)('nccl', init_backend='torch', timeout=3)
    assert seen == {'backend': 'gloo', 'kwargs': {'timeout': 3}, 'devices': 1}
    assert before == (torch.cuda.set_device, torch.cuda.device_count)


def test_inert_where_cuda_exists(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    before = dist_utils._init_dist_pytorch, dist_utils._init_dist_slurm
    compat.allow_process_groups_without_cuda()
    assert before == (dist_utils._init_dist_pytorch, dist_utils._init_dist_slurm)


def test_what_mmengine_writes_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    from mmengine.fileio import put

    compat.apply()
    target = tmp_path / 'deep' / 'epoch_1.pth'
    put(b'first', str(target))

    def fails(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, 'fsync', fails)
    with pytest.raises(OSError, match='epoch_1.pth'):  # without our fields
        put(b'second', str(target))
    assert target.read_bytes() == b'first' and os.listdir(target.parent) == ['epoch_1.pth']


@pytest.mark.parametrize('workers', [0, 1])
@pytest.mark.parametrize('persistent', [False, True])
def test_rest_of_an_epoch_loads_nothing_of_what_is_done(workers, persistent):
    loader = DataLoader(
        range(10),
        3,
        shuffle=False,
        num_workers=workers,
        persistent_workers=bool(workers and persistent),
    )
    whole = [batch.tolist() for batch in loader]
    rest = compat.rest_of(loader, 2)
    first = next(rest)
    assert len(loader) == 4  # as progress is counted
    assert [first.tolist(), *(batch.tolist() for batch in rest)] == whole[2:]
    assert [batch.tolist() for batch in loader] == whole
    assert list(compat.rest_of(loader, 4)) == []


def test_rest_of_an_epoch_whose_batches_are_grouped():
    class Grouped(BatchSampler):
        def __iter__(self):
            yield from ([0], [2, 1], [3])

    loader = DataLoader(range(4), batch_sampler=Grouped(range(4), 2, False))
    assert [batch.tolist() for batch in compat.rest_of(loader, 1)] == [[2, 1], [3]]


def test_looking_a_class_up_imports_no_more_than_needed():
    """The registry is cheap; models and datasets come with the first look-up."""
    code = (
        'import sys, mmpose_ours.registry, mmpose_ours.scope as r\n'
        'assert "mmpose_ours.models" not in sys.modules\n'
        'assert r.MODELS.get("VoxelPose").__module__ == "mmpose_ours.models.voxelpose.model"\n'
    )
    subprocess.run([sys.executable, '-c', code], check=True, timeout=120)

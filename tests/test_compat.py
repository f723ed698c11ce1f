"""Each bend of MMEngine or torch does what its reason says, and no more."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.dist import utils as dist_utils
from mmengine.logging import HistoryBuffer, MessageHub

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


def test_looking_a_class_up_imports_no_more_than_needed():
    """The registry is cheap; models and datasets come with the first look-up."""
    code = (
        'import sys, mmpose_ours.registry as r\n'
        'assert "mmpose_ours.models" not in sys.modules\n'
        'assert r.MODELS.get("VoxelPose").__module__ == "mmpose_ours.models.voxelpose"\n'
    )
    subprocess.run([sys.executable, '-c', code], check=True, timeout=120)

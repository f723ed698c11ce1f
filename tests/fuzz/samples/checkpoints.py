"""Checkpoints of every layout."""

import collections
from pathlib import Path

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from safetensors.torch import save_file

from mmpose_ours import compat
from mmpose_ours.checkpoints.reading import read_checkpoint
from mmpose_ours.checkpoints.torch_files import read_torch_file


def content():
    """Everything that a checkpoint of a training may hold."""
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(1, 3, 8, 8)).sum().backward()
    optimizer.step()
    numbers = torch.arange(100.0)
    return dict(
        state_dict=model.state_dict(),
        optimizer=optimizer.state_dict(),
        meta=dict(
            epoch=1, iter=10, cfg='model = dict()', best=np.float64(3.5), ok=np.bool_(True),
            joints=np.arange(6, dtype='>i4').reshape(2, 3),
            sigmas=np.asfortranarray(np.linspace(0, 1, 12).reshape(3, 4)),
            size=torch.Size([1, 2]), dtype=torch.float16, device=torch.device('cuda:1'),
            text=b'abc', more=bytearray(b'abc'), large=2**70, complex=1j, some={1, 'b', None},
            steps=collections.Counter([3, 3, 5]), pair=(1.5, None), no=False,
        ),
        tensors=[
            numbers[10:20], numbers.view(10, 10).t(), torch.tensor(True), torch.zeros(0, 3),
            torch.randn(3).bfloat16(), torch.tensor([True, False]), torch.tensor(3),
            torch.nn.Parameter(torch.ones(2)), torch.randn(2, dtype=torch.complex64),
        ],
        message_hub=dict(
            log_scalars=collections.OrderedDict(loss=HistoryBuffer([1.0, 2.0], [1, 1])),
            runtime_info=collections.OrderedDict(epoch=1),
            resumed_keys=collections.OrderedDict(epoch=True),
        ),
    )  # fmt: skip


def _save(name, **options):
    def write(folder):
        compat.apply()
        path = Path(folder) / name
        with torch.random.fork_rng():
            torch.manual_seed(0)
            torch.save(content(), path, **options)
        return path

    return write


def _save_safetensors(folder):
    path = Path(folder) / 'weights.safetensors'
    save_file(
        {'a': torch.linspace(0, 1, 12).view(3, 4), 'b': torch.arange(4)}, path, dict(about='a test')
    )
    return path


def touch(value):
    """Look at everything in a value."""
    if isinstance(value, dict):
        return sum(touch(key) + touch(part) for key, part in value.items())
    if isinstance(value, (list, tuple, set)):
        return sum(map(touch, value))
    if isinstance(value, torch.Tensor):
        return len(repr(value.detach().clone().flatten().tolist()))
    if isinstance(value, np.ndarray):
        return len(repr(value.tolist()))
    data = getattr(value, 'data', None)
    if isinstance(data, tuple):
        return sum(map(touch, data))
    return len(repr(value))


def _read(path):
    touch(read_checkpoint(path))


def _read_file(path):
    touch(read_torch_file(path))


LEGACY = dict(_use_new_zipfile_serialization=False)
SAMPLES = {
    'zip': (_save('zip.pth'), _read),
    'zip, protocol 4': (_save('zip4.pth', pickle_protocol=4), _read_file),
    'legacy': (_save('legacy.pth', **LEGACY), _read),
    'legacy, protocol 4': (_save('legacy4.pth', **LEGACY, pickle_protocol=4), _read_file),
    'safetensors': (_save_safetensors, _read),
}

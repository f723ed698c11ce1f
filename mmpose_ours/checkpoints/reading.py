"""The one reader of checkpoints, wherever they lie.

:func:`read_checkpoint` takes a path, a URL or a name of a model zoo, and reads all of them as data
(:mod:`mmpose_ours.checkpoints.torch_files`, safetensors). :func:`register` makes it MMEngine's and
mmcv's own way, so that ``load_from``, ``init_cfg``, ``--resume`` and the stock scripts take it too.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Mapping

from mmpose_ours.checkpoints.model_zoo import check_whole, fetch
from mmpose_ours.checkpoints.torch_files import read_torch_file
from mmpose_ours.checkpoints.torch_values import ContentError, History, check_shape
from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.http_files import SCHEMES
from mmpose_ours.io.limits import limits
from mmpose_ours.text import argument

SHIPPED = 'mmpose-ours'
# Names of model zoos, which stand for URLs.
_ZOOS = ('torchvision', 'modelzoo', 'openmmlab', 'open-mmlab', 'mmcls')
_SCHEME = re.compile(r'(?:\S+?:)?([A-Za-z][A-Za-z0-9+.-]*)://')
_MAX_HEADER = 25 * 10**6  # of a safetensors file


class CheckpointSourceError(FileFormatError):
    """A checkpoint is named in a way that is not supported."""

    code = 'cannot-express'


def read_checkpoint(name: PathLike, map_location: Any = None) -> Any:
    """Read a checkpoint as data.

    Args:
        name: A local file of ``torch.save`` or safetensors, a URL of http or https,
            ``mmpose-ours://NAME`` of :mod:`mmpose_ours.checkpoints.shipped_weights`, or ``torchvision://NAME``,
            ``openmmlab://NAME``, ``mmcls://NAME`` of a model zoo.
        map_location: Ignored: tensors are on the CPU, loading copies them.

    Returns:
        What was saved, most often a dictionary with ``state_dict`` and ``meta``.

    Raises:
        CheckpointSourceError: The name's scheme is not supported, or the zoo has no such model.
        DownloadError: It cannot be downloaded.
        LimitError: It is larger than ``checkpoint_bytes``.
        FileFormatError: It is damaged, or something else; nothing of it is run.
        FileNotFoundError: There is no such file.
    """
    text = os.fspath(name)
    match = _SCHEME.match(text)
    scheme = match[1].lower() if match else None
    if scheme == SHIPPED:
        from mmpose_ours.checkpoints.shipped_weights import load_shipped  # late: it needs MMEngine

        return load_shipped(text)
    if scheme is None:
        return _read_file(Path(text).expanduser())
    if scheme in SCHEMES:
        return _read_file(_fetch_once(text))
    if scheme in _ZOOS:
        value = _read_file(_of_zoo(scheme, text.partition('://')[2], text))
        return _backbone_alone(value) if scheme == 'mmcls' else value
    raise CheckpointSourceError(
        f'{text[:200]}: checkpoints are not read from {scheme}://; download it and name the file, '
        f'or use a URL of {" or ".join(SCHEMES)}',
        file=text,
        found=scheme,
        expected=[*SCHEMES, SHIPPED, *_ZOOS],
    )


def is_resumable(checkpoint: Any) -> bool:
    """Whether a training can go on from a checkpoint."""
    if not isinstance(checkpoint, dict) or not {'meta', 'optimizer', 'state_dict'} <= set(
        checkpoint
    ):
        return False
    meta = checkpoint['meta']
    return isinstance(meta, dict) and all(
        type(meta.get(key)) is int and meta[key] >= 0 for key in ('epoch', 'iter')
    )


def check_resumable(checkpoint: Any, name: PathLike) -> None:
    """Refuse to go on from what has no optimizer, or does not say how far it got.

    Raises:
        FileFormatError: It is so.
    """
    if not is_resumable(checkpoint):
        raise FileFormatError(
            f'{name}: holds weights only, expected the checkpoint of a training, with its '
            'optimizer and how far it got; to begin a training with these weights, give it as '
            f'load_from and leave {argument("resume", True)} out',
            code='missing-value',
            file=name,
            found=sorted(map(str, checkpoint)) if isinstance(checkpoint, dict) else None,
            expected=['meta', 'optimizer', 'state_dict'],
        )


def load_from_plain_data(filename: str, map_location: Any = None) -> Any:
    """Read a checkpoint for MMEngine or mmcv: :func:`read_checkpoint`, without its config.

    Both run the config that a checkpoint's ``meta`` holds when a training is resumed, only to
    compare the number of GPUs.
    """
    checkpoint = read_checkpoint(filename)
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    if isinstance(meta, dict):
        meta.pop('config', None)
    return checkpoint


def register(loader: Any) -> None:
    """Let a ``CheckpointLoader`` of MMEngine or mmcv read everything by this module.

    Args:
        loader: The class; every scheme that it knows is replaced.
    """
    prefixes = {*loader._schemes, '', f'{SHIPPED}://', *(f'{zoo}://' for zoo in _ZOOS)}
    loader.register_scheme(prefixes=sorted(prefixes), loader=load_from_plain_data, force=True)


def _read_file(path: Path) -> Any:
    """Read a local file, of whatever format it is."""
    check_whole(path)
    limits().check('checkpoint_bytes', path.stat().st_size, 'bytes', path)
    if _is_safetensors(path):
        return _read_safetensors(path)
    try:
        return _with_logs(read_torch_file(path))
    except FileFormatError as error:
        if type(error) is not FileFormatError:
            raise
        raise error.reworded(
            FileFormatError,
            f'{path}: no whole checkpoint of weights and plain data ({error.found}); download or '
            'copy it again, or name an earlier one; to go on with a training, '
            f'{argument("resume", True)} without a name takes the latest whole one of the work '
            'directory',
            file=path,
        ) from error


def _is_safetensors(path: Path) -> bool:
    with open_regular(path) as file:
        start = file.read(9)
    length = int.from_bytes(start[:8], 'little')
    return start[8:] == b'{' and 2 <= length <= path.stat().st_size - 8


def _read_safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    with open_regular(path) as file:
        header = int.from_bytes(file.read(8), 'little')
    try:
        if header > _MAX_HEADER:
            raise SafetensorError(f'a header of {header} bytes')
        with safe_open(path, 'pt') as opened:
            names = list(opened.keys())
            for name in names:
                check_shape(opened.get_slice(name).get_shape())
            state = {name: opened.get_tensor(name) for name in names}
            meta = dict(opened.metadata() or {})
    # Of a type that this torch does not have, AttributeError.
    except (
        SafetensorError, ContentError, ValueError, AttributeError, KeyError, TypeError,
    ) as error:  # fmt: skip
        reason = ' '.join(str(error).split())[:200]
        raise FileFormatError(
            f'{path}: no whole safetensors file ({reason}); download or copy it again',
            code='damaged',
            file=path,
            found=reason,
        ) from error
    return dict(state_dict=state, meta=meta)


def _with_logs(checkpoint: Any) -> Any:
    """A checkpoint whose logs are MMEngine's, where it is of MMEngine."""
    hub = checkpoint.get('message_hub') if isinstance(checkpoint, dict) else None
    logs = hub.get('log_scalars') if isinstance(hub, dict) else None
    if isinstance(logs, dict) and any(isinstance(log, History) for log in logs.values()):
        from mmengine.logging import HistoryBuffer

        for name, log in logs.items():
            if isinstance(log, History):
                logs[name] = HistoryBuffer(log.values, log.counts, log.max_length)
    return checkpoint


def _fetch_once(url: str, of_torchvision: bool = False) -> Path:
    """Download a file; of several processes of a training the first does, for all."""
    import torch

    several = torch.distributed.is_available() and torch.distributed.is_initialized()
    if not several or torch.distributed.get_world_size() == 1:
        return fetch(url, of_torchvision)
    from mmengine.dist import broadcast_object_list

    came: list = [None]
    if torch.distributed.get_rank() == 0:
        try:
            fetch(url, of_torchvision)
        except (InputError, OSError) as error:
            came = [error]
    broadcast_object_list(came)
    if came[0] is not None:
        raise came[0]
    # Found where the first process put it, or, on another machine, downloaded again.
    return fetch(url, of_torchvision)


def _of_zoo(scheme: str, model: str, text: str) -> Path:
    """The file of a model zoo's name."""
    from mmengine.runner import checkpoint as stock

    if scheme in ('torchvision', 'modelzoo'):
        urls: Mapping[str, str] = stock.get_torchvision_models()
    elif scheme == 'mmcls':
        urls = stock.get_mmcls_models()
    else:
        urls = stock.get_external_models()
        model = stock.get_deprecated_model_names().get(model, model)
    if model not in urls:
        raise CheckpointSourceError(
            f'{text[:200]}: {scheme} has no model of that name; correct it, or name a file',
            code='unknown-name',
            file=text,
            found=model,
            expected=sorted(urls),
        )
    url = urls[model]
    if url.startswith(tuple(f'{known}://' for known in SCHEMES)):
        return _fetch_once(url, scheme in ('torchvision', 'modelzoo'))
    # One of the user's own names: relative to MMEngine's folder.
    return Path(stock._get_mmengine_home()) / url


def _backbone_alone(checkpoint: Any) -> dict[str, Any]:
    """A classifier's backbone, whose entries lose their first word, as MMEngine does it."""
    state = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, dict) else {}
    first = 'backbone.'
    return dict(
        state_dict={
            key[len(first) :]: value for key, value in state.items() if key.startswith(first)
        }
    )

"""Weights that come with the package, under names that MMEngine loads like any checkpoint.

``mmpose-ours://keypoint_prior`` are those of the learned prior, for ``tools/test.py``,
``load_from`` and ``init_cfg`` alike; ``mmpose-ours://none`` is the empty checkpoint of a model
that has no weights. They are kept as safetensors, a format that cannot run code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import load_file, save

from mmpose_ours.checkpoints.loading import CheckpointError, check_finite, state_dict_of
from mmpose_ours.checkpoints.reading import read_checkpoint
from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.io.disk.files import write_whole

SCHEME, NOTHING = 'mmpose-ours://', 'none'
FOLDER = Path(__file__).parents[1] / 'shipped_weights'


def shipped() -> dict[str, Path]:
    """The names of the weights in the package, and their files."""
    return {path.stem: path for path in sorted(FOLDER.glob('*.safetensors'))}


def load_shipped(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load weights of the package; MMEngine calls this for names of the scheme.

    Args:
        filename: ``mmpose-ours://<name>``.
        map_location: Ignored: MMEngine copies from the CPU to where the model is.

    Returns:
        A checkpoint: ``state_dict`` and ``meta``.

    Raises:
        FileNotFoundError: No weights have that name.
    """
    name = filename[len(SCHEME) :]
    if name == NOTHING:
        return dict(state_dict={}, meta={})
    known = shipped()
    if name not in known:
        raise FileNotFoundError(
            f'{filename}: no weights of that name come with this package; it has '
            f'{", ".join([*known, NOTHING])}'
        )
    with safe_open(known[name], 'pt') as file:
        meta = dict(file.metadata() or {})
    return dict(state_dict=load_file(known[name]), meta=meta)


def export_weights(checkpoint: PathLike, out: PathLike, about: str = '') -> int:
    """Write a checkpoint's weights as safetensors, in single precision, whole or not at all.

    Args:
        checkpoint: A ``.pth`` of a run; read as data only.
        out: The file to write.
        about: One line that is kept with them, for example the command that made them.

    Returns:
        How many numbers there are.

    Raises:
        CheckpointError: The checkpoint holds no weights by name, or some are not finite.
        FileFormatError, DownloadError: See
            :func:`~mmpose_ours.checkpoints.reading.read_checkpoint`.
        OSError: A file cannot be read or written.
    """
    if Path(out).exists() and Path(checkpoint).exists() and Path(out).samefile(checkpoint):
        raise InputError(
            f'{out}: the file to read and the one to write are the same', code='conflict', file=out
        )
    read = read_checkpoint(checkpoint)
    try:
        state = state_dict_of(read)
    except CheckpointError as error:
        raise error.of(checkpoint) from None
    if any(tensor.is_complex() for tensor in state.values()):
        raise FileFormatError(
            f'{checkpoint}: holds complex numbers, which no model of this package has',
            code='cannot-express',
            file=checkpoint,
        )
    try:
        weights = {name: tensor.detach().float().clone().contiguous() for name, tensor in
                   state.items()}  # fmt: skip
    except NotImplementedError as error:  # of four bits, for example
        raise FileFormatError(
            f'{checkpoint}: holds weights of a type that torch cannot turn into single precision',
            code='cannot-express',
            file=checkpoint,
        ) from error
    try:
        if not weights:
            raise CheckpointError('holds no weights; name the checkpoint of a training run')
        check_finite(weights)
    except CheckpointError as error:
        raise error.of(checkpoint) from error.__cause__
    meta = dict(about=about) if about else None
    # Not by save_file, whose own error a full disk becomes.
    with write_whole(out, 'wb') as file:
        file.write(save(weights, meta))
    return sum(tensor.numel() for tensor in weights.values())

"""Weights into a model: all of them, of this model, finite, or an error that says what differs."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import torch
from torch import nn

from mmpose_ours.checkpoints.model_zoo import config_for
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.structures.skeleton import Skeleton

# Counts of batches, which only a batch norm without a momentum reads; old files lack them.
_COUNTER = 'num_batches_tracked'
_SHOWN = 4
# Before all names, where a model was saved in the wrapper of a distributed training.
_WRAPPED = 'module.'


class CheckpointError(FileFormatError):
    """Weights do not fit the model, or are none.

    Args:
        message: What differs.
        missing: Entries of the model that the checkpoint lacks.
        unexpected: Entries of the checkpoint that the model does not have.
        mismatched: Entries of another shape or kind: name to what is there and what is expected.
        nonfinite: Entries with NaN or infinity, or a negative variance.
        file: The checkpoint.
    """

    code = 'checkpoint'

    def __init__(
        self,
        message: str,
        *,
        missing: Sequence[str] = (),
        unexpected: Sequence[str] = (),
        mismatched: Mapping[str, tuple[str, str]] | None = None,
        nonfinite: Sequence[str] = (),
        file: PathLike | None = None,
    ):
        super().__init__(
            message if file is None else f'{file}: {message}',
            code='not-finite' if nonfinite else None,
            file=file,
        )
        self.message = message
        self.missing, self.unexpected = list(missing), list(unexpected)
        self.mismatched, self.nonfinite = dict(mismatched or {}), list(nonfinite)

    def of(self, file: PathLike) -> CheckpointError:
        """The same error of a file that was not known where it was raised."""
        config = config_for(file)
        hint = '' if config is None else f'; the config of this checkpoint is {config}'
        return CheckpointError(
            self.message + hint,
            missing=self.missing,
            unexpected=self.unexpected,
            mismatched=self.mismatched,
            nonfinite=self.nonfinite,
            file=file,
        )


def state_dict_of(checkpoint: Any) -> dict[str, torch.Tensor]:
    """The weights by name in what was read from a checkpoint.

    Raises:
        CheckpointError: It holds none.
    """
    state = checkpoint
    if isinstance(checkpoint, Mapping) and isinstance(checkpoint.get('state_dict'), Mapping):
        state = checkpoint['state_dict']
    if not isinstance(state, Mapping) or not all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in state.items()
    ):
        raise CheckpointError(
            f'holds {_kind(checkpoint)}, expected weights by name, as torch.save makes of a '
            "model's state_dict; name the checkpoint of a training run"
        )
    return dict(state)


def check_finite(weights: Mapping[str, torch.Tensor]) -> None:
    """Refuse weights of a training that diverged.

    Args:
        weights: Tensors by name.

    Raises:
        CheckpointError: Some hold NaN or infinity, or the variance of a batch norm is negative,
            whose square root would be NaN.
    """
    nonfinite = [
        key
        for key, tensor in weights.items()
        if (tensor.is_floating_point() or tensor.is_complex())
        and (
            not bool(torch.isfinite(tensor).all())
            or (key.endswith('running_var') and bool((tensor < 0).any()))
        )
    ]
    if nonfinite:
        raise CheckpointError(
            f'NaN, infinity or a negative variance in {_some(nonfinite)} of {len(weights)} '
            'entries: the training that wrote it had diverged; name an earlier checkpoint',
            nonfinite=nonfinite,
        )


def load_weights(
    model: nn.Module, checkpoint: Any, file: PathLike | None = None, strict: bool = True
) -> list[str]:
    """Copy weights into a model.

    Counters of batches may be missing, and a ``module.`` is taken off where all names have it.

    Args:
        model: The model.
        checkpoint: What :func:`~mmpose_ours.checkpoints.reading.read_checkpoint` returns.
        file: Where it comes from, for messages.
        strict: Whether all weights must be there and of this model. Otherwise one is enough.

    Returns:
        What differs, a line each; empty where ``strict``.

    Raises:
        CheckpointError: They do not fit, or a weight is NaN or infinite.
    """
    try:
        given = state_dict_of(checkpoint)
        if all(key.startswith(_WRAPPED) for key in given):
            given = {key[len(_WRAPPED) :]: tensor for key, tensor in given.items()}
        metadata = getattr(
            checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, Mapping) else None,
            '_metadata',
            None,
        )
        _check_skeleton(model, checkpoint)
        return _load(model, given, metadata, strict)
    except CheckpointError as error:
        raise error if file is None else error.of(file) from error.__cause__


def stated_skeleton(checkpoint: Any) -> str | None:
    """The name of the skeleton that a training run put into its checkpoint; None without one."""
    meta = checkpoint.get('meta') if isinstance(checkpoint, Mapping) else None
    dataset = meta.get('dataset_meta') if isinstance(meta, Mapping) else None
    joints = dataset.get('joints') if isinstance(dataset, Mapping) else None
    return joints if isinstance(joints, str) else None


def _check_skeleton(model: nn.Module, checkpoint: Any) -> None:
    """Refuse weights for other joints: skeletons of as many joints have weights of one shape."""
    stated, own = stated_skeleton(checkpoint), getattr(model, 'joints', None)
    if stated is None or not isinstance(own, Skeleton):
        return
    if stated != own.name:
        raise CheckpointError(
            f'the weights are for the joints of {stated[:100]}, but this {type(model).__name__} is '
            f'of {own.name}; name the config of this checkpoint, or set model.joints',
            mismatched={'joints': (stated, own.name)},
        )


def _load(
    model: nn.Module, given: dict[str, torch.Tensor], metadata: Any, strict: bool
) -> list[str]:
    own = model.state_dict()
    mismatched = {
        key: (_describe(given[key]), _describe(own[key]))
        for key in given
        if key in own and _differ(given[key], own[key])
    }
    # As the model will have it: a float64 may be too large for a float32.
    check_finite(
        {
            key: tensor.to(own[key].dtype)
            for key, tensor in given.items()
            if key in own and key not in mismatched
        }
    )
    fitting: Any = {key: tensor for key, tensor in given.items() if key not in mismatched}
    if metadata is not None:
        import collections

        fitting = collections.OrderedDict(fitting)
        fitting._metadata = metadata
    found = {
        key: tensor for key, tensor in own.items() if key in fitting and not key.endswith(_COUNTER)
    }
    result = model.load_state_dict(fitting, strict=False)
    missing = [
        key for key in result.missing_keys if key not in mismatched and not key.endswith(_COUNTER)
    ]
    unexpected = list(result.unexpected_keys)
    lines = []
    if missing:
        lines.append(f'{_some(missing)} of the model are missing')
    if unexpected:
        lines.append(f'{_some(unexpected)} are not of the model')
    if mismatched:
        pairs = [f'{key} is {has}, expected {due}' for key, (has, due) in mismatched.items()]
        lines.append(f'{_some(pairs)} have another shape')
    nothing = bool(own) and not found
    if nothing or (strict and lines):
        name = type(model).__name__
        what = 'none of its entries fits' if nothing else 'it does not fit'
        raise CheckpointError(
            f'not the weights of this {name} ({what}: {"; ".join(lines) or "it is empty"}); name '
            'the checkpoint of this config, or the config of this checkpoint',
            missing=missing,
            unexpected=unexpected,
            mismatched=mismatched,
        )
    return lines


def _differ(given: torch.Tensor, own: torch.Tensor) -> bool:
    """Whether weights are not what a model has; torch reads a single number of one dimension."""
    single = own.dim() == 0 and tuple(given.shape) == (1,)
    kinds = [(tensor.is_floating_point(), tensor.is_complex()) for tensor in (given, own)]
    return (given.shape != own.shape and not single) or kinds[0] != kinds[1]


def _describe(tensor: torch.Tensor) -> str:
    return f'{tuple(tensor.shape)} {str(tensor.dtype).rpartition(".")[2]}'


def _some(names: Sequence[str]) -> str:
    """The first few of them, and how many there are."""
    shown = ', '.join(name[:100] for name in names[:_SHOWN])
    return f'{len(names)} entries ({shown}{", ..." if len(names) > _SHOWN else ""})'


def _kind(found: Any) -> str:
    if isinstance(found, Mapping):
        return f'a dictionary of {", ".join(repr(key)[:40] for key in list(found)[:4])}'
    return f'a {type(found).__name__}'

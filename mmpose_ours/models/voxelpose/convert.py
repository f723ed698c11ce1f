"""VoxelPose's weights between the layout of MMPose 0.x and this package's.

Layers have the same names in both (:mod:`~mmpose_ours.models.ops.v2v`). The layouts differ in the
entries that are not weights: see :mod:`~mmpose_ours.models.voxelpose.published`.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Mapping

import torch
from torch import Tensor

from mmpose_ours.errors import InputError
from mmpose_ours.models.voxelpose import published
from mmpose_ours.models.voxelpose.model import VoxelPose
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.text import argument

_NETS = {'center': 'human_detector.center_net.', 'pose': 'pose_regressor.pose_net.'}
# Number of blocks in the third stage to depth.
_RESNET_DEPTH = {6: 50, 23: 101, 36: 152}
_COUNTER = '.num_batches_tracked'
# Skeletons of the datasets that a VoxelPose is trained on.
MULTIVIEW = ('coco17', 'campus14', 'panoptic15', 'panoptic19')


@dataclasses.dataclass(frozen=True)
class Anatomy:
    """Architecture of a VoxelPose, as far as the shapes of its weights determine it.

    Args:
        num_joints: Number of joints, which is also that of heatmap channels.
        nets: ``'center'`` and ``'pose'`` to the ``channels`` and ``front_kernel`` of each
            :class:`~mmpose_ours.models.ops.v2v.V2VNet`.
        backbone: Arguments of :class:`~mmpose_ours.models.voxelpose.backbone.PoseResNet`; None
            where the model takes heatmaps.
    """

    num_joints: int
    nets: Mapping[str, Mapping[str, Any]]
    backbone: Mapping[str, Any] | None

    @property
    def skeletons(self) -> list[str]:
        """Names of the skeletons with that number of joints, if possible of multi-view datasets."""
        names = [name for name, joints in SKELETONS.items() if len(joints) == self.num_joints]
        return [name for name in names if name in MULTIVIEW] or names


@dataclasses.dataclass(frozen=True)
class Converted:
    """Converted weights, and a record of the conversion.

    Args:
        state: The weights.
        renamed: Old names to new ones.
        dropped: Entries that were removed.
        missing: Entries of the model that were not in the weights; only counters of batch
            normalisation, which have no effect and are added as 0.
    """

    state: dict[str, Tensor]
    renamed: Mapping[str, str]
    dropped: Mapping[str, Tensor]
    missing: list[str]


def unwrapped(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Weights without the prefix ``module.`` of a parallel wrapper, and the renamed entries."""
    names = {key: re.sub(r'^module\.', '', key) for key in state}
    changed = {old: new for old, new in names.items() if old != new}
    return {names[key]: tensor for key, tensor in state.items()}, changed


def anatomy(state: Mapping[str, Tensor]) -> Anatomy:
    """Determine the architecture from the shapes of weights.

    Raises:
        InputError: They are not weights of a VoxelPose.
    """
    try:
        nets = {name: _net(state, prefix) for name, prefix in _NETS.items()}
        first = state[_NETS['center'] + 'front_layers.0.block.conv.weight']
        backbone = _backbone(state) if any(key.startswith('backbone.') for key in state) else None
    except (KeyError, IndexError) as error:
        raise InputError(
            f'not the weights of a VoxelPose: {error.args[0]!r} is missing; found: '
            f'{_outline(state)}',
            code='checkpoint',
            expected=error.args[0] if isinstance(error, KeyError) else None,
        ) from error
    return Anatomy(num_joints=first.shape[1], nets=nets, backbone=backbone)


def _net(state: Mapping[str, Tensor], prefix: str) -> dict[str, Any]:
    front = state[prefix + 'front_layers.0.block.conv.weight']
    widths = [
        state[f'{prefix}encoder_decoder.{name}.res_branch.0.conv.weight'].shape[0]
        for name in ('skip_res1', 'encoder_res1', 'encoder_res2')
    ]
    return dict(channels=(front.shape[0], *widths), front_kernel=front.shape[2])


def _backbone(state: Mapping[str, Tensor]) -> dict[str, Any]:
    head = 'backbone.keypoint_head.deconv_layers.'
    filters: list[int] = []
    while f'{head}{3 * len(filters)}.weight' in state:
        filters.append(state[f'{head}{3 * len(filters)}.weight'].shape[1])
    third = {key.split('.')[3] for key in state if key.startswith('backbone.backbone.layer3.')}
    if len(third) not in _RESNET_DEPTH:
        raise InputError(
            f'the 2D network has {len(third)} blocks in layer3, expected those of ResNet-50, 101 '
            'or 152, the depths that PoseResNet supports',
            code='cannot-express',
            found=len(third),
            expected=sorted(_RESNET_DEPTH),
        )
    return dict(
        depth=_RESNET_DEPTH[len(third)],
        width=state['backbone.backbone.conv1.weight'].shape[0],
        deconv_filters=tuple(filters),
    )


def _outline(state: Mapping[str, Tensor]) -> str:
    """The four most frequent prefixes (first two parts) of the entries' names, with counts."""
    parts: dict[str, int] = {}
    for key in state:
        start = '.'.join(key.split('.')[:2])
        parts[start] = parts.get(start, 0) + 1
    often = sorted(parts, key=lambda start: -parts[start])[:4]
    return ', '.join(f'{parts[start]} x {start}.*' for start in often) or 'nothing'


def to_ours(state: Mapping[str, Tensor]) -> Converted:
    """Convert weights of either layout to this package's.

    Raises:
        InputError: They are not weights of a VoxelPose, are incomplete, or have a number of joints
            that no known skeleton has.
    """
    bare, renamed = unwrapped(state)
    wanted = _expected(anatomy(bare))
    kept, dropped, missing = {}, {}, []
    for key, like in wanted.items():
        if key in bare:
            kept[key] = bare[key]
            if bare[key].shape != like.shape:
                raise InputError(
                    f'{key} has the shape {tuple(bare[key].shape)}, expected {tuple(like.shape)}; '
                    'the weights are not those of a single VoxelPose',
                    code='checkpoint',
                    found=tuple(bare[key].shape),
                    expected=tuple(like.shape),
                )
            continue
        missing.append(key)
        if key.endswith(_COUNTER):  # absent from very old checkpoints; only momentum=None reads it
            kept[key] = torch.zeros(like.shape, dtype=like.dtype)
    absent = [key for key in missing if not key.endswith(_COUNTER)]
    if absent:
        raise InputError(
            f'{len(absent)} of {len(wanted)} entries of a VoxelPose are missing, the first is '
            f'{absent[0]!r}; the checkpoint holds only a part of the model',
            code='checkpoint',
            expected=absent,
        )
    dropped = {key: tensor for key, tensor in bare.items() if key not in wanted}
    shortcut = published.had_shortcut(bare)
    if shortcut is not None:
        kept[published.SHORTCUT] = torch.tensor(shortcut)
        dropped.pop(published.SHORTCUT, None)
    return Converted(kept, renamed, dropped, missing)


def to_0x(
    state: Mapping[str, Tensor],
    shortcut: bool | None = None,
    space: Mapping[str, Tensor] | None = None,
) -> Converted:
    """Convert weights of either layout to that of MMPose 0.x.

    Args:
        state: The weights.
        shortcut: Whether the pose net has a shortcut, if the weights do not tell; None if unknown.
        space: Entries of the capture volume from
            :func:`~mmpose_ours.models.voxelpose.published.geometry`; None leaves the capture volume
            to the config of 0.x.

    Raises:
        InputError: MMPose 0.x does not support the model, or it is unknown whether it has a
            shortcut.
    """
    ours = to_ours(state)
    weights = dict(ours.state)
    known = weights.pop(published.SHORTCUT, shortcut)
    if known is None:
        raise InputError(
            'it is unknown whether the pose net of this checkpoint has a shortcut, which MMPose '
            f'0.x does not support; name the config that it was trained with: {argument("config")}',
            code='missing-value',
        )
    if known:
        raise InputError(
            'the pose net learned with a shortcut, which MMPose 0.x does not support: the '
            'joints would be wrong there; train with model.pose.shortcut=False '
            'model.pose.beta=100.0',
            code='cannot-express',
        )
    for name, net in anatomy(weights).nets.items():
        width = net['channels'][1]
        if net != dict(channels=(width // 2, width, 2 * width, 4 * width), front_kernel=7):
            raise InputError(
                f'the {name} net has channels {net["channels"]} and a first kernel of '
                f'{net["front_kernel"]}, which MMPose 0.x cannot build; it expects (n / 2, n, '
                f'2 n, 4 n) and 7: train with such model.{name}.channels and front_kernel',
                code='cannot-express',
                found=net,
            )
    return Converted({**weights, **(space or {})}, ours.renamed, ours.dropped, ours.missing)


def _expected(shape: Anatomy) -> dict[str, Tensor]:
    """All entries of the model as tensors on the meta device, which have shapes but no data."""
    if not shape.skeletons:
        sizes = ', '.join(f'{name} ({len(joints)})' for name, joints in SKELETONS.items())
        raise InputError(
            f'{shape.num_joints} joints, expected one of the skeletons {sizes}',
            code='unknown-name',
            found=shape.num_joints,
            expected=sorted({len(joints) for joints in SKELETONS.values()}),
        )
    backbone = None
    if shape.backbone:
        backbone = dict(shape.backbone, type='PoseResNet', num_joints=shape.num_joints)
    with torch.device('meta'):
        model = VoxelPose(
            joints=shape.skeletons[0],
            center=dict(shape.nets['center']),
            pose=dict(shape.nets['pose']),
            backbone=backbone,
        )
    return model.state_dict()

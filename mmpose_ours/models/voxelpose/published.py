"""VoxelPose as published, in MMPose 0.x: entries of its checkpoints that are not weights.

MMPose 0.x stores the capture volume of the training rig in buffers. Here the capture volume comes
with each sample, so that these entries are removed before loading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

import torch
from torch import Tensor

from mmpose_ours.errors import FileFormatError

if TYPE_CHECKING:
    from mmpose_ours.models.voxelpose.model import VoxelPose

CENTER_HEAD = 'human_detector.center_head.'
# The training rig's capture volume: edge lengths in mm, number of voxels, centre in mm.
GEOMETRY = tuple(f'{CENTER_HEAD}{name}' for name in ('grid_size', 'cube_size', 'grid_center'))
# In converted checkpoints, which have no capture volume: whether the pose net has a shortcut.
SHORTCUT = 'pose_regressor.shortcut'


def take_out(model: VoxelPose, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Remove the entries that are not weights, before ``model`` loads the rest.

    Raises:
        FileFormatError: The checkpoint is of a pose net without a shortcut, and the model has one:
            all weights would load, but the joints would be wrong.
    """
    shortcut = had_shortcut(state_dict, prefix)
    if shortcut is not None and shortcut != model.pose_regressor.shortcut:
        raise FileFormatError(
            'this checkpoint is of VoxelPose as published (MMPose 0.x), without a shortcut around '
            'its pose net, but model.pose.shortcut is True: its weights would fit and its joints '
            'be wrong; take the config of the same name as the checkpoint (docs/checkpoints.md), '
            'or set model.pose.shortcut=False and model.pose.beta=100.0 in this one',
            code='checkpoint',
            found=shortcut,
            expected=model.pose_regressor.shortcut,
        )
    for key in (*GEOMETRY, SHORTCUT):
        state_dict.pop(prefix + key, None)


def leave_out_backbone(
    model: VoxelPose, state_dict: dict[str, Tensor], prefix: str, *_: Any
) -> None:
    """Remove the 2D network's weights before ``model``, if it is of heatmaps, loads."""
    if model.backbone is None:
        for key in [key for key in state_dict if key.startswith(f'{prefix}backbone.')]:
            del state_dict[key]


def had_shortcut(state_dict: Mapping[str, Tensor], prefix: str = '') -> bool | None:
    """Whether a state dict's pose net has a shortcut; None where it is unknown."""
    if prefix + SHORTCUT in state_dict:
        return bool(state_dict[prefix + SHORTCUT].any())
    return False if any(prefix + key in state_dict for key in GEOMETRY) else None


def geometry(space_center: Any, space_size: Any, cube_size: Any) -> dict[str, Tensor]:
    """The entries that hold a capture volume in MMPose 0.x.

    Args:
        space_center: (3,) mm.
        space_size: (3,) mm.
        cube_size: (3,) voxels.
    """
    # 0.x makes integer tensors from integers; loading copies the values into either type.
    values = (list(space_size), list(cube_size), list(space_center))
    return {key: torch.tensor(value) for key, value in zip(GEOMETRY, values)}


def space_in_words(state_dict: Mapping[str, Tensor]) -> str | None:
    """The capture volume in a state dict of MMPose 0.x, as text; None if it has none."""
    if any(key not in state_dict or state_dict[key].numel() != 3 for key in GEOMETRY):
        return None
    size, voxels, center = (
        [f'{value:g}' for value in state_dict[key].double().flatten().tolist()] for key in GEOMETRY
    )
    return f'{" x ".join(size)} mm around ({", ".join(center)}), {" x ".join(voxels)} voxels'

"""The stock center head, in the config's capture volume whatever weights are loaded."""

from __future__ import annotations

from typing import Any

import torch
from mmpose.models.builder import HEADS
from mmpose.models.heads.voxelpose_head import CuboidCenterHead
from mmpose.utils import get_root_logger

SPACE = ('grid_size', 'grid_center', 'cube_size')


@HEADS.register_module()
class OursCenterHead(CuboidCenterHead):
    """The stock head, except that loading a checkpoint does not change the capture volume.

    The stock head stores the capture volume in three buffers and loads them from the checkpoint;
    here the values of the config stay. Keys and arguments are those of the stock head.
    """

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        for name in SPACE:
            own, stored = getattr(self, name), state_dict.get(prefix + name)
            if stored is not None and not _same(own, stored):
                get_root_logger().warning(
                    f'{name}: the checkpoint has {stored.tolist()}, this config {own.tolist()}, '
                    'which is used'
                )
            state_dict[prefix + name] = own
        super()._load_from_state_dict(state_dict, prefix, *args)


def _same(own: torch.Tensor, stored: torch.Tensor) -> bool:
    return own.shape == stored.shape and torch.allclose(own.double(), stored.to(own).double())

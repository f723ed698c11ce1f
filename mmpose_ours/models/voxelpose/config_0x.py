"""Read the settings of VoxelPose in a config of MMPose 0.x that weights must be compatible with."""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping

from mmengine.config import Config
from torch import Tensor

from mmpose_ours.engine.config_files import read_config
from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.io.parsers.config_data import NotDataError, read_config_data
from mmpose_ours.models.voxelpose.convert import Anatomy
from mmpose_ours.models.voxelpose.model import VoxelPose
from mmpose_ours.models.voxelpose.published import geometry
from mmpose_ours.text import argument


@dataclasses.dataclass(frozen=True)
class StockModel:
    """The settings of ``model`` in a config of MMPose 0.x.

    Args:
        path: The config, for messages.
        space_center: (3,) centre of the capture volume in mm.
        space_size: (3,) edge lengths of the capture volume in mm.
        cube_size: (3,) voxels of the capture volume.
        sub_cube_size: (3,) voxels of a person's cube.
        num_joints: Number of joints.
        widths: ``mid_channels`` of the center and the pose net.
        beta: Sharpness of the soft-argmax.
        has_backbone: Whether the model takes images.
    """

    path: str
    space_center: tuple[float, ...]
    space_size: tuple[float, ...]
    cube_size: tuple[int, ...]
    sub_cube_size: tuple[int, ...]
    num_joints: int
    widths: Mapping[str, int]
    beta: float
    has_backbone: bool

    @property
    def geometry(self) -> dict[str, Tensor]:
        """The checkpoint entries of its capture volume."""
        return geometry(self.space_center, self.space_size, self.cube_size)

    def check(self, weights: Anatomy, model: VoxelPose | None = None) -> None:
        """Compare weights, and our model with these weights if it is known, with the config.

        Raises:
            InputError: The weights would not load, or would give other results there.
        """
        wanted: dict[str, tuple[Any, Any]] = {
            'joints': (weights.num_joints, self.num_joints),
            'a 2D network': (weights.backbone is not None, self.has_backbone),
        }
        for name, width in self.widths.items():
            net = f'mid_channels of the {name} net'
            wanted[net] = (weights.nets[name]['channels'][1], width)
        if model is not None:
            bins = model.human_detector.bins, model.pose_regressor.bins
            wanted['beta'] = (model.pose_regressor.beta, self.beta)
            wanted['voxels of the capture volume'] = (bins[0], self.cube_size)
            wanted["voxels of a person's cube"] = (bins[1], self.sub_cube_size)
        for what, (found, expected) in wanted.items():
            if found != expected:
                raise InputError(
                    f'{what}: {found} here, but {expected} in {self.path}; change that config, or '
                    f'name another with {argument("target")}',
                    code='checkpoint',
                    file=self.path,
                    found=found,
                    expected=expected,
                )


def read_stock_model(path: PathLike) -> StockModel:
    """Read a config of MMPose 0.x: as data if possible; otherwise it is executed, with a warning.

    Raises:
        FileFormatError: It is not a config of VoxelPose.
    """
    try:
        config = Config(read_config_data(path))
    except NotDataError:
        # Our configs for 0.x import a function that computes the capture volume; they are not
        # configs of MMEngine's lazy import style.
        config = read_config(path, import_custom_modules=False, lazy_import=False)
    model: Any = config.get('model') or {}
    if model.get('type') != 'DetectAndRegress':
        raise FileFormatError(
            f'{path}: model.type is {model.get("type")!r}, expected DetectAndRegress, which is '
            'VoxelPose in MMPose 0.x; name such a config',
            file=path,
            found=model.get('type'),
            expected='DetectAndRegress',
        )
    detector, regressor = model.human_detector, model.pose_regressor
    nets = {'center': detector.center_net, 'pose': regressor.pose_net}
    return StockModel(
        path=str(path),
        space_center=tuple(detector.center_head.space_center),
        space_size=tuple(detector.center_head.space_size),
        cube_size=tuple(detector.center_head.cube_size),
        sub_cube_size=tuple(regressor.sub_cube_size),
        num_joints=regressor.num_joints,
        widths={name: net.get('mid_channels', 32) for name, net in nets.items()},
        beta=regressor.pose_head.beta,
        has_backbone=model.get('backbone') is not None,
    )

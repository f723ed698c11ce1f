"""Settings that a 0.x config repeats in several places, derived once from the rig.

Stock VoxelPose wants the capture volume in the detector and again in its head, and the sizes of
input and heatmaps in each of its two networks. Configs import this module; it registers nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

from mmpose_ours.mmpose0x.views import STRIDE
from mmpose_ours.sources import Site


def site_of(
    rig: dict[str, Any], heatmap_size: Sequence[int], cube_size: Sequence[int]
) -> dict[str, Any]:
    """Arguments that all datasets of a rig share, with the capture volume fitted if none is given.

    Args:
        rig: ``rig_file`` and what else :class:`~mmpose_ours.mmpose0x.rig_dataset.RigDataset`
            takes of cameras and space.
        heatmap_size: (width, height) of the heatmaps.
        cube_size: Voxels of the capture volume along x, y and z.
    """
    options = {key: value for key, value in rig.items() if key not in ('data_root', 'rig_file')}
    space = Site.read(Path(rig.get('data_root', '')) / rig['rig_file'], **options).space
    stated = dict(center_mm=space.center_mm, size_mm=space.size_mm)
    return dict(rig, space=stated, heatmap_size=heatmap_size, cube_size=cube_size)


def model_in(site: dict[str, Any], sub_cube_size: Sequence[int]) -> dict[str, Any]:
    """Settings of the stock model for a rig.

    Args:
        site: What :func:`site_of` returns.
        sub_cube_size: Voxels around a person along x, y and z.
    """
    space = dict(
        space_size=list(site['space']['size_mm']),
        space_center=list(site['space']['center_mm']),
        cube_size=list(site['cube_size']),
    )
    sizes = dict(
        heatmap_size=list(site['heatmap_size']),
        image_size=[STRIDE * side for side in site['heatmap_size']],
    )
    return dict(
        human_detector=dict(**space, **sizes, center_head=space),
        pose_regressor=dict(**sizes, sub_cube_size=list(sub_cube_size)),
    )

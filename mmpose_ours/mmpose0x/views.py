"""One frame as the pipelines of the stock VoxelPose take it: a dictionary per view.

===================  ==============================================================================
``joints``           (P, J, 3) float32 ``u, v, score``: detections in this view. A joint
                     that was not found has score 0, so that ``GenerateInputHeatmaps`` draws a peak
                     of height 0 wherever it puts it
``joints_visible``   (P, J, 2) float32, 1 where found
``camera``           see :func:`~mmpose_ours.mmpose0x.stock_camera.stock_camera`
``center, scale``    (2,) float32: middle of the camera's image, and the part of the plane that the
                     network's input shows (letterbox), pixels; ``rotation`` is 0
``sample_id``        item * V + view
``ann_info``         sizes: ``image_size heatmap_size num_joints num_scales space_size
                     space_center cube_size``
``joints_3d``        (N, J, 3) float32 mm, padded with zeros to N people; ``joints_3d_visible``
                     alike, 0 or 1
``roots_3d``         (N, 3) mm, mid-hips; ``num_persons``, how many rows count
===================  ==============================================================================

The last two rows are there where the truth is known.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.mmpose0x.stock_camera import stock_camera
from mmpose_ours.structures.skeletons import SKELETONS

# The stock code needs at least one person per scene: an empty scene gets one at this distance, too
# far away for any candidate to match.
FAR_AWAY_MM = 1e7
# Input size divided by heatmap size of the stock networks.
STRIDE = 4


class StockViews:
    """Makes the dictionaries of one rig.

    Args:
        rig: V cameras; their image sizes must be known.
        space: The capture volume.
        joints: Name of the skeleton.
        heatmap_size: (width, height) of the heatmaps.
        cube_size: Voxels of the capture volume along x, y and z.
        max_people: N, the most people of one frame in training.

    Raises:
        InputError: A camera's lens or missing image size does not fit MMPose 0.x.
    """

    def __init__(
        self,
        rig: CameraRig,
        space: CaptureVolume,
        joints: str,
        heatmap_size: Sequence[int],
        cube_size: Sequence[int],
        max_people: int,
    ):
        self.joints, self.max_people = SKELETONS[joints], max_people
        image_size = STRIDE * np.array(heatmap_size)
        self.ann_info = dict(
            image_size=image_size,
            heatmap_size=np.array([heatmap_size]),
            num_joints=len(self.joints),
            num_scales=1,
            space_size=list(space.size_mm),
            space_center=list(space.center_mm),
            cube_size=list(cube_size),
        )
        self.fixed = [
            dict(camera=stock_camera(camera), **letterbox(camera.need_size(), image_size))
            for camera in rig
        ]

    def __call__(self, index: int, item: dict) -> dict[int, dict[str, Any]]:
        """Lay out an item of :mod:`mmpose_ours.sources`.

        Args:
            index: Its place in the dataset.
            item: ``keypoints_2d`` (V, P, J, 3), and for training ``keypoints_3d`` (G, J, 3) mm
                with ``visible`` (G, J).

        Returns:
            A dictionary by view, in the rig's order; what stock transforms change in place is
            the item's own no longer.
        """
        truth = self._truth(item) if 'keypoints_3d' in item else {}
        count = len(self.fixed)
        return {
            view: dict(
                **self._seen(item['keypoints_2d'][view]),
                **truth,
                **fixed,
                rotation=0.0,
                sample_id=index * count + view,
                ann_info=self.ann_info,
            )
            for view, fixed in enumerate(self.fixed)
        }

    @staticmethod
    def _seen(keypoints: np.ndarray) -> dict[str, np.ndarray]:
        found = (keypoints[..., 2] > 0) & np.isfinite(keypoints).all(-1)
        anybody = found.any(-1)
        found = found[anybody]
        joints = np.where(found[..., None], keypoints[anybody], 0).astype(np.float32)
        visible = np.repeat(found[..., None], 2, axis=-1).astype(np.float32)
        return dict(joints=joints, joints_visible=visible)

    def _truth(self, item: dict) -> dict[str, Any]:
        poses, visible = item['keypoints_3d'], item['visible']
        count = len(poses)
        if count > self.max_people:
            raise InputError(
                f'frame {item["frame_id"]} has {count} people, and max_people is '
                f'{self.max_people}; set max_people to {count} or more',
                code='cannot-express',
                frame=item['frame_id'],
                found=count,
                expected=self.max_people,
            )
        shape = self.max_people, len(self.joints), 3
        joints_3d = np.zeros(shape, np.float32)
        known = np.zeros(shape, np.float32)
        roots = np.full((self.max_people, 3), FAR_AWAY_MM, np.float32)
        joints_3d[:count], known[:count] = poses, visible[..., None]
        if count:
            roots[:count] = self.joints.root_of(poses)
        return dict(
            joints_3d=joints_3d,
            joints_3d_visible=known,
            roots_3d=roots,
            num_persons=max(count, 1),
        )


def letterbox(size: Sequence[int], image_size: np.ndarray) -> dict[str, np.ndarray]:
    """How a camera's image fits, undistorted in shape, into the network's input.

    Args:
        size: (width, height) of the camera's image, pixels.
        image_size: (2,) width and height of the network's input.

    Returns:
        ``center`` and ``scale`` (2,) pixels of the camera's image.
    """
    full = np.array(size, np.float32)
    return dict(center=full / 2, scale=((full / image_size).max() * image_size).astype(np.float32))

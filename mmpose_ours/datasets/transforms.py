"""Pipeline steps: from a data dictionary to what the model takes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.structures import InstanceData

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.recordings.footage import decoded
from mmpose_ours.scope import TRANSFORMS

META_KEYS = (
    'rig', 'space', 'joints', 'recording', 'frame_id', 'actors', 'img_paths', 'keypoints_2d',
)  # fmt: skip


@TRANSFORMS.register_module()
class LoadMultiviewImages:
    """Read every view's image and fit it, undistorted in shape, into the network's input.

    Required Keys: img_paths (V,), or images (V,) that are decoded already, (H, W, 3) BGR.
    Added Keys: images (V, 3, H, W) uint8, RGB.

    Args:
        image_size: (width, height) of the network's input; four times the heatmap's.
    """

    def __init__(self, image_size: tuple[int, int]):
        self.image_size = tuple(image_size)

    def __call__(self, results: dict) -> dict:
        """Load the images; a missing one is an error that names it."""
        images = []
        paths = results.get('img_paths') or [None] * len(results['rig'])
        decoded_images = results.pop('images', [None] * len(paths))
        for camera, path, image in zip(results['rig'], paths, decoded_images):
            if image is None:
                image = _read(path, camera.name, results['frame_id'])
            height, width = image.shape[:2]
            if camera.size is not None and (width, height) != tuple(camera.size):
                raise InputError(
                    f'{path} is {width}x{height}, but camera {camera.name!r} was calibrated at '
                    f'{camera.size[0]}x{camera.size[1]}; use images of the calibrated size',
                    code='wrong-shape',
                    file=path,
                    camera=camera.name,
                    frame=results['frame_id'],
                    found=(width, height),
                    expected=camera.size,
                )
            images.append(self._fit(image))
        results['images'] = np.stack(images)
        return results

    def _fit(self, image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        scale = min(self.image_size[0] / width, self.image_size[1] / height)
        shift = (np.array(self.image_size) - scale * np.array([width, height])) / 2
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        fitted = cv2.warpAffine(image, matrix, self.image_size, flags=cv2.INTER_LINEAR)
        return fitted[..., ::-1].transpose(2, 0, 1)


def _read(path: str | None, camera: str, frame: str) -> np.ndarray:
    """An image as (H, W, 3) BGR uint8, or an error that says whose it is."""
    where = f'camera {camera!r}, frame {frame}: no readable image'
    needed = 'image mode needs one per camera and frame'
    if not path:
        raise FileNotFoundError(f'{where}; {needed}')
    try:
        return decoded(Path(path))
    except FileFormatError as error:
        raise error.reworded(
            FileFormatError, f'{where} ({error}); {needed}', file=path, camera=camera, frame=frame
        ) from error
    except OSError as error:
        raise FileNotFoundError(f'{where} {path} ({error.strerror}); {needed}') from error


@TRANSFORMS.register_module()
class PackMultiviewInputs:
    """Split a data dictionary into the network's inputs and the data sample.

    Required Keys: rig, space, joints, frame_id; keypoints_2d or images.
    """

    def __call__(self, results: dict) -> dict:
        """Pack one frame."""
        sample = MultiviewDataSample(
            metainfo={key: results[key] for key in META_KEYS if key in results}
        )
        if 'keypoints_3d' in results:
            sample.gt_instances = InstanceData(
                keypoints_3d=torch.from_numpy(np.asarray(results['keypoints_3d'], np.float32)),
                visible=torch.from_numpy(np.asarray(results['visible'], bool)),
            )
        inputs = {}
        if 'images' in results:
            inputs['images'] = torch.from_numpy(np.ascontiguousarray(results['images']))
        if results.get('keypoints_2d') is not None:
            keypoints = np.asarray(results['keypoints_2d'], np.float32)
            inputs['keypoints'] = torch.from_numpy(keypoints)
        return dict(inputs=inputs, data_samples=sample)

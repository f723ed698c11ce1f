"""Random synthetic rigs: 2 to 8 cameras around a rectangular capture volume."""

from __future__ import annotations

import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume

# (number of cameras, relative frequency); small rigs are common and difficult.
COUNTS = ((2, 4), (3, 5), (4, 5), (5, 4), (6, 2), (8, 1))
IMAGE_SIZES = ((1920, 1080), (1280, 720), (1032, 776), (640, 480), (1080, 1920))
# Ranges of the sides of the capture volume along x and y.
SIDE_X_MM, SIDE_Y_MM = (2500.0, 7000.0), (3000.0, 9000.0)
# Range of the height of the cameras above the floor.
HEIGHT_MM = (900.0, 3500.0)
# Range of the field of view along the longer side of the image.
VIEW_DEG = (45.0, 100.0)
# Range of the angle around the capture volume over which the cameras are distributed.
ARC_DEG = (100.0, 360.0)
VOLUME_HEIGHT_MM = 2400.0
# Largest absolute k1. Small, because keypoints are undistorted before all other processing.
MAX_K1 = 0.05


def random_site(
    rng: np.random.Generator, count: int | None = None
) -> tuple[CameraRig, CaptureVolume]:
    """Generate a random rig and its capture volume.

    Args:
        rng: Random generator; the same state gives the same rig.
        count: Number of cameras; None draws it.

    Returns:
        The rig, and the capture volume that its cameras look into: floor at z = 0, centre above
        the origin.
    """
    counts, weights = zip(*COUNTS)
    drawn = int(rng.choice(counts, p=np.array(weights) / sum(weights)))
    count = drawn if count is None else count
    sides = np.array([rng.uniform(*SIDE_X_MM), rng.uniform(*SIDE_Y_MM)])
    size = IMAGE_SIZES[rng.integers(len(IMAGE_SIZES))]
    focal_px = 0.5 * max(size) / np.tan(np.deg2rad(rng.uniform(*VIEW_DEG)) / 2)
    arc = np.deg2rad(rng.uniform(*ARC_DEG))
    angles = (
        rng.uniform(0, 2 * np.pi) + arc * (np.arange(count) + rng.uniform(0, 0.7, count)) / count
    )
    mean_height, height_std = rng.uniform(*HEIGHT_MM), rng.uniform(0, 600)
    cameras = []
    for index, angle in enumerate(angles):
        direction = np.array([np.cos(angle), np.sin(angle)])
        # 0.95 to 1.6 times the distance from the centre to the side of the volume.
        to_side = (sides / 2 / np.maximum(np.abs(direction), 1e-6)).min()
        ground = direction * to_side * rng.uniform(0.95, 1.6)
        center = (*ground, np.clip(mean_height + rng.normal(0, height_std), *HEIGHT_MM))
        target = (*rng.normal(0, 0.12 * sides), rng.uniform(700, 1300))
        camera = Camera.looking_at(
            f'{index}', center, target, focal_px * rng.uniform(0.9, 1.1), size
        )
        roll = np.deg2rad(rng.normal(0, 2))
        R_roll = np.array(
            [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
        )
        dist = (rng.uniform(-MAX_K1, MAX_K1), 0.0, 0.0, 0.0, 0.0)
        cameras.append(
            Camera.from_center(camera.name, camera.K, R_roll @ camera.R_w2c, center, size, dist)
        )
    volume = CaptureVolume((0.0, 0.0, VOLUME_HEIGHT_MM / 2), (*sides.tolist(), VOLUME_HEIGHT_MM))
    return CameraRig(tuple(cameras)), volume

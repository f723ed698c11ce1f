"""Synthetic sites: cameras around a room as people really put them up."""

from __future__ import annotations

import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume

# Few cameras are common, and hard: (number, weight).
COUNTS = ((2, 4), (3, 5), (4, 5), (5, 4), (6, 2), (8, 1))
IMAGE_SIZES = ((1920, 1080), (1280, 720), (1032, 776), (640, 480), (1080, 1920))
SHORTER_SIDE_MM, LONGER_SIDE_MM = (2500.0, 7000.0), (3000.0, 9000.0)
HEIGHT_MM = (900.0, 3500.0)
VIEW_DEG = (45.0, 100.0)
# Cameras stand around the scene, or only along some of its sides.
ARC_DEG = (100.0, 360.0)
ROOM_HEIGHT_MM = 2400.0
# Lenses are undistorted before anything else, so that only little of them is worth generating.
DISTORTION = 0.05


def random_site(rng: np.random.Generator) -> tuple[CameraRig, CaptureVolume]:
    """Generate a site.

    Args:
        rng: Source of randomness; the same state gives the same site.

    Returns:
        The rig, 2 to 8 cameras that look into the scene, and the scene, whose floor is at z = 0
        and whose middle is above the origin.
    """
    counts, weights = zip(*COUNTS)
    count = int(rng.choice(counts, p=np.array(weights) / sum(weights)))
    sides = np.array([rng.uniform(*SHORTER_SIDE_MM), rng.uniform(*LONGER_SIDE_MM)])
    size = IMAGE_SIZES[rng.integers(len(IMAGE_SIZES))]
    focal_px = 0.5 * max(size) / np.tan(np.deg2rad(rng.uniform(*VIEW_DEG)) / 2)
    arc = np.deg2rad(rng.uniform(*ARC_DEG))
    angles = (
        rng.uniform(0, 2 * np.pi) + arc * (np.arange(count) + rng.uniform(0, 0.7, count)) / count
    )
    room_height, spread = rng.uniform(*HEIGHT_MM), rng.uniform(0, 600)
    cameras = []
    for index, angle in enumerate(angles):
        direction = np.array([np.cos(angle), np.sin(angle)])
        # From the middle of the scene to its wall in that direction, and some way behind it.
        to_wall = (sides / 2 / np.maximum(np.abs(direction), 1e-6)).min()
        place = direction * to_wall * rng.uniform(0.95, 1.6)
        center = (*place, np.clip(room_height + rng.normal(0, spread), *HEIGHT_MM))
        target = (*rng.normal(0, 0.12 * sides), rng.uniform(700, 1300))
        camera = Camera.looking_at(
            f'{index}', center, target, focal_px * rng.uniform(0.9, 1.1), size
        )
        roll = np.deg2rad(rng.normal(0, 2))
        turn = np.array(
            [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
        )
        bent = (rng.uniform(-DISTORTION, DISTORTION), 0.0, 0.0, 0.0, 0.0)
        cameras.append(
            Camera.from_center(camera.name, camera.K, turn @ camera.R_w2c, center, size, bent)
        )
    room = CaptureVolume((0.0, 0.0, ROOM_HEIGHT_MM / 2), (*sides.tolist(), ROOM_HEIGHT_MM))
    return CameraRig(tuple(cameras)), room

"""Poses that are triangulated in each frame alone, the input of trajectories."""

import numpy as np

from mmpose_ours.parts.robust_points import PartRays, robust_points
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import COCO17


def triangulated(rig, views, owners, count, ids=None):
    """Results of the frames of :func:`moving_people.seen`.

    Args:
        rig: The cameras.
        views: Per frame camera name to detections.
        owners: Per frame camera name to whose each is.
        count: Number of people N.
        ids: (T, N) track IDs, -1 where somebody is not found; None gives everybody their number.
    """
    results = []
    for frame, (detections, whose) in enumerate(zip(views, owners)):
        seen = np.zeros((count, len(rig), 17, 3))
        for number, name in enumerate(rig.names):
            seen[whose[name], number] = detections[name]
        nowhere, reach = np.full((count, 1, 3), np.nan), np.full((count, 17), 1e9)
        points = robust_points(PartRays.of(rig, seen), 20.0, nowhere, reach)
        std = np.sqrt(np.trace(points.covariance, axis1=-2, axis2=-1) / 3)
        std = np.where(np.isfinite(points.xyz_mm).all(-1), std, np.nan)
        here = np.isfinite(points.xyz_mm).all(-1).sum(-1) >= 5
        numbers = np.arange(count) if ids is None else ids[frame]
        rows = np.flatnonzero(here & (numbers >= 0))
        poses = Poses3D(
            COCO17, points.xyz_mm[rows], np.ones(len(rows)), numbers[rows],
            (seen[rows][..., 2] > 0).any(-1).sum(-1), std[rows],
        )  # fmt: skip
        keypoints = {name: Keypoints2D(COCO17, people) for name, people in detections.items()}
        results.append(FrameResult(frame, poses, rig.names, keypoints))
    return results


def arrays(results, ids):
    """(T, N, 17, 3) poses and (T, N, 17) standard deviations of the tracks ``ids``, NaN absent."""
    xyz = np.full((len(results), len(ids), 17, 3), np.nan)
    std = np.full(xyz.shape[:3], np.nan)
    for frame, result in enumerate(results):
        for row, track in enumerate(result.track_ids.tolist()):
            if track in ids:
                xyz[frame, ids.index(track)] = result.poses.xyz_mm[row]
                std[frame, ids.index(track)] = result.poses.std_mm[row]
    return xyz, std

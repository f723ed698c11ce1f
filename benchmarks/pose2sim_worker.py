"""Triangulates people with Pose2Sim; run by a Python that has it, see ``benchmarks.left_out``.

    python pose2sim_worker.py people.npz poses.npy

This file imports nothing of ours: the other Python need not have this package.
"""

from __future__ import annotations

import sys

import numpy as np
from Pose2Sim.triangulation import triangulation_from_best_cameras

# The values of Pose2Sim's own Config.toml.
CONFIG = {
    'triangulation': {
        'reproj_error_threshold_triangulation': 15,
        'likelihood_threshold_triangulation': 0.3,
        'min_cameras_for_triangulation': 2,
        'handle_LR_swap': False,
        'undistort_points': False,
    }
}


def main() -> None:
    """Read projection matrices (V, 3, 4) and keypoints (M, V, J, 3), write poses (M, J, 3).

    Keypoints are ``u, v, score`` in pixels of undistorted images; a view whose scores are all 0
    is absent, as if its camera were not in the project. Poses have the unit of the matrices, NaN
    where Pose2Sim gives none.
    """
    source, target = sys.argv[1:]
    with np.load(source) as file:
        matrices, keypoints = file['matrices'], file['keypoints'].astype(float)
    threshold = CONFIG['triangulation']['likelihood_threshold_triangulation']
    poses = np.full((len(keypoints), keypoints.shape[2], 3), np.nan)
    for person, pose in zip(keypoints, poses):
        there = np.flatnonzero((person[..., 2] > 0).any(1))
        # As its triangulate_all does with what is below the threshold.
        views = np.where(person[there, :, 2:] < threshold, np.nan, person[there])
        for joint in range(len(pose)):
            found = views[:, joint].T
            if np.isfinite(found[2]).sum() >= 2:
                pose[joint] = triangulation_from_best_cameras(
                    CONFIG, found, found, [matrices[view] for view in there], {}
                )[0][:3]
    np.save(target, poses)


if __name__ == '__main__':
    main()

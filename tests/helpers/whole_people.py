"""Whole-body people who walk in front of cameras, and what detectors find of them."""

import numpy as np
from calibration_rigs import ring_rig

from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.synthetic.poses.body_model import built_in_poses
from mmpose_ours.synthetic.poses.whole_body import WHOLE_BODY, with_parts

RIG = ring_rig(5)


def walkers(count=2, frames=12, seed=0):
    """(T, P, 133, 3) in mm: people who turn and move on, each with a pose of its own."""
    rng = np.random.default_rng(seed)
    bodies = with_parts(built_in_poses(count, rng).astype(float))
    steps = []
    for t in range(frames):
        turn = 0.05 * t
        c, s = np.cos(turn), np.sin(turn)
        R = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        places = [(900.0 * i - 450 * (count - 1) + 20 * t, 10.0 * t, 0.0) for i in range(count)]
        steps.append([body @ R.T + place for body, place in zip(bodies, places)])
    return np.array(steps)


def detections_of(people, skeleton=WHOLE_BODY, noise_px=1.0, rng=None):
    """Camera name to the detections of (P, 133, 3) people, all of them seen."""
    rng = rng or np.random.default_rng(0)
    views = {}
    for camera in RIG:
        uv, _ = camera.project(convert_joints(people, WHOLE_BODY, skeleton))
        uv = uv + rng.normal(0, noise_px, uv.shape)
        found = np.where(np.isfinite(uv).all(-1, keepdims=True), 0.9, 0.0)
        array = np.concatenate([np.nan_to_num(uv), found], axis=-1).astype(np.float32)
        views[camera.name] = Keypoints2D(skeleton, array)
    return views


def bodies_of(people):
    """What a model gives: COCO-17 with track IDs."""
    xyz = convert_joints(people, WHOLE_BODY, COCO17)
    return Poses3D(COCO17, xyz, track_ids=np.arange(len(xyz)), std_mm=np.ones(xyz.shape[:2]))

"""Rigs in worlds of any turn, scale and origin, and people in front of them."""

import numpy as np
from scipy.spatial.transform import Rotation

from mmpose_ours.calibration import fit_space
from mmpose_ours.calibration.alignment.similarity import Similarity
from mmpose_ours.synthetic import DetectorNoise, PoseBank, SceneSampler, built_in_poses
from mmpose_ours.synthetic.poses.body_model import SHANK, THIGH, TRUNK

# Turns of the world: any, and those that a formula may stumble over.
TURNS = {
    'any': Rotation.from_rotvec([1.1, -0.7, 2.0]),
    'upside down': Rotation.from_rotvec([np.pi, 0, 0]),
    'nearly upside down': Rotation.from_rotvec([np.pi - 2e-6, 0, 0]),
    'sideways': Rotation.from_rotvec([0, np.pi / 2, 0]),
    'upright': Rotation.identity(),
}


def lost_world(seed, turn=None):
    """A random similarity: turn, scale 0.001 to 100, shift of some room sizes."""
    rng = np.random.default_rng(seed)
    R = (Rotation.random(random_state=seed) if turn is None else turn).as_matrix()
    scale = 10 ** rng.uniform(-3, 2)
    return Similarity(R, scale, scale * rng.uniform(-2e4, 2e4, 3))


def up_error_degrees(found, true):
    """Largest angle between up as two rigs have it, seen from each camera."""
    chords = [np.linalg.norm(a.R_w2c[:, 2] - b.R_w2c[:, 2]) for a, b in zip(found, true)]
    return np.degrees(2 * np.arcsin(np.clip(max(chords) / 2, 0, 1)))


def extent(rig):
    return np.linalg.norm(rig.centers_w[:, None] - rig.centers_w, axis=-1)


def heights_and_distances(rig):
    """All that a turn about the vertical and a walk over the floor leave alone."""
    ups = np.stack([camera.R_w2c[:, 2] for camera in rig])
    return np.concatenate([rig.centers_w[:, 2], extent(rig).ravel()]), ups


def people_before(rig, actions, seed=0, frames=40, faults=None, change=lambda poses: poses):
    """Detections of synthetic people: frame -> camera -> (P, 17, 3); and their mean stature."""
    rng = np.random.default_rng(seed)
    poses = change(built_in_poses(300, rng, actions))
    sampler = SceneSampler(rig, fit_space(rig), PoseBank(poses, np.ones(poses.shape[:2], bool)))
    faults = faults or DetectorNoise()
    detections, scenes = {}, []
    for frame in range(frames):
        scene = sampler.sample(rng)
        seen = faults.detect(scene, rig, rng)
        detections[str(frame)] = dict(zip(rig.names, seen))
        scenes.append(scene.poses)
    return detections, stature_mm(np.concatenate(scenes))


def stature_mm(poses):
    """Mean stature by the body model that made the poses."""
    ankle, knee, hip = (poses[:, i] for i in (15, 13, 11))
    middle = poses.reshape(-1, 17, 3)
    trunk = np.linalg.norm(middle[:, 5:7].mean(1) - middle[:, 11:13].mean(1), axis=-1)
    legs = np.linalg.norm(hip - knee, axis=-1) + np.linalg.norm(knee - ankle, axis=-1)
    return float((legs + trunk).mean() / (THIGH + SHANK + TRUNK))


def lying(poses):
    """The same people on their backs on the floor, along one direction."""
    poses = poses @ np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]]).T
    poses[..., 2] -= poses[..., 2].min(1, keepdims=True) - 60
    poses[..., :2] -= poses[:, 11:13, :2].mean(1, keepdims=True)
    return poses

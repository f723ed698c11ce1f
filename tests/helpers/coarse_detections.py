"""Right rigs, and people as a coarse detector reports them: noise, duplicates, hidden people."""

import numpy as np

from mmpose_ours.calibration import fit_space
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import DetectorNoise, PoseBank, SceneSampler

COCO = SKELETONS['coco17']
HIPS = COCO.index('left_hip', 'right_hip')
LEGS = COCO.index('left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle')


def random_rig(rng):
    """2 to 6 cameras around a place, of any height and lens."""
    cameras = []
    count = int(rng.integers(2, 7))
    radius = rng.uniform(3000, 6000)
    start = rng.uniform(0, 7)
    arc = rng.uniform(0.6, 1.0) * 2 * np.pi
    for i in range(count):
        angle = start + arc * i / count + rng.normal(0, 0.1)
        center = (
            radius * rng.uniform(0.8, 1.2) * np.cos(angle),
            radius * rng.uniform(0.8, 1.2) * np.sin(angle),
            rng.uniform(1200, 3200),
        )
        target = (*rng.normal(0, 300, 2), rng.uniform(800, 1100))
        cameras.append(
            Camera.looking_at(f'cam{i}', center, target, rng.uniform(700, 1200), (1280, 720))
        )
    return CameraRig(tuple(cameras))


def coarse_people(rig, rng, noise, frames=30, people=(1, 4), duplicates=0.15, hidden=0.15):
    """frame -> camera -> (P, 17, 3) of a coarse detector.

    Args:
        rig: V cameras.
        rng: Random numbers.
        noise: Standard deviation of each joint, as a share of the person's size in the image.
        frames: Number of frames.
        people: Least and most people.
        duplicates: Share of detections with a second skeleton on their legs.
        hidden: Share of detections that are missing, so that one camera alone sees somebody.
    """
    sampler = SceneSampler(rig, fit_space(rig), PoseBank.built_in(), people=people)
    faults = DetectorNoise(missed_joint_share=0.1)
    found = {}
    for frame in range(frames):
        views = faults.detect(sampler.sample(rng), rig, rng)
        found[str(frame)] = {}
        for name, view in zip(rig.names, views):
            view = view[(view[..., 2] > 0).any(-1)].astype(float)
            seen = [_coarse(person, rng, noise) for person in view if rng.random() >= hidden]
            seen += [_on_legs(person, rng) for person in seen if rng.random() < duplicates]
            found[str(frame)][name] = np.array(seen).reshape(-1, 17, 3)
    return found


def _coarse(person, rng, noise):
    joints = person[..., 2] > 0
    size = np.linalg.norm(np.ptp(person[joints, :2], axis=0)) if joints.any() else 0.0
    person = person.copy()
    person[joints, :2] += rng.normal(0, noise * size, (int(joints.sum()), 2))
    return person


def _on_legs(person, rng):
    """A second skeleton compressed onto one leg, as MediaPipe reports it."""
    hip, ankle = person[LEGS[0]], person[LEGS[4]]
    if min(hip[2], ankle[2]) <= 0:
        hip, ankle = person[LEGS[1]], person[LEGS[5]]
    if min(hip[2], ankle[2]) <= 0:
        return person * (1, 1, 0.9)
    share = np.sort(rng.random(17))[:, None]
    duplicate = hip * (1 - share) + ankle * share
    duplicate[:, 2] *= 0.8
    return duplicate

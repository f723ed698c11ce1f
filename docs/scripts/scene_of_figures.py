"""The synthetic people and cameras that the figures and screenshots of the documentation show."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmpose_ours import SKELETONS, CameraRig, fit_space, read_rig
from mmpose_ours.synthetic import DetectorNoise, PoseBank, Scene, SceneSampler
from mmpose_ours.synthetic.poses.body_model import built_in_poses

EXAMPLE_RIG = Path(__file__).resolve().parents[2] / 'configs/ours/rigs/five_cameras.json'
COCO17 = SKELETONS['coco17']


def walking_person(seed: int) -> np.ndarray:
    """(17, 3) mm, a pose of the built-in body model at the origin."""
    return built_in_poses(1, np.random.default_rng(seed))[0]


def example_scene(cameras: int, people: int = 3) -> tuple[CameraRig, Scene, np.ndarray]:
    """People in the example rig, and what a detector finds of them.

    Args:
        cameras: How many of the five cameras.
        people: How many people.

    Returns:
        The rig, the scene, and (V, P, 17, 3) detections.
    """
    rig = read_rig(EXAMPLE_RIG)
    rig = rig.select(rig.names[:cameras])
    sampler = SceneSampler(
        rig, fit_space(rig), PoseBank.built_in(), people=(people, people), min_views=len(rig)
    )
    scene = sampler.sample(np.random.default_rng(11))
    return rig, scene, DetectorNoise().detect(scene, rig, np.random.default_rng(3))


def walking_people(frames: int, fps: float) -> np.ndarray:
    """(T, 3, 17, 3) mm: two people who walk in circles, and one who waves to them.

    Thighs, shins and arms swing about hips, knees and shoulders; segment lengths are those of a
    person of 1.7 m.

    Args:
        frames: T.
        fps: Frames per second.
    """
    time = np.arange(frames) / fps
    people = []
    for radius, start, speed in ((1500.0, 0.0, 1100.0), (1000.0, 2.6, -900.0)):
        angle = start + speed / radius * time
        forward = np.sign(speed) * np.stack([-np.sin(angle), np.cos(angle)], -1)
        place = radius * np.stack([np.cos(angle), np.sin(angle)], -1)
        people.append(_placed(_gait(np.pi * 1.8 * time), place, forward))
    standing = _gait(np.zeros(frames))
    wave = np.deg2rad(130 + 25 * np.sin(2 * np.pi * 0.8 * time))
    side = np.stack([np.zeros(frames), -np.sin(wave), -np.cos(wave)], -1)
    for joint, length in (('right_elbow', 290.0), ('right_wrist', 540.0)):
        (index,) = COCO17.index(joint)
        (shoulder,) = COCO17.index('right_shoulder')
        standing[:, index] = standing[:, shoulder] + length * side
    here = np.tile([-200.0, 100.0], (frames, 1))
    people.append(_placed(standing, here, np.tile([1.0, 0.0], (frames, 1))))
    return np.stack(people, 1)


def _gait(phase: np.ndarray) -> np.ndarray:
    """(T, 17, 3) mm of a person at the origin who faces +x, left is +y, at phases (T,)."""
    swing = np.where(phase == 0, 0.0, np.deg2rad(27)) * np.sin(phase)
    joints = {'nose': (90, 0, 1590), 'left_eye': (70, 32, 1620), 'left_ear': (0, 75, 1605)}
    joints |= {'right_eye': (70, -32, 1620), 'right_ear': (0, -75, 1605)}
    poses = np.zeros((len(phase), 17, 3))
    for name, place in joints.items():
        poses[:, COCO17.index(name)[0]] = place
    for sign, side in ((1, 'left'), (-1, 'right')):
        hip, knee, ankle, shoulder, elbow, wrist = (
            COCO17.index(f'{side}_{name}')[0]
            for name in ('hip', 'knee', 'ankle', 'shoulder', 'elbow', 'wrist')
        )
        poses[:, hip], poses[:, shoulder] = (0, sign * 110, 900), (0, sign * 190, 1410)
        lag = np.sin(phase - sign * np.pi / 2 + np.pi / 3)
        bend = np.where(phase == 0, 0.05, 0.12 + 0.5 * np.clip(lag, 0, None))
        for first, second, third, upper, lower, angle, fold in (
            (hip, knee, ankle, 410, 400, sign * swing, -bend),
            (shoulder, elbow, wrist, 290, 250, -sign * swing, np.full(len(phase), 0.35)),
        ):
            for start, end, length, turn in (
                (first, second, upper, angle), (second, third, lower, angle + fold),
            ):  # fmt: skip
                along = np.stack([np.sin(turn), 0 * turn, -np.cos(turn)], -1)
                poses[:, end] = poses[:, start] + length * along
    lowest = poses[:, list(COCO17.index('left_ankle', 'right_ankle')), 2].min(1)
    poses[..., 2] += (90 - lowest)[:, None]
    return poses


def _placed(poses: np.ndarray, place: np.ndarray, forward: np.ndarray) -> np.ndarray:
    """Poses (T, 17, 3) at places (T, 2), facing unit vectors (T, 2)."""
    x, y = poses[..., 0], poses[..., 1]
    fx, fy = forward[:, :1], forward[:, 1:]
    turned = np.stack([x * fx - y * fy, x * fy + y * fx, poses[..., 2]], -1)
    turned[..., :2] += place[:, None]
    return turned

"""How right the rigs of ``calibrate`` are, on synthetic sites and on recordings.

    python -m benchmarks.calibration_from_people --sites 20
    python -m benchmarks.calibration_from_people --recording RIG KEYPOINTS [--image-size W H]

Only the intrinsics of a rig and 2D keypoints of people are used. Printed are the median and the
largest error of the relative rotations of all pairs of cameras in degrees, the largest distance of
a camera centre from the true one after a similarity, and the error of the scale.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import time

import numpy as np

from benchmarks.self_calibration import PROFILES, rotation_errors
from mmpose_ours import CameraRig, read_rig
from mmpose_ours.detections import Detections, read_detections
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.self_calibration import calibrate
from mmpose_ours.synthetic import Crowd, DetectorNoise, Scene, built_in_poses
from mmpose_ours.synthetic.rigs import random_site

# Sites with seeds below this were looked at while the method was written.
FIRST_SEED = 1000
CAMERAS, PEOPLE = (3, 10), (1, 6)
FPS, SPEED_MM_S = 30.0, (500.0, 1300.0)
# People walk within this share of the capture volume.
SHARE = 0.85
# A rig is right within these limits.
RIGHT_DEGREES, RIGHT_SCALE = 0.7, 0.02


def walking(count: int, frames: int, space: CaptureVolume, rng: np.random.Generator) -> np.ndarray:
    """(F, N, 17, 3) mm: people who walk on closed paths and swing their arms."""
    found = np.zeros((frames, count, 17, 3))
    seconds = np.arange(frames) / FPS
    bodies = built_in_poses(count, rng, ('walk',))
    half_mm = SHARE / 2 * np.array(space.size_mm[:2])
    for person, body in enumerate(bodies):
        body = body - [*body[11:13, :2].mean(0), 0]
        reach = half_mm * rng.uniform(0.5, 1, 2)
        phase, rate = rng.uniform(0, 2 * np.pi, 2), rng.uniform(*SPEED_MM_S, 2) / reach
        place = reach * np.sin(rate * seconds[:, None] + phase)
        heading = np.arctan2(*np.gradient(place, axis=0).T[::-1])
        swing = 150 * np.sin(6 * seconds)[:, None]
        moved = np.repeat(body[None], frames, axis=0)
        moved[:, [9, 16], 0] += swing
        moved[:, [10, 15], 0] -= swing
        c, s = np.cos(heading)[:, None], np.sin(heading)[:, None]
        found[:, person, :, 0] = c * moved[..., 0] - s * moved[..., 1] + place[:, :1]
        found[:, person, :, 1] = s * moved[..., 0] + c * moved[..., 1] + place[:, 1:]
        found[:, person, :, 2] = moved[..., 2]
    return found


def synthetic_site(seed: int, frames: int) -> tuple[CameraRig, Detections, float, str]:
    """A random rig, detections of people who walk there, their mean stature in mm, and a label."""
    rng = np.random.default_rng(seed)
    rig, space = random_site(rng, int(rng.integers(CAMERAS[0], CAMERAS[1] + 1)))
    count = int(rng.integers(PEOPLE[0], PEOPLE[1] + 1))
    profile = PROFILES[seed % len(PROFILES)]
    poses = walking(count, frames, space, rng)
    crowd = Crowd.of([Scene(people, np.ones(people.shape[:2], bool)) for people in poses])
    rngs = [np.random.default_rng((seed, frame)) for frame in range(frames)]
    seen = DetectorNoise.read(profile).detect_many(crowd, rig, rngs)
    detections = {
        str(frame): {
            name: people[(people[..., 2] > 0).any(1)] for name, people in zip(rig.names, views)
        }
        for frame, views in enumerate(seen)
    }
    label = f'{seed} {profile} {len(rig)} cameras {count} people'
    return rig, detections, stature_mm(poses), label


def stature_mm(poses: np.ndarray) -> float:
    """Mean stature by which ``calibrate`` measures: exact joints, so that only errors count."""
    from mmpose_ours.calibration.alignment.height import body_height

    return body_height(poses.reshape(-1, 17, 3)).median


def center_errors(rig: CameraRig, true: CameraRig) -> tuple[np.ndarray, float]:
    """(V,) mm from the true centres after the best similarity, and the scale found by true."""
    found, right = (each.centers_w - each.centers_w.mean(0) for each in (rig, true))
    left, singular, right_rows = np.linalg.svd(right.T @ found)
    signs = np.array([1.0, 1.0, np.linalg.det(left @ right_rows)])
    scale = (singular * signs).sum() / (found**2).sum()
    turned = scale * found @ (left * signs @ right_rows).T
    return np.linalg.norm(turned - right, axis=1), float(1 / scale)


def judged(
    label: str, rig: CameraRig, people: Detections, height_mm: float | None
) -> collections.Counter[str]:
    """Print a row; return one count of its outcome."""
    blank = CameraRig(
        tuple(dataclasses.replace(c, R_w2c=np.eye(3), t_w2c=np.zeros(3)) for c in rig)
    )
    start = time.process_time()
    try:
        done = calibrate(blank, people, height_mm)
    except InputError as error:
        print(f'{label:40s} refused: {error.code} {error.camera or ""}: {error}', flush=True)
        return collections.Counter([f'refused: {error.code}'])
    seconds = time.process_time() - start
    rotation = rotation_errors(done.rig, rig)
    center, scale = center_errors(done.rig, rig)
    outcome = ', uncertain' if done.uncertain else ''
    if height_mm is not None:
        right = rotation.max() <= RIGHT_DEGREES and abs(scale - 1) <= RIGHT_SCALE
        outcome = ('right' if right else 'wrong') + outcome
    print(
        f'{label:40s} rotation {np.median(rotation):.2f} {rotation.max():.2f} deg  '
        f'centre {center.max():.0f} mm  scale {scale - 1:+.1%}  '
        f'largest std {max(c.degrees_std for c in done.cameras):.2f} deg '
        f'{max(c.mm_std for c in done.cameras):.0f} mm  left-out error {done.error:.2%}  '
        f'{seconds:.0f} s CPU  {outcome}',
        flush=True,
    )
    return collections.Counter([outcome])


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--sites', type=int, default=0)
    parser.add_argument('--first-seed', type=int, default=FIRST_SEED)
    parser.add_argument('--frames', type=int, default=600)
    parser.add_argument('--recording', nargs=2, metavar=('RIG', 'KEYPOINTS'))
    parser.add_argument('--image-size', nargs=2, type=int)
    args = parser.parse_args()
    outcomes: collections.Counter[str] = collections.Counter()
    for seed in range(args.first_seed, args.first_seed + args.sites):
        rig, people, height_mm, label = synthetic_site(seed, args.frames)
        outcomes += judged(label, rig, people, height_mm)
    for outcome, count in outcomes.most_common():
        print(f'{count} of {args.sites} sites: {outcome}')
    if args.recording:
        size = {} if args.image_size is None else {'image_size': tuple(args.image_size)}
        rig = read_rig(args.recording[0], **size)
        judged('recording', rig, read_detections(args.recording[1], rig.names), None)


if __name__ == '__main__':
    main()

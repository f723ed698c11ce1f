"""Synthetic people who walk about a room, and what a bad detector makes of them."""

import numpy as np

from mmpose_ours.structures.skeletons import SKELETONS

COCO17 = SKELETONS['coco17'].joints
# A standing person, x to their left, y back, z up, in mm.
STANDING = np.array(
    [[0, -100, 1560]]
    + [[side * 32, -80, 1590] for side in (1, -1)]
    + [[side * 75, 0, 1580] for side in (1, -1)]
    + [[side * 180, 0, 1400] for side in (1, -1)]
    + [[side * 250, 20, 1120] for side in (1, -1)]
    + [[side * 270, -60, 880] for side in (1, -1)]
    + [[side * 120, 0, 920] for side in (1, -1)]
    + [[side * 115, -10, 500] for side in (1, -1)]
    + [[side * 110, 20, 90] for side in (1, -1)],
    dtype=float,
)


def facing(direction):
    """STANDING, turned to face a direction (2,)."""
    forward = np.array([*direction, 0.0]) / max(np.linalg.norm(direction), 1e-9)
    left = np.array([-forward[1], forward[0], 0.0])
    return STANDING @ np.stack([left, -forward, [0, 0, 1.0]])


def straight(start, end, frames):
    """(frames, 17, 3) of a person who walks in a line on the floor."""
    places = np.linspace(start, end, frames)
    body = facing(np.subtract(end, start))
    return body + np.pad(places, ((0, 0), (0, 1)))[:, None]


def wander(rng, frames, fps, room_mm=5000.0, speed_mm_s=1200.0):
    """(frames, 17, 3) of a person who walks from place to place and does not look out."""
    place, velocity = rng.uniform(0, room_mm, 2), np.zeros(2)
    target, poses = rng.uniform(0, room_mm, 2), []
    for _ in range(frames):
        if np.linalg.norm(target - place) < 400:
            target = rng.uniform(0, room_mm, 2)
        wanted = (target - place) / np.linalg.norm(target - place) * speed_mm_s
        velocity += (wanted - velocity) * min(1.0, 3.0 / fps)
        place = place + velocity / fps
        poses.append(facing(velocity) + [*place, 0])
    return np.array(poses)


def watched(rng, people, noise_mm=25.0, lost=0.02, burst=4, near_mm=500.0, joints=0.1):
    """What is found of true people (N, T, 17, 3), absent where NaN.

    Each is noisy, now and then lost for up to ``burst`` frames (mostly while somebody else is
    near), without some joints, and in no order.

    Returns:
        Per frame the poses (P, 17, 3), and whom they are of (P,).
    """
    count, frames = people.shape[:2]
    away = np.zeros(count, dtype=int)
    found = []
    for frame in range(frames):
        here = people[:, frame]
        middle = here.mean(1)
        apart = np.linalg.norm(middle[:, None] - middle, axis=-1) + np.diag([np.inf] * count)
        crowded = np.nan_to_num(apart, nan=np.inf).min(1) < near_mm
        loses = (away == 0) & (rng.random(count) < np.where(crowded, 5 * lost, lost))
        away[loses] = rng.integers(1, burst + 1, loses.sum())
        who = np.flatnonzero((away == 0) & np.isfinite(middle).all(-1))
        away = np.maximum(away - 1, 0)
        who = rng.permutation(who)
        poses = here[who] + rng.normal(0, noise_mm, (len(who), 17, 3))
        poses[rng.random((len(who), 17)) < joints] = np.nan
        found.append((poses, who))
    return [poses for poses, _ in found], [who for _, who in found]


def switches(numbers, truth):
    """How often somebody's number differs from the one they had when they were last found."""
    last, count = {}, 0
    for given, who in zip(numbers, truth):
        for number, person in zip(given.tolist(), who.tolist()):
            count += last.get(person, number) != number
            last[person] = number
    return count

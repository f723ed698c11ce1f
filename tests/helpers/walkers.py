"""People who walk through a scene, and their detections in random order."""

import numpy as np

from mmpose_ours.synthetic import built_in_poses


def walking(count, frames, seed=0, radius=1500.0):
    """(F, count, 17, 3) mm: people of walking poses on smooth closed paths, 30 frames a second."""
    rng = np.random.default_rng(seed)
    bodies = built_in_poses(count * 40, rng, ('walk',)).reshape(count, 40, 17, 3)
    time = np.arange(frames) / 30
    found = np.zeros((frames, count, 17, 3))
    for person in range(count):
        body = bodies[person, 0] - [*bodies[person, 0][11:13, :2].mean(0), 0]
        phase, speed = rng.uniform(0, 2 * np.pi, 2), rng.uniform(0.5, 0.9, 2)
        x, y = radius * np.sin(speed[:, None] * time + phase[:, None])
        heading = np.unwrap(np.arctan2(np.gradient(y), np.gradient(x)))
        c, s, zero, one = np.cos(heading), np.sin(heading), 0 * heading, 0 * heading + 1
        turn = np.array([[c, -s, zero], [s, c, zero], [zero, zero, one]]).transpose(2, 0, 1)
        swing = 150 * np.sin(6 * time)[:, None]
        moved = np.repeat(body[None], frames, axis=0)
        moved[:, [9, 16], 0] += swing
        moved[:, [10, 15], 0] -= swing
        found[:, person] = moved @ turn.transpose(0, 2, 1)
        found[:, person, :, 0] += x[:, None]
        found[:, person, :, 1] += y[:, None]
    return found


def detected(rig, people, noise_px=3.0, missed=0.05, seed=0):
    """Detections frame -> camera -> (P, 17, 3) of people (F, N, 17, 3): noisy, in random order."""
    rng = np.random.default_rng(seed)
    frames = {}
    for frame, bodies in enumerate(people):
        views = {}
        for camera in rig:
            uv, valid = camera.project(bodies)
            valid &= camera.in_image(np.where(valid[..., None], uv, -1))
            uv = uv + rng.normal(0, noise_px, uv.shape)
            seen = np.concatenate([uv, valid[..., None]], axis=-1)
            seen[~valid] = 0
            kept = rng.permutation(len(bodies))
            kept = kept[(rng.uniform(size=len(kept)) > missed) & (valid.sum(-1)[kept] >= 6)]
            views[camera.name] = seen[kept]
        frames[str(frame)] = views
    return frames


def recorded(rig, people, starts, rates, frames, **noise):
    """Detections of cameras that start and record on their own, numbered by each on its own.

    Args:
        rig: The cameras.
        people: (F, N, 17, 3) at 30 frames a second, interpolated between.
        starts: Of each camera the moment of its frame 0, in frames of ``people``.
        rates: Of each its frames per frame of ``people``.
        frames: How many frames of ``people`` each records.
    """
    found = {}
    for seed, (camera, start, rate) in enumerate(zip(rig, starts, rates)):
        moments = start + np.arange(int(frames * rate)) / rate
        before = moments.astype(int)
        share = (moments - before)[:, None, None, None]
        seen = (1 - share) * people[before] + share * people[before + 1]
        for name, views in detected([camera], seen, seed=seed, **noise).items():
            found.setdefault(name, {}).update(views)
    return found

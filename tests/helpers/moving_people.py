"""People with bones of constant length who walk, wave and turn, and how cameras detect them."""

import numpy as np

from mmpose_ours.structures.skeletons import COCO17

# Standard deviation in mm across the ray of a joint that a detector places.
NOISE_MM = 340.0 * 0.5 * np.array(COCO17.sigmas)
# Size of a body of 1.7 m in mm.
LENGTHS = {
    'hip': 130.0, 'shoulder': 185.0, 'trunk': 500.0, 'upper arm': 300.0, 'forearm': 250.0,
    'thigh': 420.0, 'shin': 410.0,
}  # fmt: skip


def smooth_noise(rng, frames, seconds, fps=30.0, size=()):
    """(T, *size) of unit variance, which changes within some seconds."""
    knots = max(4, int(frames / (seconds * fps)) + 3)
    values = rng.normal(size=(knots, *size))
    times = np.linspace(0, knots - 1.001, frames)
    before = times.astype(int)
    share = (times - before).reshape(-1, *[1] * len(size))
    share = share * share * (3 - 2 * share)
    return (1 - share) * values[before] + share * values[before + 1]


def paths(rng, count, frames, radius_mm=2000.0, fps=30.0):
    """(T, N, 2) smooth ways through the middle of a room, about 1 m/s."""
    return np.stack(
        [radius_mm * 0.6 * smooth_noise(rng, frames, 3.0, fps, (2,)) for _ in range(count)], 1
    )


def person(rng, path, fps=30.0, size=1.0, hand_hz=1.5):
    """(T, 17, 3) mm of one person on a way (T, 2), with constant bone lengths.

    Args:
        rng: Of the gait and the gestures.
        path: (T, 2) mm.
        fps: Frames per second.
        size: Of the body, 1 is a stature of 1.7 m; or sizes by name of :data:`LENGTHS`.
        hand_hz: Frequency of the gestures of the arms.
    """
    frames = len(path)
    time = np.arange(frames) / fps
    sizes = size if isinstance(size, dict) else dict.fromkeys(LENGTHS, size)
    length = {name: value * sizes.get(name, 1.0) for name, value in LENGTHS.items()}
    velocity = np.gradient(path, axis=0) * fps
    heading = np.unwrap(np.arctan2(velocity[:, 1], velocity[:, 0]))
    kernel = np.ones(int(fps / 2) | 1)
    heading = np.convolve(np.pad(heading, len(kernel) // 2, 'edge'), kernel / kernel.sum(), 'valid')
    forward = np.stack([np.cos(heading), np.sin(heading), 0 * heading], -1)
    left = np.stack([-np.sin(heading), np.cos(heading), 0 * heading], -1)
    up = np.broadcast_to([0.0, 0.0, 1.0], forward.shape)
    gait = 2 * np.pi * np.cumsum(np.linalg.norm(velocity, axis=1)) / fps / 1400.0

    def bent(angle):
        """A unit vector that hangs down, turned forward by an angle."""
        return np.sin(angle)[:, None] * forward - np.cos(angle)[:, None] * up

    hips = np.stack([*path.T, np.full(frames, 80 + length['thigh'] + length['shin'] - 15)], -1)
    neck = hips + length['trunk'] * up
    joints = {}
    for side, sign in (('left', 1), ('right', -1)):
        swing = 0.45 * np.sin(gait + (0 if sign > 0 else np.pi))
        joints[f'{side}_hip'] = hips + sign * length['hip'] * left
        joints[f'{side}_knee'] = joints[f'{side}_hip'] + length['thigh'] * bent(swing)
        knee = swing - 0.25 + 0.25 * np.cos(gait + (0 if sign > 0 else np.pi))
        joints[f'{side}_ankle'] = joints[f'{side}_knee'] + length['shin'] * bent(knee)
        joints[f'{side}_shoulder'] = neck + sign * length['shoulder'] * left
        gesture = 0.5 + 0.8 * np.sin(2 * np.pi * hand_hz * time + rng.uniform(0, 6))
        gesture = gesture * (smooth_noise(rng, frames, 2.0, fps) > 0.3)
        kernel = np.hanning(int(0.4 * fps) | 1)
        gesture = np.convolve(gesture, kernel / kernel.sum(), 'same')
        arm = -0.6 * swing + gesture
        joints[f'{side}_elbow'] = joints[f'{side}_shoulder'] + length['upper arm'] * bent(arm)
        joints[f'{side}_wrist'] = joints[f'{side}_elbow'] + length['forearm'] * bent(
            arm + 0.3 + gesture
        )
        joints[f'{side}_eye'] = neck + 190 * up + 90 * forward + sign * 32 * left
        joints[f'{side}_ear'] = neck + 180 * up + sign * 75 * left
    joints['nose'] = neck + 155 * up + 110 * forward
    return np.stack([joints[name] for name in COCO17.joints], 1)


def crowd(rng, count, frames, fps=30.0, radius_mm=2000.0):
    """(T, N, 17, 3) mm of people of different sizes on ways that cross."""
    ways = paths(rng, count, frames, radius_mm, fps)
    sizes = [
        {name: 1 + spread for name, spread in zip(LENGTHS, rng.normal(0, 0.05, len(LENGTHS)))}
        for _ in range(count)
    ]
    return np.stack([person(rng, ways[:, n], fps, sizes[n]) for n in range(count)], 1)


def detector_errors(rng, shape, noise_mm=NOISE_MM, lasting=0.5, memory=0.8):
    """(T, ..., 17, 2) mm across the ray, partly the same from frame to frame."""
    white = rng.normal(size=shape) * noise_mm[:, None]
    slow = np.empty(shape)
    slow[0] = white[0]
    for frame in range(1, len(white)):
        new = rng.normal(size=shape[1:]) * noise_mm[:, None]
        slow[frame] = memory * slow[frame - 1] + np.sqrt(1 - memory**2) * new
    return np.sqrt(1 - lasting) * white + np.sqrt(lasting) * slow


def seen(rng, rig, people, noise_mm=NOISE_MM, missing=0.08, lost=0.03, lasting=0.5):
    """Per frame camera name to (P, 17, 3) ``u, v, score``, in no order; and whose each is.

    Args:
        rng: Of the errors.
        rig: The cameras.
        people: (T, N, 17, 3) mm; NaN where somebody is away.
        noise_mm: (17,) standard deviation across the ray.
        missing: Share of joints that a view lacks.
        lost: Share of people whom a view lacks.
        lasting: Share of the variance of errors that last for some frames.
    """
    frames, count = people.shape[:2]
    views, owners = [{} for _ in range(frames)], [{} for _ in range(frames)]
    for camera in rig:
        here = np.isfinite(people).all((2, 3))
        uv, valid = camera.project(np.where(here[..., None, None], people, 0.0))
        valid &= camera.in_image(np.where(valid[..., None], uv, -1.0)) & here[..., None]
        depth = np.nan_to_num(people) @ camera.R_w2c[2] + camera.t_w2c[2]
        error = detector_errors(rng, uv.shape, noise_mm, lasting)
        uv = uv + error * (camera.K[0, 0] / np.maximum(depth, 500.0))[..., None]
        valid &= rng.random(valid.shape) > missing
        score = np.where(valid, rng.uniform(0.5, 0.95, valid.shape), 0.0)
        both = np.where(valid[..., None], np.concatenate([uv, score[..., None]], -1), 0.0)
        for frame in range(frames):
            who = rng.permutation(count)
            who = who[(rng.random(count) > lost) & (valid[frame, who].sum(-1) >= 6)]
            views[frame][camera.name] = both[frame, who].astype(np.float32)
            owners[frame][camera.name] = who
    return views, owners

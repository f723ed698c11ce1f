"""Synthetic animals of 20 joints that walk in front of four cameras, and what a detector finds."""

import numpy as np
from calibration_rigs import ring_rig

from mmpose_ours.geometry.triangulation import triangulate
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.metainfo import read_metainfo

RIG = ring_rig(4)
# Joint, place in mm in a dog that looks along x (left is y), and which joint hangs on which.
JOINTS = {
    'nose': ((520, 0, 560), None), 'left_eye': ((450, 35, 610), 'nose'),
    'right_eye': ((450, -35, 610), 'nose'), 'left_ear': ((390, 60, 660), 'left_eye'),
    'right_ear': ((390, -60, 660), 'right_eye'), 'throat': ((350, 0, 520), 'nose'),
    'withers': ((220, 0, 580), 'throat'), 'loin': ((-120, 0, 570), 'withers'),
    'tail_base': ((-300, 0, 540), 'loin'), 'tail_tip': ((-480, 60, 640), 'tail_base'),
    'left_fore_elbow': ((200, 90, 370), 'withers'),
    'left_fore_knee': ((210, 90, 200), 'left_fore_elbow'),
    'left_fore_paw': ((230, 90, 20), 'left_fore_knee'),
    'right_fore_elbow': ((200, -90, 370), 'withers'),
    'right_fore_knee': ((210, -90, 200), 'right_fore_elbow'),
    'right_fore_paw': ((230, -90, 20), 'right_fore_knee'),
    'left_hind_knee': ((-220, 90, 330), 'tail_base'),
    'left_hind_paw': ((-260, 90, 20), 'left_hind_knee'),
    'right_hind_knee': ((-220, -90, 330), 'tail_base'),
    'right_hind_paw': ((-260, -90, 20), 'right_hind_knee'),
}  # fmt: skip
_NAMES = list(JOINTS)
_REST = np.array([place for place, _ in JOINTS.values()], float)
FPS = 25.0


def write_metainfo(path):
    """Write the METAINFO file of the animals, as MMPose's ``configs/_base_/datasets`` have it."""
    links = [(joint, on) for joint, (_, on) in JOINTS.items() if on]
    lines = ['dataset_info = dict(', "    dataset_name='dog20',", '    keypoint_info={']
    for number, joint in enumerate(_NAMES):
        swap = joint.replace('left_', 'X').replace('right_', 'left_').replace('X', 'right_')
        swap = swap if swap != joint else ''
        lines.append(f'        {number}: dict(name={joint!r}, id={number}, swap={swap!r}),')
    lines += ['    },', '    skeleton_info={']
    lines += [f'        {i}: dict(link={link!r}, id={i}),' for i, link in enumerate(links)]
    lines += ['    },', ')', '']
    path.write_text('\n'.join(lines), encoding='utf-8')
    return path


def dog20(folder):
    """The animals' skeleton, read from its METAINFO file."""
    return read_metainfo(write_metainfo(folder / 'dog20.py'))


def walk(frames=60, sizes=(1.0, 0.8, 1.2)):
    """(T, P, 20, 3) in mm: animals that walk past each other at about 1.2 m/s."""
    time = np.arange(frames) / FPS
    result = np.zeros((frames, len(sizes), len(_NAMES), 3))
    starts = [(-1400.0, -700.0, 0.4), (1300.0, 100.0, 2.9), (-200.0, 1400.0, -1.3)]
    for animal, (size, (x, y, heading)) in enumerate(zip(sizes, starts)):
        for t, now in enumerate(time):
            pose = _REST.copy()
            for number, name in enumerate(_NAMES):
                if name.endswith(('knee', 'paw', 'elbow')):
                    phase = ('fore' in name) ^ ('left' in name)
                    depth = (580 - pose[number, 2]) / 560
                    swing = 130 * depth * np.sin(2 * np.pi * 1.6 * now + np.pi * phase + animal)
                    pose[number, 0] += swing
                    pose[number, 2] += max(0.0, 0.2 * swing)
            pose[_NAMES.index('tail_tip'), 1] += 80 * np.sin(9 * now)
            turn = heading + 0.35 * now
            c, s = np.cos(turn), np.sin(turn)
            walked = 1200 * now
            place = (x + walked * np.cos(heading + 0.17 * now),
                     y + walked * np.sin(heading + 0.17 * now), 0.0)  # fmt: skip
            result[t, animal] = size * pose @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + place
    return result


def detected(poses, skeleton, *, rig=RIG, **faults):
    """Per frame, camera name to the detections of (T, P, J, 3) poses, in an order of its own.

    Args:
        poses: In mm.
        skeleton: Their joints.
        rig: The cameras.
        faults: Of the detector, see :func:`_observed`.
    """
    frames = []
    for order, (uv, seen, _) in _observed(poses, rig, **faults):
        score = np.where(seen, 0.9, 0.0)[..., None]
        arrays = np.where(score > 0, np.concatenate([uv, score], axis=-1), 0.0)
        frames.append({
            camera.name: Keypoints2D(skeleton, array[rows].astype(np.float32))
            for camera, array, rows in zip(rig, arrays, order)
        })  # fmt: skip
    return frames


def best_possible(poses, *, rig=RIG, **faults):
    """(T, P, J, 3) poses by least squares from the right joints of the same detections.

    Who is who and which joints are outliers is known here.
    """
    result = []
    for order, (uv, seen, wrong) in _observed(poses, rig, **faults):
        found = np.zeros(seen.shape[:2], bool)
        for view, rows in enumerate(order):
            found[view, rows] = True
        result.append(triangulate(rig, uv, seen & ~wrong & found[..., None])[0])
    return np.array(result)


def _observed(poses, rig, *, noise_px=2.0, missing=0.0, hidden=0.0, outliers=0.0, seed=0):
    """Per frame: the animals that each view finds, and (V, P, J) pixels, what is seen, outliers.

    Args:
        poses: (T, P, J, 3) in mm.
        rig: V cameras.
        noise_px: Standard deviation of each coordinate.
        missing: Share of the animals that a view misses.
        hidden: Share of the joints that a view misses of the others.
        outliers: Share of the joints that are anywhere in the box of their animal.
        seed: Of everything random.
    """
    rng = np.random.default_rng(seed)
    for animals in poses:
        uv, _ = rig.project(animals)
        low, high = uv.min(2, keepdims=True), uv.max(2, keepdims=True)
        anywhere = low + rng.uniform(-0.2, 1.2, uv.shape) * (high - low)
        wrong = rng.uniform(size=uv.shape[:3]) < outliers
        uv = np.where(wrong[..., None], anywhere, uv + rng.normal(0, noise_px, uv.shape))
        seen = np.stack([camera.in_image(view) for camera, view in zip(rig, uv)])
        seen &= rng.uniform(size=seen.shape) >= hidden
        order = [
            rng.permutation(np.flatnonzero(rng.uniform(size=len(animals)) >= missing)) for _ in rig
        ]
        yield order, (uv, seen, wrong)


def ray_noise_mm(poses, noise_px, rig=RIG):
    """Standard deviation across a ray of noise in the images, at the mean depth of the animals."""
    points = poses.reshape(-1, 3)
    scale = [
        np.linalg.norm(points - camera.center_w, axis=-1).mean() / camera.K[0, 0] for camera in rig
    ]
    return noise_px * float(np.mean(scale))


def errors_of(results, truth):
    """Distances (T, P, J) in mm of found joints from those of the truth, NaN where not found.

    Args:
        results: Per frame, the poses (N, J, 3).
        truth: (T, P, J, 3).

    Returns:
        The distances; and the number of poses that are of no animal, or of one found already.
    """
    errors, unmatched = np.full(truth.shape[:3], np.nan), 0
    for frame, (poses, animals) in enumerate(zip(results, truth)):
        away = np.linalg.norm(poses[:, None] - animals, axis=-1)
        for each in away:
            nearest = np.nanmedian(each, -1).argmin()
            if np.nanmedian(each[nearest]) > 150 or np.isfinite(errors[frame, nearest]).any():
                unmatched += 1
            else:
                errors[frame, nearest] = each[nearest]
    return errors, unmatched

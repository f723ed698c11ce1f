"""Accuracy on animals: three of 20 joints walk past each other in front of four cameras.

    python -m benchmarks.animals
    python -m benchmarks.animals --out FOLDER

The first prints the error of the poses for several faults of the detector. It is compared with the
noise across the rays, and with least squares from the same detections where it is known who is who
and which joints are outliers. The second writes the recording: rig, METAINFO file and keypoints.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Iterator, Sequence

import numpy as np

from mmpose_ours.calibration import write_rig
from mmpose_ours.detections import write_detections
from mmpose_ours.evaluation.tables import columns
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.triangulation import triangulate
from mmpose_ours.parts.objects import ObjectEstimator
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.metainfo import read_metainfo
from mmpose_ours.structures.skeleton import Skeleton

SIZE, DIST = (1280, 720), (-0.21, 0.17, 0.0004, -0.0007, 0.02)
# A pose farther from every animal, as the median over its joints, is of none.
MAX_DISTANCE_MM = 150.0
FAULTS = {
    'noise of 2 px': dict(),
    '10 % of the detections missing': dict(missing=0.1),
    '... and 5 % of the joints outliers': dict(missing=0.1, outliers=0.05),
    '... and 10 % of the joints missing': dict(missing=0.1, outliers=0.05, hidden=0.1),
}


def _rig() -> CameraRig:
    """Four cameras 2.5 m high on a circle of 4 m radius."""
    cameras = []
    for number in range(4):
        angle = np.pi * number / 2 + 0.1
        place = (4000 * np.cos(angle), 4000 * np.sin(angle), 2500)
        seen = Camera.looking_at(f'cam{number}', place, (100, -50, 1000), 700, SIZE)
        cameras.append(Camera(seen.name, seen.K, seen.R_w2c, seen.t_w2c, SIZE, DIST))
    return CameraRig(tuple(cameras))


RIG = _rig()
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


def write_metainfo(path: Path) -> Path:
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


def dog20(folder: Path) -> Skeleton:
    """The animals' skeleton, read from its METAINFO file."""
    return read_metainfo(write_metainfo(folder / 'dog20.py'))


def walk(frames: int = 60, sizes: Sequence[float] = (1.0, 0.8, 1.2)) -> np.ndarray:
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


def detected(
    poses: np.ndarray, skeleton: Skeleton, *, rig: CameraRig = RIG, **faults: float
) -> list[dict[str, Keypoints2D]]:
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


def best_possible(poses: np.ndarray, *, rig: CameraRig = RIG, **faults: float) -> np.ndarray:
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


def _observed(
    poses: np.ndarray,
    rig: CameraRig,
    *,
    noise_px: float = 2.0,
    missing: float = 0.0,
    hidden: float = 0.0,
    outliers: float = 0.0,
    seed: float = 0,
) -> Iterator[tuple[list[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]]:
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
    rng = np.random.default_rng(int(seed))
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


def ray_noise_mm(poses: np.ndarray, noise_px: float, rig: CameraRig = RIG) -> float:
    """Standard deviation across a ray of noise in the images, at the mean depth of the animals."""
    points = poses.reshape(-1, 3)
    scale = [
        np.linalg.norm(points - camera.center_w, axis=-1).mean() / camera.K[0, 0] for camera in rig
    ]
    return noise_px * float(np.mean(scale))


def errors_of(results: Sequence[np.ndarray], truth: np.ndarray) -> tuple[np.ndarray, int]:
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
            if (
                np.nanmedian(each[nearest]) > MAX_DISTANCE_MM
                or np.isfinite(errors[frame, nearest]).any()
            ):
                unmatched += 1
            else:
                errors[frame, nearest] = each[nearest]
    return errors, unmatched


def row(skeleton: Skeleton, truth: np.ndarray, name: str, faults: dict[str, float]) -> list[str]:
    """A row of the table: errors as shares of the ray noise, and what was found."""
    frames = detected(truth, skeleton, **faults)
    estimate = ObjectEstimator(RIG, skeleton)
    for views in frames[::2]:  # as a session looks at a part of the recording first
        estimate(views)
    errors, unmatched = errors_of([estimate(views).xyz_mm for views in frames], truth)
    best = np.linalg.norm(best_possible(truth, **faults) - truth, axis=-1)
    noise_mm = ray_noise_mm(truth, 2.0)
    found, possible = np.isfinite(errors), np.isfinite(best)
    return [
        name,
        f'{np.nanmean(errors):.1f} mm',
        f'{np.nanmean(errors) / noise_mm:.2f}',
        f'{np.nanmean(best) / noise_mm:.2f}',
        f'{found.any(-1).sum()} of {possible.any(-1).sum()}',
        f'{found.sum()} of {possible.sum()}',
        f'{unmatched}',
    ]


def main() -> None:
    """Print the table, or write the recording."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--frames', type=int, default=60, help='of the recording (default: 60)')
    parser.add_argument('--out', type=Path, metavar='FOLDER', help='write the recording there')
    args = parser.parse_args()
    truth = walk(args.frames)
    if args.out is None:
        skeleton = Skeleton('dog20', tuple(JOINTS))
        print(f'noise across the rays {ray_noise_mm(truth, 2.0):.1f} mm')
        head = ['detections', 'mean error', 'of the ray noise', 'best possible', 'animals',
                'joints', 'unmatched']  # fmt: skip
        rows = [row(skeleton, truth, name, faults) for name, faults in FAULTS.items()]
        print('\n'.join(columns([head, *rows])))
        return
    args.out.mkdir(parents=True, exist_ok=True)
    write_rig(RIG, args.out / 'rig.json', 'panoptic')
    frames = detected(truth, dog20(args.out), missing=0.1, outliers=0.05)
    write_detections(
        args.out / 'keypoints_2d.json', {str(number): views for number, views in enumerate(frames)}
    )
    print(f'wrote {args.out}: rig.json, dog20.py, keypoints_2d.json of {len(frames)} frames')


if __name__ == '__main__':
    main()

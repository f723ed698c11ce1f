"""The command ``fit-noise``: fit the detector noise model to the user's own recording."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import Any

import numpy as np

from mmpose_ours.association.epipolar import MIN_SCORE
from mmpose_ours.calibration.alignment.poses import choose_frames
from mmpose_ours.cli.arguments import (
    add_frame_offsets,
    add_joints,
    add_reading_arguments,
    add_rename,
    add_rig,
    add_skeleton,
    keypoint_options,
    read_with_options,
)
from mmpose_ours.cli.outputs import refuse_replaced
from mmpose_ours.detections import check_pixels, read_detections, stack_views
from mmpose_ours.detections.reading import KeypointOptions
from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.progress import Progress
from mmpose_ours.noise_estimation.fit import FittedNoise, TooLittleError, fit_noise
from mmpose_ours.structures.skeletons import COCO17, as_skeleton
from mmpose_ours.synthetic.detector_noise import DetectorNoise

# Default number of frames, evenly spaced over the recording.
FRAMES = 600
# Row titles of the printed table, by parameter.
ROWS = {
    'jitter': 'jitter, in units of COCO sigma * size / 2',
    'outlier_share': 'outlier joints',
    'outlier_spread': '  their standard deviation, in body sizes',
    'missed_joint_share': 'joints missed independently of occlusion',
    'lower_body_share': 'people whose lower body is missed',
    'occluded_share': 'joints missed, occluded by nearer people',
    'far_face_share': 'joints missed, occluded by own head',
    'border_share': 'joints missed at the image border',
    'missed_person_share': 'people missed',
    'cut_person_share': 'people missed at the image border',
    'swap_share': 'people with limbs left-right swapped',
    'whole_swap_share': 'people wholly left-right swapped',
    'duplicate_share': 'duplicate detections',
    'split_share': 'split detections',
    'false_positive_rate': 'false positives per view',
    'score_error': 'score_error (dependence of error on score)',
}


def fit(
    rig: CameraRig,
    keypoints: PathLike,
    most: int = FRAMES,
    min_score: float = MIN_SCORE,
    reading: KeypointOptions | None = None,
    joints: str = COCO17.name,
) -> FittedNoise:
    """Fit the detector noise model to a file of 2D keypoints.

    Args:
        rig: The cameras, with image sizes, millimetres, z up.
        keypoints: See :func:`mmpose_ours.detections.read_detections`.
        most: Maximum number of frames to use.
        min_score: A joint with a score of at most this counts as missing.
        reading: How the keypoints are to be read.
        joints: Name of the skeleton whose joints are measured; it has the joints of COCO-17.

    Raises:
        FileFormatError: The file cannot be used, or has too few people; names it.
        FileNotFoundError: There is no such file.
    """
    skeleton = as_skeleton(joints)
    detections = read_detections(keypoints, rig.names, joints=skeleton, **(reading or {}))
    check_pixels(detections, rig, keypoints)
    chosen = choose_frames(detections, rig, most)
    frames = [stack_views(views, rig.names, len(skeleton)) for views in chosen]
    progress_of = functools.lru_cache(maxsize=None)(lambda what: Progress(what, 'frames'))
    try:
        return fit_noise(
            rig,
            frames,
            min_score,
            progress=lambda what, done, total: progress_of(what)(done, total),
            joints=joints,
        )
    except TooLittleError as error:
        raise error.reworded(FileFormatError, f'{keypoints}: {error}', file=keypoints) from error


def table(fitted: FittedNoise) -> list[str]:
    """The printed table: parameters with their cases, then recorded and simulated statistics."""
    lines = [f'{"parameter":44s}{"fitted":>9s}   cases']
    lines += [
        f'{text:44s}{_number(name, fitted.noise):>9s}   {_cases(fitted.counts.get(name))}'
        for name, text in ROWS.items()
    ]
    if not len(fitted.noise.joint_bias):
        lines.append('no joint has a significant bias')
    lines += ['', f'{"statistic":44s}{"recorded":>10s}{"simulated":>10s}']
    for name, value in fitted.recorded.items():
        simulated = fitted.simulated[name]
        text = name.replace('_', ' ')
        if isinstance(value, list):
            for share, one, other in zip(('10', '50', '90'), value[::2], simulated[::2]):
                lines.append(f'{text} {share} %'.ljust(44) + f'{one:10.3f}{other:10.3f}')
        else:
            lines.append(f'{text:44s}{value:10.3f}{simulated:10.3f}')
    return lines


def _number(name: str, noise: DetectorNoise) -> str:
    value = np.mean(getattr(noise, name))
    return f'{value:.1%}' if name.endswith('_share') else f'{value:.3f}'


def _cases(count: Any) -> str:
    if isinstance(count, dict):
        return ', '.join(f'{name} {_cases(pair)}' for name, pair in count.items())
    return '' if count is None else f'{count[0]:g} of {count[1]:g}'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_rig(parser)
    parser.add_argument(
        'keypoints', metavar='KEYPOINTS', help="2D keypoints: JSON, or VoxelPose's pickle"
    )
    parser.add_argument('out', metavar='OUT', help='file to write (.json)')
    add_reading_arguments(parser)
    add_rename(parser, 'keypoints')
    add_skeleton(parser)
    add_frame_offsets(parser)
    add_joints(parser, 'whose noise is measured')
    parser.add_argument(
        '--frames',
        type=int,
        default=FRAMES,
        metavar='N',
        help=f'frames to use, evenly spread (default {FRAMES})',
    )
    parser.add_argument(
        '--min-score',
        type=float,
        default=MIN_SCORE,
        metavar='S',
        help=f'joints with a score of at most S count as missing (default {MIN_SCORE:g})',
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        CalibrationError, FileFormatError, OSError: A file cannot be read, has too few people, or
            cannot be written.
    """
    if args.frames < 1:
        raise InputError(
            f'--frames is {args.frames}, expected 1 or more',
            code='out-of-range',
            found=args.frames,
            expected=1,
        )
    refuse_replaced([*args.rig, args.keypoints], [args.out])
    _, rig = read_with_options(args.rig, args)
    fitted = fit(
        rig, args.keypoints, args.frames, args.min_score, keypoint_options(args), args.joints
    )
    fitted.write(args.out, f'mmpose-ours fit-noise on {Path(args.keypoints).name}')
    print('\n'.join(table(fitted)))
    print(f'\nwrote {args.out}; use it as faults={str(args.out)!r} of a SyntheticDataset')
    return 0

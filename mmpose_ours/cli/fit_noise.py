"""The command ``fit-noise``: measure a detector's faults on the user's own recording."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import Any

import numpy as np

from mmpose_ours.association.epipolar import MIN_SCORE
from mmpose_ours.calibration.alignment.poses import choose_frames
from mmpose_ours.cli.arguments import add_reading_arguments, read_with_options
from mmpose_ours.detections import check_pixels, read_detections, stack_views
from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.progress import Progress
from mmpose_ours.noise_estimation.fit import FittedNoise, TooLittleError, fit_noise
from mmpose_ours.synthetic.detector_noise import DetectorNoise

# Evenly spread over the recording; neighbours tell little new.
FRAMES = 600
# What the table says of each fault.
ROWS = {
    'jitter': 'jitter, in spreads of COCO',
    'outlier_share': 'joints elsewhere',
    'outlier_spread': '  by so many body sizes',
    'missed_joint_share': 'joints missed for no reason',
    'lower_body_share': 'people whose lower body is missed',
    'occluded_share': 'joints missed behind nearer people',
    'far_face_share': 'joints missed behind the own head',
    'border_share': "joints missed at the image's edge",
    'missed_person_share': 'people missed',
    'cut_person_share': 'people missed whom the edge cuts',
    'swap_share': 'people with limbs left-right swapped',
    'whole_swap_share': 'people wholly left-right swapped',
    'duplicate_share': 'people found twice',
    'split_share': 'people split into two detections',
    'false_positive_rate': 'people who are not there, per view',
    'score_error': 'error by score',
}


def fit(
    rig: CameraRig, keypoints: PathLike, most: int = FRAMES, min_score: float = MIN_SCORE
) -> FittedNoise:
    """Fit the detector's faults to a file of 2D keypoints.

    Args:
        rig: The cameras, with image sizes, millimetres, z up.
        keypoints: See :func:`mmpose_ours.detections.read_detections`.
        most: Frames to use.
        min_score: Joints with a score of at most this count as not found.

    Raises:
        FileFormatError: The file cannot be used, or holds too little; names it.
        FileNotFoundError: There is no such file.
    """
    detections = read_detections(keypoints, rig.names)
    check_pixels(detections, rig, keypoints)
    chosen = choose_frames(detections, rig, most)
    frames = [stack_views(views, rig.names) for views in chosen]
    progress_of = functools.lru_cache(maxsize=None)(lambda what: Progress(what, 'frames'))
    try:
        return fit_noise(
            rig,
            frames,
            min_score,
            progress=lambda what, done, total: progress_of(what)(done, total),
        )
    except TooLittleError as error:
        raise error.reworded(FileFormatError, f'{keypoints}: {error}', file=keypoints) from error


def table(fitted: FittedNoise) -> list[str]:
    """Lines that say every fault, what it rests on, and how well drawn people fit."""
    lines = [f'{"fault":40s}{"fitted":>9s}   of']
    lines += [
        f'{text:40s}{_number(name, fitted.faults):>9s}   {_rests_on(fitted.counts.get(name))}'
        for name, text in ROWS.items()
    ]
    if not len(fitted.faults.joint_bias):
        lines.append('no joint has a bias that the views can tell')
    lines += ['', f'{"how well it fits":40s}{"given":>9s}{"drawn":>9s}']
    for name, value in fitted.given.items():
        drawn = fitted.drawn[name]
        text = name.replace('_', ' ')
        if isinstance(value, list):
            for share, one, other in zip(('10', '50', '90'), value[::2], drawn[::2]):
                lines.append(f'{text} {share} %'.ljust(40) + f'{one:9.3f}{other:9.3f}')
        else:
            lines.append(f'{text:40s}{value:9.3f}{drawn:9.3f}')
    return lines


def _number(name: str, faults: DetectorNoise) -> str:
    value = np.mean(getattr(faults, name))
    return f'{value:.1%}' if name.endswith('_share') else f'{value:.3f}'


def _rests_on(count: Any) -> str:
    if isinstance(count, dict):
        return ', '.join(f'{name} {_rests_on(pair)}' for name, pair in count.items())
    return '' if count is None else f'{count[0]:g} of {count[1]:g}'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument('rig', metavar='CALIBRATION', help='calibration file, or its folder')
    parser.add_argument(
        'keypoints', metavar='KEYPOINTS', help="2D keypoints: JSON, or VoxelPose's pickle"
    )
    parser.add_argument('out', metavar='OUT', help='file to write (.json)')
    add_reading_arguments(parser)
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
        help=f'joints with a score of at most S count as not found (default {MIN_SCORE:g})',
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        CalibrationError, FileFormatError, OSError: Something cannot be read, tells too little,
            or cannot be written.
    """
    if args.frames < 1:
        raise InputError(
            f'--frames is {args.frames}, expected 1 or more',
            code='out-of-range',
            found=args.frames,
            expected=1,
        )
    _, rig = read_with_options([args.rig], args)
    fitted = fit(rig, args.keypoints, args.frames, args.min_score)
    fitted.write(args.out, f'mmpose-ours fit-noise on {Path(args.keypoints).name}')
    print('\n'.join(table(fitted)))
    print(f'\nwrote {args.out}; use it as faults={str(args.out)!r} of a SyntheticDataset')
    return 0

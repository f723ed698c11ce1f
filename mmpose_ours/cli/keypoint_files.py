"""Which file of 2D keypoints ``predict`` works from, and where it keeps what it detects."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from mmpose_ours.detections.cache import detected_here, made_here
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.io.disk.files import is_writable, whole_path

# Beside the images.
KEYPOINTS = 'keypoints_2d.json'


def keypoint_files(
    args: argparse.Namespace, img_root: PathLike | None, out: Path
) -> tuple[Path | None, Path | None]:
    """Keypoints to work from, and where to keep those that are detected.

    Args:
        args: ``keypoints``, ``keep_keypoints``, ``detector`` and ``frame_offsets`` of the command.
        img_root: Folder of the images, if there are any.
        out: Folder for what is found.

    Returns:
        The file to read, or None where people are detected; and the file to write then, or None.

    Raises:
        InputError: There is nothing to work on, or two options contradict each other.
    """
    if args.keypoints:
        if args.keep_keypoints:
            raise InputError(
                '--keypoints and --keep-keypoints: nothing is detected where keypoints are given; '
                'leave one of them out',
                code='conflict',
            )
        if args.frame_offsets and detected_here(args.keypoints):
            raise InputError(
                f'{args.keypoints}: was detected here, frame by frame, so --frame-offsets '
                'cannot shift it; leave --keypoints out, and the images are looked at again',
                code='conflict',
                file=args.keypoints,
            )
        return Path(args.keypoints), None
    if img_root is None:
        what = 'nothing to work on; give --img-root, --keypoints, or both'
        raise InputError(what, code='missing-value', expected=['img_root', 'keypoints'])
    if args.keep_keypoints:
        keep = Path(args.keep_keypoints)
        keep.parent.mkdir(parents=True, exist_ok=True)
        return None, keep
    beside = Path(img_root) / KEYPOINTS
    if not beside.exists() or made_here(beside):
        return None, beside if is_writable(beside) else _kept_elsewhere(beside, out / KEYPOINTS)
    if args.detector:
        return None, out / KEYPOINTS
    print(f'keypoints {beside}, which are there already; --detector NAME looks at the images')
    return beside, None


def _kept_elsewhere(beside: Path, elsewhere: Path) -> Path:
    """Another place for what is detected, with what is known beside the images already."""
    print(
        f'note    {beside} cannot be written, so 2D keypoints are kept in {elsewhere}; '
        '--keep-keypoints FILE names another place'
    )
    if beside.exists() and not elsewhere.exists():
        with whole_path(elsewhere) as temporary:
            shutil.copyfile(beside, temporary)
    return elsewhere

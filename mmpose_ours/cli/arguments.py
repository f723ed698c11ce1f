"""The options that say how to read a calibration, for every command."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np

from mmpose_ours.calibration.api import Read, read_calibration
from mmpose_ours.calibration.camera_choice import choose_cameras, with_size
from mmpose_ours.calibration.direction import EXTRINSICS, TRANSLATIONS
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.format_table import FORMATS
from mmpose_ours.calibration.image_size import ImageSizes
from mmpose_ours.detections.reading import KeypointOptions
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io.progress import Progress
from mmpose_ours.structures.metainfo import find_skeleton


def add_rig(parser: Any, *name: str, **options: Any) -> None:
    """Declare ``RIG``: one or more paths of one calibration."""
    parser.add_argument(
        *(name or ('rig',)),
        metavar='RIG',
        nargs='+',
        help='calibration: a file, several files, or the folder that holds them',
        **options,
    )


def add_any_scale(parser: argparse.ArgumentParser) -> None:
    """Declare ``--any-scale``."""
    parser.add_argument(
        '--any-scale',
        action='store_true',
        help='do not judge whether the rig is one around people (hands, animals, a stereo pair '
        'in one housing)',
    )


def add_frame_offsets(parser: argparse._ActionsContainer) -> None:
    """Declare ``--frame-offsets``, for :func:`parse_offsets`."""
    parser.add_argument(
        '--frame-offsets',
        nargs='+',
        default=[],
        metavar='CAMERA=N',
        help='images of a camera that come before the first frame',
    )


def add_skeleton(parser: argparse._ActionsContainer) -> None:
    """Declare ``--skeleton``, for :func:`keypoint_options`."""
    parser.add_argument(
        '--skeleton',
        metavar='NAME',
        help="the joints of the 2D keypoints, where their file does not name them: a skeleton's "
        "name, or a file of MMPose's METAINFO",
    )


def add_joints(parser: argparse._ActionsContainer, use: str) -> None:
    """Declare ``--joints``, a skeleton with the joints of COCO-17; ``use`` is what they are for."""
    parser.add_argument(
        '--joints',
        default='coco17',
        metavar='NAME',
        help=f'the joints {use}: coco17 (default), halpe26 with feet, body25, coco_wholebody, ...',
    )


def keypoint_options(
    args: argparse.Namespace, say: Callable[[str], None] | None = None
) -> KeypointOptions:
    """How ``--skeleton``, ``--frame-offsets`` and ``--rename`` have keypoints read.

    Args:
        args: Parsed options, of which either may be missing.
        say: Takes notes on the keypoints; None prints them.

    Raises:
        InputError: There is no such skeleton, or an offset is none.
    """
    skeleton = getattr(args, 'skeleton', None)
    return KeypointOptions(
        skeleton=find_skeleton(skeleton) if skeleton else None,
        frame_offsets=parse_offsets(getattr(args, 'frame_offsets', ())),
        rename=parse_renames(getattr(args, 'rename', ())),
        say=say or print_note,
        progress=Progress('2D keypoints', 'files'),
    )


def print_note(note: str) -> None:
    """Print a note on an input."""
    print(f'note    {note}', flush=True)


def parse_offsets(words: Sequence[str]) -> dict[str, int]:
    """Read the words of ``--frame-offsets``, ``CAMERA=N``.

    Raises:
        InputError: One is none, or a camera comes twice.
    """
    offsets: dict[str, int] = {}
    for word in words:
        found = re.fullmatch(r'(.+)=(-?\d+)', word)
        if not found:
            raise InputError(
                f'--frame-offsets has {word!r}, expected CAMERA=N such as cam1=12', found=word
            )
        if offsets.setdefault(found[1], int(found[2])) != int(found[2]):
            raise InputError(
                f'--frame-offsets has {found[1]!r} twice, {offsets[found[1]]} and {found[2]}; say '
                'it once',
                code='duplicate',
                found=word,
            )
    return offsets


def add_rename(parser: argparse._ActionsContainer, what: str = 'images or keypoints') -> None:
    """Declare ``--rename``, for :func:`parse_renames`."""
    parser.add_argument(
        '--rename',
        nargs='+',
        action='extend',
        default=[],
        metavar='NAME=CAMERA',
        help=f'which camera {what} of a name are of, e.g. GX010001=cam1, where the names do not '
        'tell (case, separators, leading zeros and what stands before or behind do not matter)',
    )


def parse_renames(pairs: Sequence[str]) -> dict[str, str]:
    """Read the words of ``--rename``, ``OLD=NEW``.

    Raises:
        CalibrationError: One is none, or an old name comes twice.
    """
    renames: dict[str, str] = {}
    for pair in pairs:
        old, _, new = pair.partition('=')
        if not old or not new or old in renames:
            raise CalibrationError(
                f'--rename is {pair!r}, expected old=new, each old name once',
                code='duplicate' if old in renames else 'invalid-input',
                found=pair,
            )
        renames[old] = new
    return renames


def add_volume(parser: argparse.ArgumentParser) -> None:
    """Declare ``--volume``, for :func:`parse_volume`."""
    parser.add_argument(
        '--volume',
        nargs=2,
        metavar=('CENTER', 'SIZE'),
        help='capture volume in mm, z up, e.g. 0,0,1000 8000,8000,2400 (default: where people are, '
        'else where the cameras see)',
    )


def parse_volume(words: Sequence[str] | None) -> CaptureVolume | None:
    """Read the words of ``--volume``, ``x,y,z`` each; None where the option is not given.

    Raises:
        CalibrationError: One is no point.
        InputError: It is no volume for people.
    """
    if words is None:
        return None
    center, size = (tuple(parse_point(word, '--volume').tolist()) for word in words)
    return CaptureVolume(center, size)


def parse_point(text: str, what: str) -> np.ndarray:
    """Read ``x,y,z`` as (3,).

    Raises:
        CalibrationError: The text is no point; it says of ``what`` it was expected to be one.
    """
    try:
        point = np.array([float(part) for part in text.split(',')])
    except ValueError:
        point = np.zeros(0)
    if point.shape != (3,) or not np.isfinite(point).all():
        raise CalibrationError(
            f'{what} is {text!r}, expected x,y,z, e.g. 1.5,0,-2',
            code='wrong-shape' if point.shape != (3,) else 'not-finite',
            found=text,
            expected='x,y,z',
        )
    return point


def add_reading_arguments(parser: Any) -> None:
    """Declare what says how to read a calibration: ``--from --unit --up --extrinsics ...``."""
    parser.add_argument(
        '--from',
        dest='from_format',
        default='auto',
        metavar='FORMAT',
        help=f'auto (default: by content) or one of {", ".join(FORMATS)}',
    )
    parser.add_argument(
        '--unit',
        metavar='{mm,cm,m,FACTOR}',
        help="unit of the source's lengths, or millimetres per unit; where the format fixes it, "
        'this overrides',
    )
    parser.add_argument(
        '--up',
        metavar='{x,-x,y,-y,z,-z}',
        help="axis of the source's world that points up; where the format fixes it, this overrides",
    )
    add_direction(parser)
    parser.add_argument(
        '--cameras', nargs='+', metavar='NAME', help='cameras to keep, in this order'
    )
    add_image_size(parser)


def add_direction(parser: Any) -> None:
    """Declare ``--extrinsics`` and ``--translation``."""
    parser.add_argument(
        '--extrinsics',
        choices=EXTRINSICS,
        help='what R is in the source, where neither it nor its format says that',
    )
    parser.add_argument(
        '--translation',
        choices=TRANSLATIONS,
        help='what T is there: vector, which is t of x_cam = R x_world + t, or center, the place '
        'of the camera',
    )


def add_image_size(parser: Any, where: str = 'the source') -> None:
    """Declare ``--image-size``, for :func:`parse_sizes`."""
    parser.add_argument(
        '--image-size',
        action='append',
        metavar='[NAME=]WxH',
        help=f'image size in pixels where {where} does not say it; several times where cameras '
        'differ: NAME=WxH for a camera, WxH for the others',
    )


def add_images(parser: argparse.ArgumentParser) -> None:
    """Declare ``--images``, which gives the sizes that a calibration lacks."""
    parser.add_argument(
        '--images',
        type=Path,
        metavar='DIR',
        help='folder of images or videos by camera, for the image sizes that the source does not '
        'say',
    )


def parse_sizes(words: Sequence[str] | None) -> ImageSizes | None:
    """Read the words of ``--image-size``: one size, or sizes by camera.

    Raises:
        CalibrationError: One is no size, or a camera, or all others, have two.
    """
    if not words:
        return None
    sizes: dict[str | None, tuple[int, int]] = {}
    for word in words:
        name, equals, size = word.rpartition('=')
        key = name if equals else None
        if key in sizes:
            who = f'camera {name!r}' if equals else 'the cameras without a name'
            raise CalibrationError(
                f'--image-size gives {who} two sizes; say one',
                code='duplicate',
                camera=key,
                found=word,
            )
        sizes[key] = parse_size(size)
    return sizes[None] if list(sizes) == [None] else sizes


def reading_of(args: argparse.Namespace) -> dict[str, Any]:
    """The options of :func:`add_reading_arguments` as arguments of ``read_calibration``."""
    return {
        'unit': args.unit,
        'up': args.up,
        'image_size': parse_sizes(args.image_size),
        'extrinsics': args.extrinsics,
        'translation': args.translation,
    }


# Options on how a recording is read, by the names of their arguments.
_READING = {
    'from_format': 'from',
    **{name: name for name in ('unit', 'up', 'extrinsics', 'translation', 'image_size', 'cameras')},
    **{name: name for name in ('rename', 'frame_offsets', 'skeleton', 'volume', 'any_scale')},
}


def words_again(args: argparse.Namespace) -> list[str]:
    """How a recording is read, as words of another command that reads it likewise.

    Args:
        args: Parsed options, of which any may be missing.
    """
    words: list[str] = []
    for name, option in _READING.items():
        value = getattr(args, name, None)
        if not value or value == 'auto':
            continue
        values = [] if value is True else value if isinstance(value, (list, tuple)) else [value]
        option = f'--{option.replace("_", "-")}'
        if name == 'image_size':
            words += [word for size in values for word in (option, size)]
        else:
            words += [option, *(str(word).strip() for word in values)]
    return words


def parse_size(text: str, option: str = '--image-size') -> tuple[int, int]:
    """Read ``WxH``, e.g. ``1920x1080``, as (width, height) in pixels.

    Raises:
        CalibrationError: The text is no size.
    """
    found = re.fullmatch(r'([1-9]\d{0,5})[xX]([1-9]\d{0,5})', text)
    if not found:
        raise CalibrationError(
            f'{option} is {text!r}, expected WxH in pixels, e.g. 1920x1080', found=text
        )
    return int(found[1]), int(found[2])


def read_with_options(
    paths: Sequence[PathLike],
    args: argparse.Namespace,
    any_up: bool = False,
    any_unit: bool = False,
    any_pose: bool = False,
) -> tuple[Read, CameraRig]:
    """Read the calibration that the options describe, without judging it.

    Args:
        paths: The calibration's files, or its folder.
        args: Parsed options of :func:`add_reading_arguments`.
        any_up: See :func:`mmpose_ours.calibration.api.read_calibration`.
        any_unit: Likewise.
        any_pose: Poses will not be looked at: any of them, in any direction, or none.

    Returns:
        What the file holds, and the cameras asked for, millimetres, z up.

    Raises:
        CalibrationError: It cannot be read, or a camera is not in it.
    """
    how = reading_of(args)
    read = read_calibration(
        paths,
        args.from_format,
        **how,
        any_up=any_up or any_pose,
        any_unit=any_unit or any_pose,
        any_direction=any_pose,
        any_pose=any_pose,
    )
    rig = choose_cameras(read.rig, read.uncalibrated, args.cameras, read.path, read.rigs)
    return read, sized(rig, how['image_size'], read)


def sized(rig: CameraRig, sizes: ImageSizes | None, read: Read) -> CameraRig:
    """Cameras of a calibration with the image sizes that were given.

    Raises:
        CalibrationError: See :func:`mmpose_ours.calibration.camera_choice.with_size`.
    """
    if sizes is None:
        return rig
    return with_size(rig, sizes, read.path, (*read.rig.names, *read.uncalibrated))


def print_read(read: Read, rig: CameraRig) -> None:
    """Say how a calibration was understood, and which cameras were taken from it."""
    reason = f', recognised by {read.reason}' if read.reason else ''
    print(f'read    {read.path}: {read.format} ({read.convention}){reason}')
    print(f'cameras {len(rig)}: {" ".join(rig.names)}')

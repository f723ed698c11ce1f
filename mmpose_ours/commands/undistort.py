"""The command ``undistort``: pictures without lens distortion, and the pinhole rig they fit.

For models and tools that know pinhole cameras only, and for lenses that their calibration
format cannot hold.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Callable, Sequence

import numpy as np

from mmpose_ours import pinhole
from mmpose_ours.calibration.check import problems_of
from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.formats import write_rig
from mmpose_ours.calibration.source import Source
from mmpose_ours.cameras import Camera, CameraRig
from mmpose_ours.commands.arguments import add_reading_arguments, read_as_told
from mmpose_ours.files import FileFormatError, PathLike
from mmpose_ours.recordings import images_of, video_of
from mmpose_ours.rerender import (
    PixelMap,
    decode_image,
    is_short,
    render_image,
    render_video,
    video_size,
)

RIG_FILE = 'camera_parameters.json'
# Seconds between two lines of progress.
PATIENCE = 5.0


@dataclasses.dataclass(frozen=True)
class Pictures:
    """The pictures of one camera.

    Args:
        camera: The camera with its lens, and the size of its pictures.
        files: The images in order, or the video.
        video: Whether it is a video.
    """

    camera: Camera
    files: tuple[Path, ...]
    video: bool


@dataclasses.dataclass(frozen=True)
class Rendered:
    """What became of one camera's pictures.

    Args:
        camera: The pinhole camera of the new pictures.
        pictures: How many were written, of a video its frames.
        kept: Share of the original's pixels that is still to be seen, 0 to 1.
        black: Share of the new picture that shows nothing.
        broken: A sentence for each picture that had to be left out.
    """

    camera: Camera
    pictures: int
    kept: float
    black: float
    broken: tuple[str, ...]


def undistort(
    rig: CameraRig,
    source: PathLike,
    target: PathLike,
    *,
    keep: str = 'focal',
    codec: str | None = None,
    overwrite: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> list[Rendered]:
    """Render the pictures of a recording for the pinhole rig, and write that rig beside them.

    Args:
        rig: The cameras that took the pictures, any lens.
        source: The recording, as :mod:`mmpose_ours.recordings` finds it.
        target: The folder to write, laid out like ``source``; the pinhole rig is written last,
            as ``camera_parameters.json`` (Panoptic).
        keep: See :func:`mmpose_ours.pinhole.pinhole_camera`.
        codec: Of videos, four letters; None takes the container's usual one.
        overwrite: Whether ``target`` may hold something.
        say: Takes lines of progress.

    Returns:
        What became of each camera, in the rig's order. Pictures that cannot be decoded are
        left out and listed there.

    Raises:
        CalibrationError: A camera sees too wide for what is to be kept, or its calibration is
            of another image size than its pictures.
        FileFormatError: A camera has no pictures, or none that can be decoded.
        OSError: ``target`` is in the way or cannot be written.
    """
    source, target = Path(source), Path(target)
    everything = [_pictures_of(source, rig, name) for name in rig.names]
    with about(source):
        pinholes = [pinhole.pinhole_camera(each.camera, keep) for each in everything]
    _make_room(source, target, everything, overwrite)
    results = []
    for each, camera in zip(everything, pinholes):
        results.append(_render(each, camera, source, target, codec, say))
    write_rig(CameraRig(tuple(pinholes)), target / RIG_FILE, 'panoptic')
    return results


def _pictures_of(root: Path, rig: CameraRig, name: str) -> Pictures:
    """Find a camera's pictures, and hold its calibration against the first of them.

    Raises:
        CalibrationError: The sizes differ.
        FileFormatError: There are none.
    """
    images = [path for path in images_of(root, name) if _owner(path, root, rig) in (name, None)]
    video = None if images else video_of(root, name)
    files = tuple(images) if images else () if video is None else (video,)
    if not root.is_dir():
        raise FileFormatError(f'{root}: no such folder of images or videos; correct the path')
    if not files:
        raise FileFormatError(
            f'{root}: no pictures of camera {name!r}; name the folder of its images or its video '
            f'after it ({name}/ or {name}.mp4), or choose cameras with --cameras'
        )
    path, size = (video, video_size(video)) if video else _first_image(files)
    camera = rig[name]
    if camera.size is None:
        with about(path):
            camera = dataclasses.replace(camera, size=size)
    elif camera.size != size:
        raise CalibrationError(_other_size(camera, path, size))
    return Pictures(camera, files, video is not None)


def _first_image(files: Sequence[Path]) -> tuple[Path, tuple[int, int]]:
    """The first image that can be decoded, and its width and height."""
    for path in files:
        try:
            height, width = decode_image(path).shape[:2]
        except FileFormatError as error:
            refused = error
        else:
            return path, (width, height)
    raise FileFormatError(f'none of {len(files)} images can be decoded; the last: {refused}')


def _owner(path: Path, root: Path, rig: CameraRig) -> str | None:
    """Of images of all cameras in one folder: whose this is; the longest fitting name."""
    if path.parent != root:
        return None
    fitting = [n for n in rig.names if path.stem == n or path.stem.startswith(f'{n}_')]
    return max(fitting, key=len)


def _other_size(camera: Camera, path: Path, size: tuple[int, int]) -> str:
    width, height = camera.size or (0, 0)
    found = (
        f'{path}: is {size[0]}x{size[1]}, but camera {camera.name!r} was calibrated for '
        f'{width}x{height} images; '
    )
    try:
        camera.resized(size)
    except ValueError:
        mend = 'give the full images that it was calibrated for'
        if size == (height, width):
            mend = 'turn the images by 90 degrees, as they were when it was calibrated'
        return found + mend
    return (
        f'{found}scale the calibration first: `mmpose-ours convert-calibration RIG scaled.json '
        f'--to panoptic --scale-intrinsics {size[0]}x{size[1]}`'
    )


def _make_room(source: Path, target: Path, everything: Sequence[Pictures], overwrite: bool) -> None:
    """Refuse a target that is in the way, before anything is written.

    Raises:
        OSError: It holds originals, or something and nobody said that it may, or pictures that
            would stay beside the new ones and not fit their rig.
    """
    inside = [source.resolve(), *(p.parent.resolve() for each in everything for p in each.files)]
    taken = target.resolve()
    if taken in inside or any(
        folder in taken.parents for folder in inside if folder != source.resolve()
    ):
        raise FileExistsError(
            f'{target}: holds the original pictures, which would be lost; name another folder'
        )
    if target.exists() and not target.is_dir():
        raise FileExistsError(f'{target}: is a file, expected a folder to write; name another')
    if not target.is_dir() or not any(target.iterdir()):
        return
    if not overwrite:
        raise FileExistsError(
            f'{target}: is not empty; name another folder, or say --overwrite to replace '
            'pictures of the same names'
        )
    for each in everything:
        name = each.camera.name
        new = {target / path.relative_to(source) for path in each.files}
        old = {*images_of(target, name), *filter(None, [video_of(target, name)])}
        others = sorted(old - new)
        if others:
            raise FileExistsError(
                f'{others[0]}: stands in {target} but is none of the pictures to write, so it '
                f'would not fit the new rig ({len(others)} such of camera {name!r}); remove it '
                'or name another folder'
            )
    # Without its rig a half replaced folder cannot be taken for a finished one.
    if (target / RIG_FILE).exists():
        (target / RIG_FILE).unlink()


def _render(
    each: Pictures,
    camera: Camera,
    source: Path,
    target: Path,
    codec: str | None,
    say: Callable[[str], None],
) -> Rendered:
    uv = pinhole.undistortion_map(each.camera, camera)
    kept, black = pinhole.kept_and_black(each.camera, camera, uv)
    pixel_map = PixelMap(uv, each.camera.size or (0, 0))
    last = time.monotonic()

    def progress(done: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last > PATIENCE:
            last = time.monotonic()
            say(f'camera {camera.name!r}: {done} of {of or "an unknown number"}')

    broken: list[str] = []
    count = 0
    if each.video:
        (path,) = each.files
        new = target / path.relative_to(source)
        count, announced = render_video(path, new, pixel_map, codec, progress)
        if is_short(count, announced):
            broken.append(
                f'{path}: only {count} of {announced} frames can be decoded; the new video ends '
                'there, so cut those of the other cameras too, or copy it again'
            )
    else:
        for index, path in enumerate(each.files):
            new = target / path.relative_to(source)
            try:
                render_image(path, new, pixel_map)
                count += 1
            except FileFormatError as error:
                broken.append(str(error))
                if new.exists():  # an older one, which would not fit
                    new.unlink()
            progress(index + 1, len(each.files))
    what = 'frames' if each.video else 'images'
    say(f'camera {camera.name!r}: {count} {what}, {kept:.0%} of the view kept, {black:.0%} black')
    for sentence in broken:
        say(f'warning: {sentence}')
    return Rendered(camera, count, kept, black, tuple(broken))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument('rig', metavar='RIG', help='calibration of the pictures: file or folder')
    parser.add_argument(
        'source',
        metavar='IN',
        help='folder with a folder of images or a video per camera, or images <camera>_*.jpg',
    )
    parser.add_argument(
        'target', metavar='OUT', help=f'folder to write: as IN, with the new {RIG_FILE}'
    )
    add_reading_arguments(parser)
    parser.add_argument(
        '--keep',
        choices=pinhole.KEEP,
        default='focal',
        help='focal: focal length and principal point stay (default); all: every pixel, with a '
        'black rim; valid: no black rim, a smaller view',
    )
    parser.add_argument(
        '--codec', metavar='FOUR', help='codec of videos, e.g. mp4v or MJPG (default: by ending)'
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='OUT may hold pictures of the same names'
    )
    parser.add_argument('--json', action='store_true', help='print what was done as JSON')


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0, or 1 where pictures had to be left out.

    Raises:
        CalibrationError, FileFormatError, OSError: As :func:`undistort`.
    """
    read, rig = read_as_told([args.rig], args)
    where = Source([args.rig]).path
    for problem in problems_of(rig, read.unit):
        if problem.topic in ('names', 'size'):
            raise CalibrationError(f'{where}: {problem.sentence}')
        print(f'warning: {where}: {problem.sentence}', file=sys.stderr)
    results = undistort(
        rig,
        args.source,
        args.target,
        keep=args.keep,
        codec=args.codec,
        overwrite=args.overwrite,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    broken = [sentence for result in results for sentence in result.broken]
    if args.json:
        print(json.dumps(_report(args, results), indent=1))
    else:
        print(f'wrote {sum(result.pictures for result in results)} pictures of {len(results)} '
              f'cameras and {Path(args.target) / RIG_FILE}')  # fmt: skip
        if broken:
            print(f'{len(broken)} warnings: pictures were left out, see above', file=sys.stderr)
    return 1 if broken else 0


def _report(args: argparse.Namespace, results: Sequence[Rendered]) -> dict:
    return {
        'rig': str(Path(args.target) / RIG_FILE),
        'keep': args.keep,
        'cameras': [
            {
                'name': result.camera.name,
                'K': np.asarray(result.camera.K).tolist(),
                'size': result.camera.size,
                'pictures': result.pictures,
                'view_kept': round(result.kept, 4),
                'black': round(result.black, 4),
                'left_out': list(result.broken),
            }
            for result in results
        ],
    }

"""The command ``undistort``: images without lens distortion, and the pinhole rig they fit.

For models and tools that know pinhole cameras only, and for lenses that their calibration
format cannot hold.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Callable, Mapping, Sequence

import numpy as np

from mmpose_ours.calibration.checks.image_sizes import size_mismatch
from mmpose_ours.calibration.checks.sanity import problems_of
from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.writing import write_rig
from mmpose_ours.cli.arguments import (
    add_reading_arguments,
    add_rename,
    add_rig,
    parse_renames,
    read_with_options,
)
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.geometry import pinhole
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.locks import hold_folder, is_lock
from mmpose_ours.io.progress import Progress, to_stderr
from mmpose_ours.recordings.endings import is_video
from mmpose_ours.recordings.files import MediaFolder, first_size
from mmpose_ours.recordings.media import Media, find_media
from mmpose_ours.recordings.remapping import PixelMap, is_short, render_image, render_video
from mmpose_ours.recordings.video_timing import timing_of
from mmpose_ours.text import counted

RIG_FILE = 'camera_parameters.json'


@dataclasses.dataclass(frozen=True)
class Images:
    """The images of one camera.

    Args:
        camera: The camera with its lens, and the size of its images.
        files: The images in order, or the video.
    """

    camera: Camera
    files: tuple[Path, ...]

    @property
    def video(self) -> bool:
        """Whether it is a video."""
        return is_video(self.files[0])


@dataclasses.dataclass(frozen=True)
class Rendered:
    """What became of one camera's images.

    Args:
        camera: The pinhole camera of the new images.
        images: How many were written, of a video its frames.
        kept: Share of the original's pixels that is still to be seen, 0 to 1.
        black: Share of the new image that shows nothing.
        broken: A sentence for each image that had to be left out.
    """

    camera: Camera
    images: int
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
    rename: Mapping[str, str] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> list[Rendered]:
    """Render the images of a recording for the pinhole rig, and write that rig beside them.

    Args:
        rig: The cameras that took the images, any lens.
        source: The recording, as :mod:`mmpose_ours.recordings.files` finds it.
        target: The folder to write, laid out like ``source``; the pinhole rig is written last,
            as ``camera_parameters.json`` (Panoptic).
        keep: See :func:`mmpose_ours.geometry.pinhole.pinhole_camera`.
        codec: Of videos, four letters; None takes the container's usual one.
        overwrite: Whether ``target`` may hold something.
        rename: Name of images or a video to the camera that they are of.
        say: Takes lines of progress.

    Returns:
        What became of each camera, in the rig's order. Images that cannot be decoded are
        left out and listed there.

    Raises:
        CalibrationError: A camera sees too wide for what is to be kept, or its calibration is
            of another image size than its images.
        FileFormatError: A camera has no images, or none that can be decoded.
        InUseError: Another program writes into ``target``.
        OSError: ``target`` is in the way or cannot be written.
    """
    source, target = Path(source), Path(target)
    if not source.is_dir():
        raise FileFormatError(
            f'{source}: no such folder of images or videos; correct the path',
            code='no-data',
            file=source,
        )
    media = find_media(source, rig.names, rename)
    for note in media.notes:
        say(note)
    everything = [_media_of_camera(source, rig, name, media) for name in rig.names]
    with about(source):
        pinholes = [pinhole.pinhole_camera(each.camera, keep) for each in everything]
    _keep_originals(source, target, everything)
    if target.exists() and not target.is_dir():
        raise FileExistsError(f'{target}: is a file, expected a folder to write; name another')
    with hold_folder(target, 'folder'):
        _make_room(source, target, everything, overwrite)
        results = []
        for each, camera in zip(everything, pinholes):
            results.append(_render(each, camera, source, target, codec, say))
        write_rig(CameraRig(tuple(pinholes)), target / RIG_FILE, 'panoptic')
    return results


def _media_of_camera(root: Path, rig: CameraRig, name: str, media: Media) -> Images:
    """A camera's images, after a comparison of its calibration with the first of them.

    Raises:
        CalibrationError: The sizes differ.
        FileFormatError: There are none.
    """
    files = media.files.get(name, ())
    if not files:
        raise FileFormatError(
            f'{root}: no images of camera {name!r}; name the folder of its images or its video '
            f'after it ({name}/ or {name}.mp4), or choose cameras with --cameras',
            code='no-data',
            file=root,
            camera=name,
        )
    path, size = first_size(files)
    camera = rig[name]
    mismatch = size_mismatch(camera, size, path, padding=False)
    if mismatch:
        raise CalibrationError(
            mismatch,
            code='no-match',
            file=path,
            camera=name,
            found=size,
            expected=camera.size,
        )
    if camera.size is None:
        with about(path):
            camera = dataclasses.replace(camera, size=size)
    return Images(camera, files)


def _make_room(source: Path, target: Path, everything: Sequence[Images], overwrite: bool) -> None:
    """Refuse a target that is in the way, before anything is written.

    Raises:
        OSError: It holds something and nobody said that it may, or images that would stay
            beside the new ones and not fit their rig.
    """
    if all(map(is_lock, target.iterdir())):
        return
    if not overwrite:
        raise FileExistsError(
            f'{target}: is not empty; name another folder, or say --overwrite to replace '
            'images of the same names'
        )
    names = [each.camera.name for each in everything]
    there = MediaFolder(target, names)
    for each, name in zip(everything, names):
        new = set(_new_files(source, target, [each]))
        old = {*there.images(name), *filter(None, [there.video(name)])}
        others = sorted(old - new)
        if others:
            raise FileExistsError(
                f'{others[0]}: stands in {target} but is none of the images to write, so it '
                f'would not fit the new rig ({len(others)} such of camera {name!r}); remove it '
                'or name another folder'
            )
    # Without its rig a half replaced folder cannot be taken for a finished one.
    if (target / RIG_FILE).exists():
        (target / RIG_FILE).unlink()


def _new_files(source: Path, target: Path, everything: Sequence[Images]) -> list[Path]:
    """The images to write."""
    return [target / path.relative_to(source) for each in everything for path in each.files]


def _keep_originals(source: Path, target: Path, everything: Sequence[Images]) -> None:
    """Refuse to write into a folder that, followed through links, holds originals.

    Raises:
        FileExistsError: So it is, or it lies below such a folder.
    """
    files = [path for each in everything for path in each.files]
    root = os.path.realpath(source)
    holding = {os.path.realpath(folder) for folder in {path.parent for path in files}}
    # An original may itself be a link to an image elsewhere.
    linked = {os.path.dirname(os.path.realpath(p)) for p in files if p.is_symlink()}
    for folder in sorted({target, *(p.parent for p in _new_files(source, target, everything))}):
        real = Path(os.path.realpath(folder))
        # Below the recording's own folder there is room, where no camera has its images.
        below = any(str(above) in holding - {root} for above in real.parents)
        if below or str(real) in {root, *holding, *linked}:
            raise FileExistsError(
                f'{folder}: holds the original images, which would be lost; name another folder'
            )


def _render(
    each: Images,
    camera: Camera,
    source: Path,
    target: Path,
    codec: str | None,
    say: Callable[[str], None],
) -> Rendered:
    uv = pinhole.undistortion_map(each.camera, camera)
    kept, black = pinhole.kept_and_black(each.camera, camera, uv)
    pixel_map = PixelMap(uv, each.camera.size or (0, 0))
    what = 'frames' if each.video else 'images'
    progress = Progress(f'camera {each.camera.name!r}', what, say)
    broken: list[str] = []
    count = 0
    if each.video:
        (path,) = each.files
        new = target / path.relative_to(source)
        if not timing_of(path).constant:
            say(
                f'warning: {path}: its frame rate varies, but that of the new video is constant, '
                'so its frames can no longer be matched by time with those of other videos'
            )
        count, announced = render_video(path, new, pixel_map, codec, progress)
        if is_short(count, announced):
            broken.append(
                f'{path}: only {count} of {counted(announced, "frame")} can be decoded; the new '
                'video ends '
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
    say(f'camera {camera.name!r}: {count} {what}, {kept:.0%} of the view kept, {black:.0%} black')
    for sentence in broken:
        say(f'warning: {sentence}')
    return Rendered(camera, count, kept, black, tuple(broken))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_rig(parser)
    parser.add_argument(
        'source',
        metavar='IN',
        help='folder with a folder of images or a video per camera, or images <camera>_*.jpg',
    )
    parser.add_argument(
        'target', metavar='OUT', help=f'folder to write: as IN, with the new {RIG_FILE}'
    )
    add_reading_arguments(parser)
    add_rename(parser, 'images')
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
        '--overwrite', action='store_true', help='OUT may hold images of the same names'
    )
    parser.add_argument('--json', action='store_true', help='print what was done as JSON')


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0, or 1 where images had to be left out.

    Raises:
        CalibrationError, FileFormatError, OSError: As :func:`undistort`.
    """
    read, rig = read_with_options(args.rig, args)
    where = read.path
    for problem in problems_of(rig, read.unit, read.up):
        if problem.topic in ('names', 'size'):
            raise CalibrationError(
                f'{where}: {problem.sentence}',
                code='duplicate' if problem.topic == 'names' else 'missing-value',
                file=where,
            )
        print(f'warning: {where}: {problem.sentence}', file=sys.stderr)
    new_rig = Path(args.target) / RIG_FILE
    replaced = set(map(os.path.realpath, (new_rig, args.target)))
    if replaced & set(map(os.path.realpath, args.rig)):
        raise FileExistsError(
            f'{new_rig}: is the calibration of the original images, which would be lost; name '
            'another folder'
        )
    results = undistort(
        rig,
        args.source,
        args.target,
        keep=args.keep,
        codec=args.codec,
        overwrite=args.overwrite,
        rename=parse_renames(args.rename),
        say=to_stderr,
    )
    broken = [sentence for result in results for sentence in result.broken]
    if args.json:
        print(json.dumps(_report(args, results), indent=1))
    else:
        print(f'wrote {counted(sum(result.images for result in results), "image")} of '
              f'{len(results)} '
              f'cameras and {Path(args.target) / RIG_FILE}')  # fmt: skip
        if broken:
            print(f'{len(broken)} warnings: images were left out, see above', file=sys.stderr)
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
                'images': result.images,
                'view_kept': round(result.kept, 4),
                'black': round(result.black, 4),
                'left_out': list(result.broken),
            }
            for result in results
        ],
    }

"""The table of keypoint formats, and the one function that reads them all."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Callable, Iterable, Mapping, Sequence

import numpy as np

from mmpose_ours.detections.arrays import ConvertedFrames, KeypointFrames, arrays_of, cameras_of
from mmpose_ours.detections.formats import alphapose, coco, mmpose, openpose, pose2sim, voxelpose
from mmpose_ours.detections.formats.imported import Hints, assemble
from mmpose_ours.detections.formats.normalised import in_pixels
from mmpose_ours.detections.formats.own_json import read_json_detections, store_json
from mmpose_ours.detections.formats.own_npz import store_npz
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.detections.on_disk import StoredDetections
from mmpose_ours.errors import FileFormatError, InputError, LimitError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.json_values import Place, checked_name
from mmpose_ours.io.limits import limits
from mmpose_ours.recordings.camera_names import match_cameras, nothing_of
from mmpose_ours.recordings.footage import frames_by_key
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17

OURS = ('json', 'npz')
# In the order in which they are tried: a Pose2Sim project is full of OpenPose's files.
IMPORTERS: dict[str, ModuleType] = {
    'voxelpose': voxelpose,
    'pose2sim': pose2sim,
    'openpose': openpose,
    'mmpose': mmpose,
    'alphapose': alphapose,
    'coco': coco,
}
FORMATS = (*OURS, *IMPORTERS)
Say = Callable[[str], None]


def _nobody_listens(note: str) -> None:
    """Where notes go that nobody asked for."""


def read_detections(
    path: PathLike,
    cameras: Sequence[str] | None = None,
    format: str = 'auto',
    *,
    rig: CameraRig | None = None,
    progress: Callable[[int, int], None] | None = None,
    rename: Mapping[str, str] | None = None,
    say: Say = _nobody_listens,
) -> dict[str, dict[str, np.ndarray]]:
    """Read people per frame and camera with COCO's 17 joints, which models and checks know.

    Returns:
        frame -> camera -> (P, 17, 3) float32 ``u, v, score`` in pixels; score 0 is missing.
        Arguments and errors are those of :func:`read_keypoints`.
    """
    frames = read_keypoints(
        path, cameras, format, rig=rig, progress=progress, rename=rename, say=say
    )
    return {frame: arrays_of(views, COCO17) for frame, views in frames.items()}


def read_keypoints(
    path: PathLike,
    cameras: Sequence[str] | None = None,
    format: str = 'auto',
    *,
    rig: CameraRig | None = None,
    progress: Callable[[int, int], None] | None = None,
    skeleton: Skeleton | None = None,
    rename: Mapping[str, str] | None = None,
    say: Say = _nobody_listens,
) -> dict[str, dict[str, Keypoints2D]]:
    """Read people per frame and camera, with all joints that the file has.

    Args:
        path: This package's file (``.json`` of ``detections.schema.json``, or ``.npz``), or a
            file or folder of another tool, see docs/keypoints_2d.md.
        cameras: Camera names; each must occur there. None takes those of the rig, or all. Where
            they are spelled otherwise there (``cam01`` for ``cam_1``), these spellings count, see
            :mod:`mmpose_ours.recordings.camera_names`.
        format: One of :data:`FORMATS`; ``'auto'`` goes by content.
        rig: The cameras, whose image sizes normalised keypoints need.
        progress: Called with how many of how many files are read.
        skeleton: The joints of another tool's file; None goes by the names that it states, else
            by the number of its joints.
        rename: Name of a camera there to the camera that it is, where the names do not tell.
        say: Takes a sentence on names that were matched although they are spelled otherwise.

    Returns:
        frame -> camera -> people of one skeleton, in pixels. A camera without an image of a frame
        is not in it.

    Raises:
        FileFormatError: Wrong content, a format that nobody recognises, a camera that the
            file does not know, or one that several names fit.
        FileNotFoundError: There is nothing of that name; says what is needed.
        InputError: The format is unknown.
    """
    path = Path(path)
    if format not in ('auto', *FORMATS):
        raise InputError(
            f'unknown format {format!r}; known: auto, {", ".join(FORMATS)}',
            code='unknown-name',
            file=path,
            found=format,
            expected=['auto', *FORMATS],
        )
    if not path.exists():
        raise FileNotFoundError(
            f'{path}: no 2D keypoints there; detect people in the images first and write them '
            'to this file (see docs/data.md)'
        )
    if cameras is None and rig is not None:
        cameras = rig.names
    source = Source(path)
    chosen, reason = recognise(source) if format == 'auto' else (format, 'given')
    if chosen == 'json':
        try:
            detections = _as_dicts(read_json_detections(source.data, path).frames)
        except FileFormatError as error:
            tried = '' if reason else f' (it is nothing of {", ".join(IMPORTERS)} either)'
            if not tried or isinstance(error, LimitError):
                raise
            raise error.reworded(FileFormatError, f'{error}{tried}') from error
    elif chosen == 'npz':
        detections = _as_dicts(store_npz(path).frames)
    else:
        sizes = {c.name: c.size for c in rig if c.size} if rig is not None else {}
        hints = Hints(tuple(cameras or ()), sizes, progress or (lambda done, total: None), skeleton)
        detections = assemble(IMPORTERS[chosen].read(source, hints), path)
        # Its cameras have the names that are wanted: it holds a list of them.
        if chosen != 'voxelpose':
            named = name_cameras(detections, cameras or (), rename, path, say)
            detections = in_pixels(_as_dicts(named), sizes, path)
            rename = None
    _check_names(detections, cameras_of(detections), path)
    return _as_dicts(name_cameras(detections, cameras or (), rename, path, say))


def open_keypoints(
    path: PathLike,
    cameras: Sequence[str] | None = None,
    rig: CameraRig | None = None,
    *,
    rename: Mapping[str, str] | None = None,
    say: Say = _nobody_listens,
    every: bool = True,
) -> KeypointFrames:
    """Read people per frame and camera, those of long recordings without holding them in memory.

    People of files that :class:`~mmpose_ours.detections.DetectionsWriter` wrote stay on the disk
    and are read whenever a frame is asked for; files of other tools, and those that were
    rearranged, are read as a whole.

    Args:
        path: See :func:`read_keypoints`.
        cameras: Likewise.
        rig: Likewise.
        rename: Likewise.
        say: Likewise.
        every: Whether each of the cameras must occur there.

    Raises:
        FileFormatError, FileNotFoundError: As there.
    """
    path, stored = Path(path), None
    if path.is_file() and path.suffix.lower() == '.npz':
        stored = store_npz(path)
    elif path.is_file() and path.suffix.lower() == '.json':
        stored = store_json(path)
    cameras = cameras or (rig.names if rig is not None else ())
    if stored is None and every:
        return read_keypoints(path, cameras or None, rig=rig, rename=rename, say=say)
    if stored is None:
        return name_cameras(read_keypoints(path, rig=None), cameras, rename, path, say, every)
    assert isinstance(stored.frames, StoredDetections)
    _check_names(stored.frames, stored.frames.cameras, path)
    return name_cameras(stored.frames, cameras, rename, path, say, every)


def name_cameras(
    frames: KeypointFrames,
    cameras: Sequence[str],
    rename: Mapping[str, str] | None = None,
    path: PathLike | None = None,
    say: Say = _nobody_listens,
    every: bool = True,
) -> KeypointFrames:
    """The same keypoints under the names of a rig's cameras.

    Args:
        frames: frame -> camera -> people.
        cameras: Names of the rig's cameras; empty keeps the names, but for those of ``rename``.
        rename: Name there to the camera that it is.
        path: The file that they come from; None where they are in memory.
        say: Takes a sentence on names that were matched although they are spelled otherwise.
        every: Whether each of the cameras must occur there.

    Raises:
        FileFormatError: A camera has no keypoints, or several names fit one camera.
    """
    known = frames.cameras if isinstance(frames, StoredDetections) else cameras_of(frames)
    where = path or 'the keypoints'
    match = match_cameras(
        known, cameras or _as_renamed(known, rename), rename, where=where, file=path
    )
    if every and match.missing:
        raise nothing_of('keypoints', match, where, path)
    if match.spelled:
        say(match.note(where))
    names = {name: camera for name, camera in match.cameras.items() if name != camera}
    if not names:
        return frames
    # A name that became another camera's is no longer that of the camera whose name it was.
    kept = {name: name for name in match.left if name not in names.values()}
    names = {**match.cameras, **kept}
    return ConvertedFrames(
        frames, lambda views: {names[n]: people for n, people in views.items() if n in names}
    )


def _as_renamed(known: Sequence[str], rename: Mapping[str, str] | None) -> list[str]:
    """The names there after those that the user renames; where no cameras are known."""
    rename = rename or {}
    return list(dict.fromkeys([*rename.values(), *(n for n in known if n not in rename)]))


def _as_dicts(frames: KeypointFrames) -> dict[str, dict[str, Keypoints2D]]:
    return {frame: dict(views) for frame, views in frames.items()}


def recognise(source: Source) -> tuple[str, str]:
    """Tell the format.

    Returns:
        A name of :data:`FORMATS`, and by what it was recognised; '' where nothing tells it but that
        it is nothing else.

    Raises:
        FileFormatError: It is none of them; says which were tried.
    """
    path = source.path
    if path.suffix.lower() == '.npz' and path.is_file():
        return 'npz', 'its ending'
    tried = []
    for name, module in IMPORTERS.items():
        reason = module.recognise(source)
        if reason:
            return name, reason
        tried.append(name)
    if path.is_file():
        if isinstance(source.sample, dict) and 'frames' in source.sample:
            return 'json', "the key 'frames'"
        # Its reader says best what is wrong with a file that nobody claims.
        return 'json', ''
    held = 'a folder without JSON files' if source.sample is None else 'a folder of other JSON'
    raise FileFormatError(
        f'{path}: is {held}; tried {", ".join(tried)}; name the folder that holds a folder or a '
        'file per camera',
        code='no-data' if source.sample is None else 'file-format',
        file=path,
        found=held,
        expected=tried,
    )


def _check_names(frames: Iterable[str], cameras: Sequence[str], path: Path) -> None:
    """Refuse names that are none, that are too many, or that mean the same frame.

    Raises:
        FileFormatError: So it is.
    """
    limits().check('cameras', len(cameras), 'cameras', path)
    for camera in cameras:
        checked_name(camera, Place(path, 'the name of a camera'))
    for frame in frames_by_key(frames, path).values():
        checked_name(frame, Place(path, 'the name of a frame'))

"""The one function that reads 2D keypoints of every format, and its variants."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, Sequence, TypedDict

import numpy as np

from mmpose_ours.detections.arrays import KeypointFrames, arrays_of, cameras_of
from mmpose_ours.detections.format_table import FORMATS, IMPORTERS, OURS, recognise
from mmpose_ours.detections.formats.imported import Hints, assemble
from mmpose_ours.detections.formats.layouts import MOST_PEOPLE, contradiction
from mmpose_ours.detections.formats.normalised import in_pixels
from mmpose_ours.detections.formats.own_json import read_json_detections, store_json
from mmpose_ours.detections.formats.own_npz import store_npz
from mmpose_ours.detections.formats.scores import as_confidences
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.detections.joints import compared_joints, lost_joints, skeleton_of
from mmpose_ours.detections.matching import match_keypoints, matching_of
from mmpose_ours.detections.naming import (
    MOST_CAMERAS,
    name_cameras,
    names_of_cameras,
    with_names,
)
from mmpose_ours.detections.on_disk import StoredDetections
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.json_values import Place, checked_name
from mmpose_ours.io.limits import limits
from mmpose_ours.recordings.camera_names import by_camera
from mmpose_ours.recordings.footage import frames_by_key
from mmpose_ours.recordings.frame_offsets import check_offsets
from mmpose_ours.structures.joint_maps import has_human_body
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.text import argument


class KeypointOptions(TypedDict, total=False):
    """How keypoints are to be read, where the files do not say; see :func:`read_keypoints`."""

    skeleton: Skeleton | None
    frame_offsets: Mapping[str, int] | None
    rename: Mapping[str, str] | None
    say: Callable[[str], None]
    progress: Callable[[int, int], None] | None


def _nothing(note: str) -> None:
    """Takes notes where nobody reads them."""


def read_detections(
    path: PathLike,
    cameras: Sequence[str] | None = None,
    format: str = 'auto',
    *,
    joints: Skeleton = COCO17,
    **options: Any,
) -> dict[str, dict[str, np.ndarray]]:
    """Read people per frame and camera with the joints of one skeleton, by default COCO's 17.

    Further arguments and errors are those of :func:`read_keypoints`; ``say`` also gets the joints
    that are wanted and that the file's skeleton lacks.

    Args:
        path: See there.
        cameras: See there.
        format: See there.
        joints: The skeleton that is wanted, whatever that of the file.
        **options: See there.

    Returns:
        frame -> camera -> (P, J, 3) float32 ``u, v, score`` in pixels; score 0 is missing.

    Raises:
        FileFormatError: As there; or the skeleton has no human body.
    """
    frames = read_keypoints(path, cameras, format, **options)
    return detections_of(frames, path, joints, options.get('say', _nothing))


def detections_of(
    frames: KeypointFrames,
    path: PathLike,
    joints: Skeleton = COCO17,
    say: Callable[[str], None] = _nothing,
) -> dict[str, dict[str, np.ndarray]]:
    """People that were read, with the joints of one skeleton.

    Args:
        frames: The result of :func:`read_keypoints`.
        path: Where it was read, for messages.
        joints: The skeleton that is wanted.
        say: Takes a note on the joints that the people lack.

    Returns:
        See :func:`read_detections`.

    Raises:
        FileFormatError: Their skeleton has no human body.
    """
    own = skeleton_of(frames)
    if own is not None and not has_human_body(own):
        raise Place(path).error(
            f'has detections of {own.name}, which has no human body',
            'detections of people',
            'give some; poses, their evaluation without ground truth and the checks of a '
            'calibration need none',
            value=own.name,
            wanted=joints.name,
            code='cannot-express',
        )
    for note in lost_joints(frames, joints, path):
        say(note)
    return {frame: arrays_of(views, joints) for frame, views in frames.items()}


def read_keypoints(
    path: PathLike,
    cameras: Sequence[str] | None = None,
    format: str = 'auto',
    *,
    rig: CameraRig | None = None,
    progress: Callable[[int, int], None] | None = None,
    skeleton: Skeleton | None = None,
    frame_offsets: Mapping[str, int] | None = None,
    rename: Mapping[str, str] | None = None,
    say: Callable[[str], None] = _nothing,
    every: bool = True,
) -> dict[str, dict[str, Keypoints2D]]:
    """Read people per frame and camera, with all joints that the file has.

    Frames are matched by number, time stamps or order, see
    :func:`~mmpose_ours.detections.matching.match_keypoints`.

    Args:
        path: This package's file (``.json`` of ``detections.schema.json``, or ``.npz``), or a
            file or folder of another tool, see docs/keypoints_2d.md.
        cameras: Camera names. None takes those of the rig, or all. Where they are spelled
            otherwise there (``cam01`` for ``cam_1``), these spellings count, see
            :mod:`mmpose_ours.recordings.camera_names`.
        format: One of :data:`FORMATS`; ``'auto'`` goes by content.
        rig: The cameras, whose image sizes normalised keypoints need.
        progress: Called with how many of how many files are read.
        skeleton: The joints, whatever the file says; None goes by the names that it states, else
            by the number of its joints, tested on the people.
        frame_offsets: Camera name to the number of its images before the first frame.
        rename: Name of a camera there to the camera that it is, where the names do not tell.
        say: Takes notes on how the file was understood, a sentence each: joints that nothing
            names, scores beyond 1, names that are spelled otherwise, frames that were not matched
            by their number.
        every: Whether each of the cameras must occur there.

    Returns:
        frame -> camera -> people of one skeleton, in pixels. A camera without an image of a frame
        is not in it.

    Raises:
        FileFormatError: Wrong content, a format that nobody recognises, a camera that the file
            does not know or for which it has several names, joints that cannot be those of the
            skeleton, or cameras whose frames cannot be matched.
        FileNotFoundError: There is nothing of that name; says what is needed.
        InputError: The format is unknown, or a frame offset is negative, of a camera that is not
            there, or leaves nothing of its camera.

    Examples:
        >>> import numpy as np
        >>> from mmpose_ours import write_detections
        >>> people = np.ones((2, 17, 3))
        >>> views = {'cam_a': people, 'cam_b': people[:1]}
        >>> write_detections('keypoints_2d.json', {'000000': views})
        >>> frames = read_keypoints('keypoints_2d.json')
        >>> {camera: found.xy.shape for camera, found in frames['000000'].items()}
        {'cam_a': (2, 17, 2), 'cam_b': (1, 17, 2)}
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
    chosen = recognise(source)[0] if format == 'auto' else format
    sizes = {c.name: c.size for c in rig if c.size} if rig is not None else {}
    is_complete = True
    if chosen in OURS:
        detections = _as_skeleton(_read_ours(source, chosen), skeleton, path)
    else:
        hints = Hints(
            tuple(cameras or ()),
            sizes,
            progress or (lambda done, total: None),
            skeleton,
            say,
            rename or {},
        )
        module = IMPORTERS[chosen]
        found = module.read(source.of(module.ENDINGS), hints)
        detections, is_complete = assemble(found, path, say)
        if chosen == 'voxelpose':
            detections = _as_skeleton(detections, skeleton, path)
        else:
            named = name_cameras(detections, cameras or (), rename, path, say, every)
            detections, rename = _as_dicts(named), None
            of_width = getattr(module, 'SHARES_OF_WIDTH', False)
            detections = in_pixels(detections, sizes, path, of_width)
    if skeleton is not None:
        people = [p.array for views in detections.values() for p in views.values() if len(p)]
        people = people[:: max(1, len(people) // MOST_PEOPLE)]
        if people and (note := contradiction(skeleton, np.concatenate(people), path)):
            say(note)
    detections = as_confidences(detections, path, say)
    _check_names(detections, cameras_of(detections), path)
    detections = _as_dicts(name_cameras(detections, cameras or (), rename, path, say, every))
    known = cameras_of(detections)
    there = set(known)
    wanted = [camera for camera in cameras or known if camera in there] or known
    offsets = by_camera(frame_offsets or {}, cameras or known)
    check_offsets({c: o for c, o in offsets.items() if o}, list(cameras or known), 'keypoints')
    matched = match_keypoints(detections, path, wanted, offsets, say, is_complete)
    return matched if is_complete else _with_nobody(matched, known)


def _with_nobody(
    detections: dict[str, dict[str, Keypoints2D]], cameras: Sequence[str]
) -> dict[str, dict[str, Keypoints2D]]:
    """With nobody in every view of which a file says nothing."""
    some = (people for views in detections.values() for people in views.values())
    first = next(some, None)
    nobody = Keypoints2D.nobody(COCO17 if first is None else first.skeleton)
    return {
        frame: {camera: views.get(camera, nobody) for camera in cameras}
        for frame, views in detections.items()
    }


def open_keypoints(
    path: PathLike,
    cameras: Sequence[str] | None = None,
    rig: CameraRig | None = None,
    *,
    skeleton: Skeleton | None = None,
    frame_offsets: Mapping[str, int] | None = None,
    rename: Mapping[str, str] | None = None,
    say: Callable[[str], None] = _nothing,
    progress: Callable[[int, int], None] | None = None,
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
        skeleton: Likewise.
        frame_offsets: Likewise.
        rename: Likewise.
        say: Likewise.
        progress: Likewise.
        every: Likewise.

    Raises:
        FileFormatError, FileNotFoundError, InputError: As there.
    """
    path, stored = Path(path), None
    options: dict[str, Any] = dict(
        skeleton=skeleton,
        frame_offsets=frame_offsets,
        rename=rename,
        say=say,
        progress=progress,
        every=every,
    )
    if skeleton is not None or any((frame_offsets or {}).values()):
        return read_keypoints(path, cameras, rig=rig, **options)
    if path.is_file() and path.suffix.lower() == '.npz':
        stored = store_npz(path)
    elif path.is_file() and path.suffix.lower() == '.json':
        stored = store_json(path)
    if stored is None:
        return read_keypoints(path, cameras, rig=rig, **options)
    assert isinstance(stored.frames, StoredDetections)
    stored_frames = stored.frames
    _check_names(stored_frames, stored_frames.cameras, path)
    wanted = cameras or (rig.names if rig is not None else ())
    first = list(itertools.islice(stored_frames, MOST_CAMERAS))
    names, note = names_of_cameras(stored_frames.cameras, wanted, rename, path, every, first)
    wanted = [name for name in wanted if name in names.values()] or list(names.values())

    def views() -> Iterable[tuple[str, Sequence[str]]]:
        for frame, there in stored_frames.views():
            yield frame, [names[name] for name in there if name in names]

    if matching_of(views, path, wanted, say) is not None:
        return read_keypoints(path, cameras, rig=rig, **options)
    if note:
        say(note)
    return with_names(stored_frames, names)


def _read_ours(source: Source, format: str) -> dict[str, dict[str, Keypoints2D]]:
    """This package's file.

    Raises:
        FileFormatError: It is something else.
    """
    if format == 'npz':
        return _as_dicts(store_npz(source.path).frames)
    return _as_dicts(read_json_detections(source.data, source.path).frames)


def _as_skeleton(
    detections: dict[str, dict[str, Keypoints2D]], skeleton: Skeleton | None, path: Path
) -> dict[str, dict[str, Keypoints2D]]:
    """People whose joints the user names otherwise than the file.

    Raises:
        FileFormatError: They have another number of joints.
    """
    if skeleton is None:
        return detections
    for frame, views in detections.items():
        for camera, people in views.items():
            if len(people.skeleton) != len(skeleton):
                raise Place(path, '', camera, frame).error(
                    f'has people of {len(people.skeleton)} joints ({people.skeleton.name})',
                    f'{len(skeleton)} joints of {skeleton.name}',
                    f'correct or leave out {argument("skeleton")}',
                    value=len(people.skeleton),
                    wanted=len(skeleton),
                    code='wrong-shape',
                )
    return {
        frame: {camera: Keypoints2D(skeleton, people.array) for camera, people in views.items()}
        for frame, views in detections.items()
    }


def read_compared(
    path: PathLike, cameras: Sequence[str] | None = None, **options: Any
) -> tuple[dict[str, dict[str, np.ndarray]], Skeleton]:
    """Read what views and poses are compared by: people with COCO's joints, others with their own.

    Arguments and errors are those of :func:`read_keypoints`; ``say`` as in
    :func:`read_detections`.

    Returns:
        frame -> camera -> (P, J, 3) float32 ``u, v, score`` in pixels; and the joints.
    """
    frames = read_keypoints(path, cameras, **options)
    skeleton = compared_joints(skeleton_of(frames))
    for note in lost_joints(frames, skeleton, path):
        options.get('say', _nothing)(note)
    return {frame: arrays_of(views, skeleton) for frame, views in frames.items()}, skeleton


def _as_dicts(frames: KeypointFrames) -> dict[str, dict[str, Keypoints2D]]:
    return {frame: dict(views) for frame, views in frames.items()}


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

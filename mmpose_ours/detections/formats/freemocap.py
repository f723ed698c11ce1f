"""FreeMoCap's arrays, ``*2dData_numCams_numFrames_numTrackedPoints_pixelXY.npy``.

They lie in ``output_data/raw_data/`` of a recording.

(cameras, frames, points, 2 or 3): u and v in pixels, NaN for a missing point; a third number is
MediaPipe's depth, and is left out. There are no scores: every other point counts as found. One
person. Points are MediaPipe's 33 of the body, then 21 of the right hand, 21 of the left one and 468
or 478 of the face; trackers of other joints are recognised by their number. Arrays of the
calibration board (``charuco_...``) are passed over.

Cameras are in the order of the names of the videos. Where the folder ``synchronized_videos`` of the
recording has as many, they are named after them; else they are the cameras that are wanted, in
their order.

Source: FreeMoCap, ``process_folder_of_videos.py``; skellytracker, ``mediapipe_model_info.py`` and
``mediapipe_holistic_recorder.py``.
"""

from __future__ import annotations

import functools
import itertools
import re
from pathlib import Path
from typing import Iterator, Sequence

import numpy as np

from mmpose_ours.detections.formats.imported import BY_SIZE, Found, Hints, people_of_joints
from mmpose_ours.detections.formats.named_joints import scored
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_values import Place
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.arrays import ALONE, open_arrays
from mmpose_ours.recordings.camera_names import match_cameras
from mmpose_ours.recordings.endings import VIDEO_ENDINGS
from mmpose_ours.recordings.files import natural_key
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.structures.whole_body import hand, hand_limbs

ENDINGS = ('.npy',)
LAYOUT = '*2dData_numCams_numFrames_numTrackedPoints_pixelXY.npy'
KEYS = ()

_NAME = re.compile(
    r'(?!charuco).*2dData_numCams_numFrames_numTrackedPoints_pixelXYZ?', re.IGNORECASE
)
_PLACES = ('', 'raw_data', 'output_data/raw_data', 'output_data')
_VIDEOS = 'synchronized_videos'
# MediaPipe's body and hands, and what its face mesh has, without and with irises.
_BODY, _HANDS, _MESHES = 33, 42, (468, 478)


def recognise(source: Source) -> str:
    """Why this is such a file or recording, or ''."""
    files = _arrays(source)
    return f'the name {files[0].name[:40]}...' if files else ''


def lacking(source: Source) -> str:
    """What an array lacks to be FreeMoCap's."""
    return 'that name, with numbers of shape (cameras, frames, points, 2 or 3)'


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read the only array.

    Raises:
        FileFormatError: There are several, or it is something else.
        LimitError: It is too large.
    """
    files = _arrays(source) or source.all_files
    if len(files) != 1:
        raise FileFormatError(
            f'{source.path}: holds {", ".join(file.name for file in files) or "no array"}, '
            f'expected one {LAYOUT}; name the file itself',
            code='ambiguous' if files else 'no-data',
            file=source.path,
            found=[str(file) for file in files],
            expected=LAYOUT,
        )
    (file,) = files
    with open_arrays(file) as arrays:
        header = arrays.headers[ALONE] if ALONE in arrays.headers else None
        shape = header.shape if header else ()
        if header is None or header.dtype.kind != 'f' or len(shape) != 4 or shape[3] not in (2, 3):
            raise Place(file).error(
                f'has an array {shape}' if header else 'has no array of numbers',
                'numbers of shape (cameras, frames, points, 2 or 3)',
                value=shape,
                wanted=('cameras', 'frames', 'points', '2 or 3'),
                code='wrong-shape',
            )
        limits().check('cameras', shape[0], 'cameras', file)
        limits().check('frames', shape[1], 'frames', file)
        values = arrays.read(ALONE)
    skeleton = hints.skeleton or _skeleton(shape[2])
    for camera, views in zip(_cameras(file, shape[0], hints), values):
        for frame, points in enumerate(views):
            place = Place(file, camera=camera, frame=frame)
            with np.errstate(over='ignore'):
                person = scored(points[:, :2].astype(np.float64))
            people = [person] if (person[:, 2] > 0).any() else []
            yield Found(camera, frame, people_of_joints(people, place, skeleton), str(file))


def _arrays(source: Source) -> list[Path]:
    """The arrays of keypoints of a recording, or the file that is named."""
    if source.path.is_file():
        return [file for file in source.all_files if _NAME.fullmatch(file.stem)]
    for place in _PLACES:
        folder = Source(source.path / place, source.endings)
        if found := [file for file in folder.files if _NAME.fullmatch(file.stem)]:
            return found
    return []


def _cameras(file: Path, count: int, hints: Hints) -> Sequence[str]:
    """The names of the cameras of an array, in its order.

    Raises:
        FileFormatError: Nothing tells them, or several videos fit one camera.
    """
    videos, wanted = _videos(file), hints.cameras
    if len(videos) == count and (
        len(wanted) != count
        or hints.rename
        or match_cameras(videos, wanted, where=file, file=file).cameras
    ):
        return videos
    if len(wanted) == count:
        return wanted
    raise Place(file).error(
        f'has {count} cameras and no names',
        f'{count} videos in {_VIDEOS}, or {count} cameras of the calibration',
        'name the recording with its videos, or the cameras in the order of the videos',
        value=count,
        wanted=len(wanted) or None,
        code='conflict',
    )


def _videos(file: Path) -> list[str]:
    """The names of the recording's videos, in the order of the array."""
    for folder in itertools.islice(file.absolute().parents, 4):
        if (folder / _VIDEOS).is_dir():
            videos = [
                path
                for path in (folder / _VIDEOS).iterdir()
                if path.suffix.lower() in VIDEO_ENDINGS and not path.name.startswith('.')
            ]
            return [path.stem for path in sorted(videos, key=natural_key)]
    return []


@functools.lru_cache(maxsize=None)
def _skeleton(points: int) -> Skeleton | None:
    """The joints of so many points; None where their number says it elsewhere, or nothing does."""
    body, mesh = SKELETONS[BY_SIZE[_BODY]], points - _BODY - _HANDS
    if mesh not in (0, *_MESHES):
        return None
    face = tuple(f'face_mesh-{index}' for index in range(mesh))
    right, left = hand('right'), hand('left')
    pairs = tuple(body.pairs or ()) + tuple(zip(left, right))
    limbs = body.limbs + hand_limbs('left') + hand_limbs('right')
    limbs += (('left_wrist', left[0]), ('right_wrist', right[0]))
    name = f'blazepose33{"_face" * bool(mesh)}_hands'
    return Skeleton(name, (*body.joints, *right, *left, *face), limbs, body.root, pairs)

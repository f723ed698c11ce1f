"""Files that name images with people only: of an image without people they say nothing.

What one camera has is then there for all: a frame with people of one camera was seen by the
others too, which found nobody.
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Iterator, Mapping, Sequence

import numpy as np

from mmpose_ours.detections.formats.imported import Found, Hints, people_of_joints
from mmpose_ours.detections.formats.source import Source, plain_name
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_values import Place
from mmpose_ours.structures.skeleton import Skeleton

# Of a recording's views, one in so many at least has people, unless there are few views.
SPARSE, MANY_VIEWS = 50, 10**5


def every_view(
    views: Mapping[tuple[str, int], Sequence[np.ndarray]],
    cameras: Mapping[str, Path],
    source: Source,
    skeleton: Skeleton | None,
) -> Iterator[Found]:
    """Every frame of every camera.

    Args:
        views: Camera and frame to the people there, (J, 3) each.
        cameras: Where each camera comes from.
        source: What was read, for messages.
        skeleton: The joints; None leaves them unnamed.

    Raises:
        FileFormatError: The cameras share hardly a frame, or the joints do not fit.
    """
    frames = sorted({frame for _, frame in views})
    _refuse_sparse(len(views), len(frames), len(cameras), source)
    for frame in frames:
        for camera, file in cameras.items():
            place = Place(file, camera=camera, frame=frame)
            people = people_of_joints(views.get((camera, frame), []), place, skeleton)
            yield Found(camera, frame, people, str(file), (camera, frame) in views)


def camera_of_file(
    camera: str, file: Path, hints: Hints, camera_of: Callable[[str], str] = plain_name
) -> str:
    """The camera of a file of one recording.

    Args:
        camera: As :meth:`.Source.recordings` has it: '' of a single file.
        file: The file.
        hints: A single camera that is wanted needs no name in the file's.
        camera_of: As there.
    """
    return camera or (hints.cameras[0] if len(hints.cameras) == 1 else camera_of(file.stem))


def _refuse_sparse(views: int, frames: int, cameras: int, source: Source) -> None:
    """Refuse names that share hardly a frame: every camera would have empty views by the million.

    Raises:
        FileFormatError: So it is.
    """
    if frames * cameras > max(SPARSE * views, MANY_VIEWS):
        raise FileFormatError(
            f'{source.path}: image names tell {cameras:,} cameras and {frames:,} frames, but only '
            f'{views:,} images; the part before the last number of a name must be its camera',
            code='no-match',
            file=source.path,
            found=[cameras, frames, views],
        )

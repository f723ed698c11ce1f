"""Keypoint files out: JSON or compact binary by their ending, whole or not at all."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Iterator, Mapping

import numpy as np

from mmpose_ours.detections.arrays import Detections, KeypointFrames, arrays_of, with_skeleton
from mmpose_ours.detections.formats.own_json import JsonSink
from mmpose_ours.detections.formats.own_npz import NpzSink
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.io.disk.files import check_unicode, whole_path
from mmpose_ours.io.parsers.arrays import check_array_text
from mmpose_ours.recordings.footage import frame_key
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17

SINKS: dict[str, type[JsonSink] | type[NpzSink]] = {'.json': JsonSink, '.npz': NpzSink}


class DetectionsWriter:
    """Writes a long recording frame by frame, with memory that does not grow with its people.

    Args:
        path: ``.json`` or ``.npz``; appears when the ``with`` block ends without an exception.
        skeleton: The joints of everybody.

    Raises:
        InputError: Another ending.

    Examples:
        >>> import tempfile, numpy as np
        >>> from mmpose_ours.detections import read_detections
        >>> path = f'{tempfile.mkdtemp()}/keypoints_2d.npz'
        >>> with DetectionsWriter(path) as writer:
        ...     writer.add('000000', {'cam_a': np.ones((2, 17, 3)), 'cam_b': np.zeros((0, 17, 3))})
        >>> read_detections(path, ['cam_a'])['000000']['cam_a'].shape
        (2, 17, 3)
    """

    def __init__(self, path: PathLike, skeleton: Skeleton = COCO17):
        self.path, self.skeleton = Path(path), skeleton
        if self.path.suffix.lower() not in SINKS:
            raise InputError(
                f'{path}: keypoints are written as {" or ".join(SINKS)}; choose such an ending',
                code='unknown-name',
                file=path,
                found=self.path.suffix,
                expected=list(SINKS),
            )
        # What found the people, ``{'detector', 'version', 'images'}`` of the schema, or None.
        self.source: Mapping[str, Any] | None = None
        self._seen: dict[str, str] = {}
        self._count = 0

    def __enter__(self) -> DetectionsWriter:
        self._context = self._opened()
        self._sink = self._context.__enter__()
        return self

    def __exit__(self, *error: Any) -> bool | None:
        return self._context.__exit__(*error)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[JsonSink | NpzSink]:
        with whole_path(self.path) as temporary, open(temporary, 'wb') as file:
            sink = SINKS[self.path.suffix.lower()](file, self.skeleton)
            yield sink
            sink.finish(self.source)

    def add(self, frame: str, views: Mapping[str, Keypoints2D | np.ndarray]) -> None:
        """Write one frame.

        Args:
            frame: Its name, each once; leading zeros do not count.
            views: camera -> people, or an array (P, J, 3) ``u, v, score`` of the writer's
                skeleton; nobody where nobody was found, no entry where there is no image. Three
                digits are kept.

        Raises:
            InputError: The frame is there already, two cameras have one name, a name is none
                that the file can hold, or people have another shape.
        """
        frame = str(frame)
        other = self._seen.setdefault(frame_key(frame), frame)
        if other != frame or len(self._seen) == self._count:
            again = '' if other == frame else f', as {other!r}'
            raise InputError(
                f'{self.path}: frame {frame!r} comes twice{again}; write each frame once',
                code='duplicate',
                file=self.path,
                frame=frame,
                found=[other, frame],
            )
        self._count = len(self._seen)
        named = {str(camera): people for camera, people in views.items()}
        if len(named) < len(views):
            raise InputError(
                f'{self.path}: frame {frame!r} has two cameras of one name among '
                f'{", ".join(map(repr, views))}; write each camera once',
                code='duplicate',
                file=self.path,
                frame=frame,
                found=list(views),
            )
        for name in (frame, *named):
            check_unicode(name, self.path)
            check_array_text(name, self.path)
        self._sink.add(frame, arrays_of(with_skeleton(named, self.skeleton), self.skeleton))


def write_detections(
    path: PathLike, detections: Detections | KeypointFrames, skeleton: Skeleton | None = None
) -> None:
    """Write people, the reverse of :func:`mmpose_ours.detections.read_keypoints`.

    Args:
        path: ``.json`` or ``.npz``.
        detections: frame -> camera -> people, or arrays (P, J, 3) ``u, v, score``.
        skeleton: The joints of the file; people of other joints are converted. None takes those
            of the people, COCO-17 for arrays.

    Raises:
        InputError: Another ending, or people of another shape.
        OSError: It cannot be written.

    Examples:
        >>> import numpy as np
        >>> write_detections('keypoints_2d.npz', {'000000': {'cam_a': np.ones((2, 17, 3))}})
    """
    people = (people for views in detections.values() for people in views.values())
    own = (each.skeleton for each in people if isinstance(each, Keypoints2D))
    with DetectionsWriter(path, skeleton or next(own, COCO17)) as writer:
        for frame, views in detections.items():
            writer.add(frame, views)

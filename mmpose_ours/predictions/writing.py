"""Writing the Predictions format frame by frame, for recordings of any length.

Frames go to disk as they come. What stands beside them in the file under the same keys
(scores, ids, ...) waits in temporary files without a name and is put behind them at the end.
Memory holds the names of the frames only, to refuse one that comes twice.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Callable, Mapping

import numpy as np

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io.disk.files import check_unicode, whole_path
from mmpose_ours.io.limits import limits
from mmpose_ours.io.numbers import MAX_FPS, MAX_NUMBER, MAX_WHOLE, MIN_FPS
from mmpose_ours.predictions.person_json import FrameId, frame_id
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeleton_json import to_json
from mmpose_ours.structures.skeletons import as_skeleton


class PredictionsWriter:
    """Writes one file in the Predictions format (mm, z up), whole or not at all.

    The file appears when the ``with`` block ends without an exception; until then, and after
    an exception, whatever was at ``path`` stays. Coordinates are rounded to the micrometre.

    Args:
        path: JSON file to write.
        joints: The skeleton, or its name.
        fps: Frame numbers (or frames, where they have names) per second, if known.
        rig: Fingerprint or file name of the calibration, if known.
        made_by: What to say of the program that writes: config, checkpoint, versions.
        space: Where people were looked for, if known.
        before: Called when all is written, and before the file is replaced.

    Raises:
        InputError: The skeleton is unknown, or ``fps`` is not within 1e-6 to 1e5.
        OSError: The file cannot be written, for example because the disk is full; names
            ``path``.

    Examples:
        >>> with PredictionsWriter('people.json', fps=25) as writer:
        ...     for frame in range(3):
        ...         writer.add(frame, np.zeros((2, 17, 3)), ids=np.array([0, 1]))
    """

    def __init__(
        self,
        path: PathLike,
        joints: Skeleton | str = 'coco17',
        fps: float | None = None,
        rig: str = '',
        made_by: Mapping[str, Any] | None = None,
        space: CaptureVolume | None = None,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        if fps is not None and not MIN_FPS <= fps <= MAX_FPS:
            raise InputError(
                f'fps is {fps:g}, expected {MIN_FPS:g} to {MAX_FPS:g} per second, such as 25',
                code='out-of-range',
                found=fps,
                expected=(MIN_FPS, MAX_FPS),
            )
        self.path = path
        self.skeleton = as_skeleton(joints)
        head: dict[str, Any] = {'unit': 'mm', 'joints': to_json(self.skeleton), 'up': 'z'}
        head.update({} if fps is None else {'fps': fps})
        head.update({'rig': rig} if rig else {})
        if space is not None:
            head['space'] = dataclasses.asdict(space)
        head.update({'made_by': dict(made_by)} if made_by else {})
        self._head = _json(head)
        check_unicode(json.dumps(head, ensure_ascii=False), path)
        self._before = before
        self._names: set[str] = set()
        self._have_ids: bool | None = None  # of the frames with people so far

    def __enter__(self) -> PredictionsWriter:
        with contextlib.ExitStack() as stack:
            temporary = stack.enter_context(whole_path(self.path))
            stack.push(self._written)
            self._file: IO[str] = stack.enter_context(open(temporary, 'w', encoding='utf-8'))
            spools = stack.enter_context(contextlib.ExitStack())
            self._beside = _Beside(temporary.parent, spools)
            self._file.write(self._head[:-1] + ', "frames": {')
            self._stack = stack.pop_all()
        return self

    def __call__(self, result: FrameResult) -> None:
        """Write a result of an inference session: the writer is one of its sinks."""
        poses = result.poses
        self._add_poses(result.frame, poses)

    def _add_poses(self, frame: FrameId, poses: Poses3D) -> None:
        self.add(frame, poses.xyz_mm, poses.scores, poses.track_ids, poses.views, poses.std_mm)

    def add(
        self,
        frame: FrameId,
        poses: np.ndarray,
        scores: np.ndarray | None = None,
        ids: np.ndarray | None = None,
        views: np.ndarray | None = None,
        spread_mm: np.ndarray | None = None,
    ) -> None:
        """Write the people of one frame.

        Args:
            frame: Its number or name, each once.
            poses: (P, J, 3) mm; NaN where a joint is missing. P may be 0.
            scores: (P,).
            ids: (P,) whole numbers, each once; in all frames with people or in none.
            views: (P,) how many cameras showed each person.
            spread_mm: (P, J) standard deviation per joint; NaN where unknown.

        Raises:
            InputError: A shape does not fit, a number is one that the reader refuses, or the frame
                is there already, or its name is no Unicode text. The frame is not written then,
                and others may follow.
        """
        poses = np.asarray(poses, dtype=np.float64)
        name = str(frame_id(frame))
        count = len(self.skeleton)
        if poses.ndim != 3 or poses.shape[1:] != (count, 3):
            raise InputError(
                f'frame {frame}: {self.skeleton.name} needs (P, {count}, 3), got {poses.shape}',
                code='wrong-shape',
                frame=frame,
                found=poses.shape,
                expected=('P', count, 3),
            )
        check_unicode(name, self.path)
        if name in self._names:
            raise InputError(f'frame {frame} is there twice', code='duplicate', frame=frame)
        if (np.abs(poses) >= MAX_NUMBER).any():
            farthest = float(np.nanmax(np.abs(poses)))
            raise InputError(
                f'frame {frame}: a joint lies {farthest:g} mm away, expected less than '
                f'{MAX_NUMBER:g}',
                code='out-of-range',
                frame=frame,
                found=farthest,
                expected=MAX_NUMBER,
            )
        people = len(poses)
        if people and self._have_ids not in (None, ids is not None):
            raise InputError(
                f'frame {frame} has {"ids" if ids is not None else "no ids"}, other frames '
                'differ; give all people ids, or nobody',
                code='conflict',
                frame=frame,
            )
        beside = {
            'scores': _scores(frame, people, scores),
            'ids': _whole(frame, people, ids, 'ids', MAX_WHOLE - 1, once=True),
            'views': _whole(frame, people, views, 'views', limits().cameras),
            'spread_mm': _spread(frame, poses.shape[:2], spread_mm),
        }
        comma = ', ' if self._names else ''
        self._file.write(f'{comma}{_json(name)}: {_json(_rounded_people(poses))}')
        self._names.add(name)
        self._have_ids = ids is not None if people else self._have_ids
        self._beside.add(name, beside)

    def _written(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is None:
            self._before()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._stack:
            if error is not None:
                raise error  # through whole_path, which takes the half file away
            self._file.write('}')
            self._beside.copy_to(self._file)
            self._file.write('}\n')


class _Beside:
    """What is put behind the frames: per key a temporary file, made when first needed."""

    def __init__(self, folder: Path, spools: contextlib.ExitStack) -> None:
        self._folder, self._spools = folder, spools
        self._files: dict[str, IO[str]] = {}

    def add(self, name: str, values: Mapping[str, Any]) -> None:
        """Keep a frame's values; None is left out."""
        for key, value in values.items():
            if value is None:
                continue
            comma = ', '
            if key not in self._files:
                comma = ''
                # On the disk that the result will be on, which has the space or has not.
                spool = tempfile.TemporaryFile('w+', encoding='utf-8', dir=self._folder)
                self._files[key] = self._spools.enter_context(spool)
            self._files[key].write(f'{comma}{_json(name)}: {_json(value)}')

    def copy_to(self, file: IO[str]) -> None:
        """Write all of it, in a fixed order of keys."""
        for key, spool in sorted(self._files.items()):
            spool.seek(0)
            file.write(f', {_json(key)}: {{')
            shutil.copyfileobj(spool, file)
            file.write('}')


def write_predictions(
    path: PathLike,
    frames: Mapping[FrameId, Poses3D | np.ndarray],
    joints: Skeleton | str = 'coco17',
    *,
    fps: float | None = None,
    rig: str = '',
    made_by: Mapping[str, Any] | None = None,
) -> None:
    """Write people in the Predictions format (mm, z up), whole or not at all.

    Coordinates are rounded to the micrometre; missing joints (NaN) become ``null``.

    Args:
        path: JSON file to write.
        frames: Frame id to its poses, or to (P, J, 3) mm where nothing else is known of them.
        joints: The skeleton, or its name.
        fps: See :class:`PredictionsWriter`, as for the rest.
        rig: Likewise.
        made_by: Likewise.

    Raises:
        InputError: A shape does not fit the skeleton, two ids are the same frame, or the
            scores do not fit the people.
        OSError: The file cannot be written.

    Examples:
        >>> from mmpose_ours import read_predictions
        >>> people = np.zeros((2, 17, 3))
        >>> write_predictions('people.json', {0: people, 1: people[:1]}, fps=25)
        >>> predictions = read_predictions('people.json')
        >>> {frame: len(poses) for frame, poses in predictions.frames.items()}, predictions.fps
        ({0: 2, 1: 1}, 25.0)
    """
    with PredictionsWriter(path, joints, fps, rig, made_by) as writer:
        for frame, poses in frames.items():
            if isinstance(poses, Poses3D):
                writer._add_poses(frame, poses)
            else:
                writer.add(frame, poses)


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _rounded_people(poses: np.ndarray) -> list:
    return [
        [
            [round(value, 3) for value in joint] if all(map(math.isfinite, joint)) else None
            for joint in person
        ]
        for person in poses.tolist()
    ]


def _misfit(values: np.ndarray, shape: tuple) -> str:
    """The code of what is wrong with numbers that do not fit."""
    if values.shape != shape:
        return 'wrong-shape'
    return 'out-of-range' if np.isfinite(values).all() else 'not-finite'


def _scores(frame: FrameId, people: int, scores: Any) -> list | None:
    if scores is None:
        return None
    values = np.asarray(scores, dtype=np.float64)
    # False for NaN as well.
    if values.shape != (people,) or not (np.abs(values) < MAX_NUMBER).all():
        raise InputError(
            f'frame {frame}: expected {people} finite scores, got {values.tolist()}',
            code=_misfit(values, (people,)),
            frame=frame,
            found=values.tolist(),
            expected=(people,),
        )
    return [round(value, 6) for value in values.tolist()]


def _whole(
    frame: FrameId, people: int, numbers: Any, what: str, most: int, once: bool = False
) -> list | None:
    if numbers is None:
        return None
    values = np.asarray(numbers)
    if not values.size:
        values = values.astype(np.int64)
    if (
        values.shape != (people,)
        or values.dtype.kind not in 'iu'
        or (values < 0).any()
        or (values > most).any()
        or (once and len(np.unique(values)) < people)
    ):
        unlike = values.shape != (people,) or values.dtype.kind not in 'iu'
        twice = once and not (unlike or (values < 0).any() or (values > most).any())
        raise InputError(
            f'frame {frame}: expected {people} {what}, whole numbers'
            f'{", each once" if once else ""}, got {values.tolist()} '
            f'(at most {most})',
            code='wrong-shape' if unlike else 'duplicate' if twice else 'out-of-range',
            frame=frame,
            found=values.tolist(),
            expected=(people,),
        )
    return values.tolist()


def _spread(frame: FrameId, shape: tuple, spread_mm: Any) -> list | None:
    if spread_mm is None:
        return None
    values = np.asarray(spread_mm, dtype=np.float64)
    if values.shape != shape or ((values < 0) | ((values >= MAX_NUMBER) & (values < np.inf))).any():
        raise InputError(
            f'frame {frame}: expected spread_mm of {shape}, none of it negative or '
            f'{MAX_NUMBER:g} and more, got {values.shape}',
            code='out-of-range' if values.shape == shape else 'wrong-shape',
            frame=frame,
            found=values.shape,
            expected=shape,
        )
    return [
        [round(value, 3) if math.isfinite(value) else None for value in person]
        for person in values.tolist()
    ]

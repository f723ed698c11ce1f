"""Ultralytics' YOLO pose: a text per image, ``labels/<video>_<number>.txt``, a person per line.

A line is ``class cx cy w h``, ``u v score`` of each joint (``u v`` for models without scores), then
the confidence of the box (``save_conf``) and the track (``track``), where they were asked for. All
coordinates are divided by the width and the height of the image; a joint at 0, 0 is missing,
whatever its score. Annotations have 0, 1 or 2 in the place of the score, of which every one above
0 counts as found. An image without people has no file. Joints by their number, with COCO's 17
first; a name of a skeleton decides where it is ambiguous.

The camera is the folder (``<camera>/labels/``), or the video in the file's name where the folders
are those that Ultralytics makes (``runs/pose/predict2/labels/``).

Source: Ultralytics, ``save_txt`` of ultralytics/engine/results.py, and "Pose Estimation Datasets".
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple, Sequence

import numpy as np

from mmpose_ours.detections.formats.delimited import floats, lines_of
from mmpose_ours.detections.formats.imported import BY_SIZE, Found, Hints, frame_number
from mmpose_ours.detections.formats.source import (
    INNER,
    Source,
    camera_in,
    files_in,
    folder_name,
    folders_in,
    is_image_name,
    plain_name,
)
from mmpose_ours.detections.formats.unlisted import every_view
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_values import Place
from mmpose_ours.io.limits import limits
from mmpose_ours.structures.metainfo import MAX_JOINTS

ENDINGS = ('.txt',)
LAYOUT = 'labels/<video>_<frame>.txt with lines class cx cy w h (u v score) of each joint'
KEYS = ()
# 1 is the width or the height of the image.
SHARES_OF_WIDTH = True

# Folders that Ultralytics makes, which name no camera.
_MADE = re.compile(r'(predict|track|val|pose|exp|labels|runs|train|test|images)\d*', re.IGNORECASE)
_BOX = 5
# Fewer values make no pose: boxes with a confidence and a track, or with four corners.
_FEWEST = 3
# runs/pose/predict2/labels/ in the folder that is named.
_DEPTH = 5
# From point to point an outline goes a smaller share of its extent; coordinates and scores that
# are taken for points jump to and fro.
_SMOOTH = 0.15
# A larger share of an outline's steps go the same way round; joints of left and right alternate.
_ROUND = 0.7
# Files that are looked at to recognise the layout.
_ASK = 20


class Line(NamedTuple):
    """What the numbers of a line are.

    Args:
        joints: How many joints there are.
        size: 3 for u, v and score, 2 for u and v.
    """

    joints: int
    size: int

    @property
    def end(self) -> int:
        """Where the joints end."""
        return _BOX + self.joints * self.size


def recognise(source: Source) -> str:
    """Why this is such a file or folder, or ''."""
    files = _files(source)
    line = _layout(files[:_ASK])
    return f'lines of a box and {line.joints} joints' if line else ''


def lacking(source: Source) -> str:
    """What texts lack to be such files."""
    files = _files(source)
    if not files:
        return 'names that end with the number of a frame'
    try:
        count = next((len(words) for words in lines_of(files[0])), 0)
    except FileFormatError:
        return 'lines of numbers'
    if _BOX <= count <= _BOX + 2:
        return f'keypoints: its lines of {count} numbers are boxes alone'
    return (
        f'a box and as many joints as a known skeleton: its first line has {count} words; where '
        'these are joints of your own, name this format and their skeleton'
    )


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per image.

    Raises:
        FileFormatError: One of them is something else.
    """
    files = _files(source)
    line = _layout(files[:_ASK], len(hints.skeleton) if hints.skeleton else None)
    if line is None:
        raise Place(source.path).error(
            'has no such lines', LAYOUT, value=[str(file) for file in files[:_ASK]], wanted=LAYOUT
        )
    views: dict[tuple[str, int], list[np.ndarray]] = {}
    seen: dict[tuple[str, int], Path] = {}
    cameras: dict[str, Path] = {}
    for done, file in enumerate(files, start=1):
        camera = _camera(file, source, hints)
        key = camera, frame_number(file.stem, Place(file, camera=camera))
        if seen.setdefault(key, file) != file:
            raise FileFormatError(
                f'{source.path}: camera {camera!r} has frame {key[1]} twice, {seen[key]} and '
                f'{file}; keep one of them',
                code='duplicate',
                file=source.path,
                camera=camera,
                frame=key[1],
                found=[str(seen[key]), str(file)],
            )
        cameras.setdefault(camera, file)
        place = Place(file, '', *key)
        views[key] = [
            _person(values, line, place[f'line {at}'])
            for at, values in enumerate(lines_of(file), start=1)
        ]
        hints.progress(done, len(files))
    yield from every_view(views, cameras, source, hints.skeleton)


def _files(source: Source) -> list[Path]:
    """The files that are named as images, here and some folders deeper."""
    if source.path.is_file():
        return source.all_files
    found: list[Path] = []
    level = [source.path]
    for _ in range(_DEPTH):
        files = (file for folder in level for file in files_in(folder, ENDINGS))
        found += [file for file in files if is_image_name(file.stem)]
        level = [inner for folder in level for inner in folders_in(folder)]
        limits().check('cameras', len(level), 'folders', source.path)
    return found


def _camera(file: Path, source: Source, hints: Hints) -> str:
    folder, video = folder_name(file), plain_name(camera_in(file.stem))
    deeper = file.parent not in (source.path, *(source.path / name for name in INNER))
    if deeper and source.path.is_dir() and not _MADE.fullmatch(folder):
        return folder
    if video or len(hints.cameras) != 1:
        return video or folder
    return hints.cameras[0]


def _layout(files: Iterable[Path], joints: int | None = None) -> Line | None:
    """What the lines of some files are, None where they are no people's.

    Args:
        files: Some of them.
        joints: How many there are; None where nobody knows.

    Raises:
        OSError: One cannot be read.
    """
    lines = []
    for file in files:
        try:
            lines += [floats(words, Place(file)) for words in lines_of(file)]
        except FileFormatError:
            return None
    counts = {*map(len, lines)}
    fewest = min(counts, default=0)
    if not fewest or max(counts) - fewest > 2 or fewest > _BOX + 3 * MAX_JOINTS:
        return None
    known = [joints] if joints else [*BY_SIZE]
    layouts = [Line(count, size) for size in (3, 2) for count in known]
    # Annotations of other joints have whole numbers where polygons have none.
    layouts += [Line(count, 3) for count in range((fewest - _BOX) // 3, _FEWEST - 1, -1)]
    for line in layouts:
        named = line.joints in known
        if all(0 <= count - line.end <= 2 for count in counts) and _fits(lines, line, named):
            return line
    return None


def _fits(lines: Sequence[np.ndarray], line: Line, known: bool) -> bool:
    """Whether the numbers of lines are a box, joints in it, a confidence and a track.

    Lines of boxes with a track, and outlines of regions as ``x y x y ...``, may have as many.

    Args:
        lines: The numbers.
        line: What they would be.
        known: Whether people have so many joints; else they must be annotations.
    """
    inside = total = 0
    steps: list[float] = []
    turns: list[float] = []
    filled: list[bool] = []
    for values in lines:
        center, size = values[1:3], values[3:5]
        rows = values[_BOX : line.end].reshape(-1, line.size)
        rest = values[line.end :]
        whole = values[0] >= 0 and values[0] == np.floor(values[0])
        shares = (values[1:_BOX] >= 0).all() and (values[1:_BOX] <= 1.01).all()
        scores = rows[:, 2] if line.size == 3 else np.zeros(0)
        flags = np.isin(scores, (0, 1, 2)).all()
        if not whole or not shares or not (flags or ((scores >= 0) & (scores <= 1)).all()):
            return False
        if not all(value == np.floor(value) or 0 <= value <= 1 for value in rest):
            return False
        found = rows[(rows[:, :2] != 0).any(1)][:, :2]
        if not (np.abs(found) <= 2).all() or not (known or flags):
            return False
        inside += int((np.abs(found - center) <= size * 0.75 + 0.01).all(1).sum())
        total += len(found)
        if line.size == 2 and len(found) > 2:
            turns.append(_same_turn(found))
            filled.append(_fills(found, center, size))
        elif line.size == 3 and not flags:
            steps.append(_mean_step(values[1 : line.end - (line.end - 1) % 2].reshape(-1, 2)))
    outline = bool(steps) and float(np.mean(steps)) < _SMOOTH
    if line.size == 2:
        outline = not turns or float(np.mean(turns)) > _ROUND or float(np.mean(filled)) < 0.7
    return total > 0 and inside >= 0.9 * total and not outline


def _fills(joints: np.ndarray, center: np.ndarray, size: np.ndarray) -> bool:
    """Whether joints lie around the middle of a box, and reach out to a good part of it."""
    middle = np.abs(joints.mean(0) - center) <= 0.35 * size + 0.01
    return bool(middle.all() and (np.ptp(joints, axis=0) >= 0.3 * size).all())


def _mean_step(points: np.ndarray) -> float:
    """The mean distance from point to point, as a share of the extent of them all."""
    extent = float(np.linalg.norm(np.ptp(points, axis=0)))
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).mean()) / max(extent, 1e-9)


def _same_turn(points: np.ndarray) -> float:
    """The share of steps that go the same way round the middle of points."""
    around = points - points.mean(0)
    area = around[:-1, 0] * around[1:, 1] - around[:-1, 1] * around[1:, 0]
    return float(max((area > 0).mean(), (area < 0).mean()))


def _person(words: Sequence[str], line: Line, place: Place) -> np.ndarray:
    values = floats(words, place)
    if not 0 <= len(values) - line.end <= 2:
        raise place.error(
            f'has {len(values)} numbers',
            f'{line.end} to {line.end + 2} of a box, {line.joints} joints, confidence and track',
            value=len(values),
            wanted=(line.end, line.end + 2),
            code='wrong-shape',
        )
    rows = values[_BOX : line.end].reshape(-1, line.size)
    found = (rows[:, :2] != 0).any(1)
    scores = rows[:, 2] if line.size == 3 else found.astype(float)
    if scores.max(initial=0) > 1 and np.isin(scores, (0, 1, 2)).all():
        scores = (scores > 0).astype(float)
    return np.concatenate([rows[:, :2], (scores * found)[:, None]], axis=1)

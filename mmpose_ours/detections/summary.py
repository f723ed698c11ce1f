"""What a keypoint file holds, as a table per camera and as sentences on what is odd."""

from __future__ import annotations

from typing import Iterable, NamedTuple, Sequence

import numpy as np

from mmpose_ours.detections.arrays import MAX_SCORE, KeypointFrames

# Of longer lists and names a sentence or a table shows the beginning.
MOST_LISTED, WIDEST = 40, 60


class CameraSummary(NamedTuple):
    """What was found in one camera's images.

    Args:
        camera: Its name.
        frames: Images that were looked at.
        people: All together.
        most: The most in one image.
        joints: Mean number of joints found per person; NaN where there is nobody.
        of: How many joints the skeleton has.
        scores: Least and largest score of a joint that was found; NaN likewise.
    """

    camera: str
    frames: int
    people: int
    most: int
    joints: float
    of: int
    scores: tuple[float, float]


def summarise(detections: KeypointFrames) -> list[CameraSummary]:
    """What was found, by camera in alphabetical order."""
    by_camera: dict[str, list[np.ndarray]] = {}
    for views in detections.values():
        for camera, people in views.items():
            by_camera.setdefault(camera, []).append(people.array)
    rows = []
    for camera in sorted(by_camera):
        everybody = np.concatenate(by_camera[camera])
        scores = everybody[..., 2]
        found = scores > 0
        joints = float(found.sum(-1).mean()) if len(everybody) else np.nan
        least, largest = (
            (scores[found].min(), scores[found].max()) if found.any() else (np.nan,) * 2
        )
        most = max(map(len, by_camera[camera]))
        scope = (float(least), float(largest))
        images, of = len(by_camera[camera]), everybody.shape[1]
        rows.append(CameraSummary(camera, images, len(everybody), most, joints, of, scope))
    return rows


def listed(names: Iterable[str], most: int = MOST_LISTED) -> str:
    """Names for a sentence, of many only the first."""
    names = [name if len(name) <= WIDEST else f'{name[:WIDEST]}...' for name in names]
    more = f' and {len(names) - most} more' if len(names) > most else ''
    return ', '.join(names[:most]) + more


def table(rows: Sequence[CameraSummary]) -> list[str]:
    """Lines to print."""
    width = min(max([6, *(len(row.camera) for row in rows)]), WIDEST + 3)
    of = max((row.of for row in rows), default=0)
    head = f'joints of {of}'
    lines = [f'{"camera":{width}s}  frames  people  most  {head:>12s}  scores']
    for row in rows:
        scores = '-' if np.isnan(row.scores[0]) else f'{row.scores[0]:.2f} to {row.scores[1]:.2f}'
        joints = '-' if np.isnan(row.joints) else f'{row.joints:.1f}'
        name = listed([row.camera])
        lines.append(
            f'{name:{width}s}  {row.frames:6d}  {row.people:6d}  {row.most:4d}  {joints:>12s}'
            f'  {scores}'
        )
    return lines


def oddities(detections: KeypointFrames, cameras: Sequence[str] = ()) -> list[str]:
    """Sentences on what a user should know before going on.

    Args:
        detections: As read.
        cameras: Those that are wanted; empty where all are.
    """
    rows = summarise(detections)
    sentences = []
    extra = [row.camera for row in rows if cameras and row.camera not in cameras]
    if extra:
        sentences.append(
            f'{listed(extra)} left out: not among the cameras asked for or calibrated '
            f'({listed(cameras)})'
        )
    counts = {row.frames for row in rows}
    if len(counts) > 1:
        each = listed(f'{row.camera} {row.frames}' for row in rows)
        shared = sum(len(views) == len(rows) for views in detections.values())
        sentences.append(
            f'cameras have different numbers of frames ({each}); frames are matched by the number '
            f'in the file name, and {shared} of {len(detections)} are there for every camera'
        )
    nobody = [row.camera for row in rows if np.isnan(row.scores[0])]
    if nobody:
        sentences.append(f'nobody was found in any image of {listed(nobody)}')
    high = [row.camera for row in rows if row.scores[1] > MAX_SCORE]
    if high:
        sentences.append(
            f'scores of {listed(high)} exceed {MAX_SCORE:g}; write them between 0 and 1'
        )
    return sentences

"""The ground truth of Campus and Shelf: ``actorsGT.mat``."""

from __future__ import annotations

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.matfiles import read_mat

_JOINTS = 14
# Metres; a person's joints span at least and at most this much.
_SPAN_M = (0.3, 5.0)
_FAR_M = 1e6


def read_actors(path: PathLike) -> np.ndarray:
    """Read the annotated people of Campus or Shelf.

    The file holds ``actor3D``: per actor a cell array over all frames, each cell a (14, 3)
    array in metres or empty where the actor is not annotated.

    Args:
        path: ``actorsGT.mat``.

    Returns:
        (F, A, 14, 3) mm in the skeleton ``campus14``, z up; NaN where an actor is absent.
        The frame index counts from 0, as the image files do.

    Raises:
        FileFormatError: The file is no such MATLAB file, or is not in metres.
        FileNotFoundError: There is no such file.
    """
    try:
        variables = read_mat(path, ['actor3D'])
    except FileFormatError as error:
        raise error.reworded(
            FileFormatError, f'{error}, or take actorsGT.mat as the data set ships it', file=path
        ) from error
    if 'actor3D' not in variables:
        raise FileFormatError(
            f'{path}: has no variable actor3D; take actorsGT.mat as the data set ships it',
            code='missing-value',
            file=path,
            expected='actor3D',
        )
    actors = [_cells(cell) for cell in np.ravel(np.asarray(variables['actor3D'], dtype=object))]
    lengths = sorted({len(actor) for actor in actors})
    if len(lengths) != 1 or any(actor.dtype != object for actor in actors):
        raise FileFormatError(
            f'{path}: actor3D must hold one cell per frame for each actor, as many for all; '
            f'found {lengths} cells',
            code='wrong-shape',
            file=path,
            found=lengths,
        )
    limits().check('frames', lengths[0], 'frames', path)
    truth = np.full((lengths[0], len(actors), _JOINTS, 3), np.nan)
    for index, actor in enumerate(actors):
        for frame, cell in enumerate(actor):
            pose = _unwrap(cell)
            if pose.size == 0:
                continue
            if pose.shape != (_JOINTS, 3) or pose.dtype.kind not in 'fiu':
                raise FileFormatError(
                    f'{path}: actor {index + 1}, frame {frame}: expected 14 x 3 numbers or '
                    f'nothing, found {pose.dtype} of shape {pose.shape}',
                    code='wrong-shape',
                    file=path,
                    frame=frame,
                    found=pose.shape,
                    expected=(_JOINTS, 3),
                )
            truth[frame, index] = pose
            if (np.abs(truth[frame, index]) > _FAR_M).any():
                farthest = float(np.nanmax(np.abs(truth[frame, index])))
                raise FileFormatError(
                    f'{path}: actor {index + 1}, frame {frame}: expected metres, found '
                    f'{farthest:g}',
                    code='out-of-range',
                    file=path,
                    frame=frame,
                    found=farthest,
                    expected=_FAR_M,
                )
    _require_metres(path, truth)
    return truth * 1000.0


def _cells(actor: np.ndarray) -> np.ndarray:
    """One actor's frames, (F,) cells, out of the one-element cells around them."""
    cells = np.asarray(actor)
    while _wraps_array(cells) and cells.item().dtype == object:
        cells = cells.item()
    return cells.ravel()


def _unwrap(cell: np.ndarray) -> np.ndarray:
    """Take an array out of the one-element cells around it."""
    cell = np.asarray(cell)
    while _wraps_array(cell):
        cell = cell.item()
    return cell


def _wraps_array(cell: np.ndarray) -> bool:
    return cell.dtype == object and cell.size == 1 and isinstance(cell.item(), np.ndarray)


def _require_metres(path: PathLike, truth: np.ndarray) -> None:
    poses = truth[np.isfinite(truth).all((-1, -2))]
    if not len(poses):
        return
    span = float(np.median(np.ptp(poses, axis=1).max(-1)))
    if not _SPAN_M[0] <= span <= _SPAN_M[1]:
        raise FileFormatError(
            f'{path}: people span {span:g} where metres were expected; scale actor3D to metres',
            code='out-of-range',
            file=path,
            found=span,
            expected=_SPAN_M,
        )

"""Skeletons of files that do not name their joints: by the number of joints, tested on the people.

Under a wrong order of joints a forearm may go from a knee to a shoulder, and knees lie above hips.
:func:`distortion` measures that, every skeleton that is known to have so many joints is tried, and
one under which nearly everybody looks much more like a person contradicts the usual one.
"""

from __future__ import annotations

import itertools
from typing import Callable, Iterable, Sequence

import numpy as np

from mmpose_ours.detections.arrays import finite
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.text import argument

# Most tools name their skeleton nowhere in the file: the number of joints tells it.
BY_SIZE = {
    17: 'coco17',
    18: 'coco18',
    25: 'body25',
    26: 'halpe26',
    33: 'blazepose33',
    133: 'coco_wholebody',
    136: 'halpe136',
}
# Lengths of an adult's limbs (mm) between the joints of one side, and of what may be shortened by
# turning, between those of both sides.
_LIMBS = {('shoulder', 'elbow'): 300, ('elbow', 'wrist'): 260, ('hip', 'knee'): 420,
          ('knee', 'ankle'): 420, ('shoulder', 'hip'): 500}  # fmt: skip
_WIDTHS = {'shoulder': 350, 'hip': 260}
# A length that is off by more than this factor, e^1.5, is as wrong as one can be.
MAX_OFF = 1.5
# So many limbs of a person must have been found.
MIN_LIMBS = 5
# Distortions of real people are around 0.25, and above 0.7 for few.
MAX_DISTORTION = 0.7
# Another skeleton contradicts the usual one if the distortion is less by this amount for this share
# of the people, of at least so many, who under the usual one are distorted at least this much.
MIN_GAIN, MIN_SHARE, MIN_PEOPLE, MIN_DISTORTION = 0.1, 0.8, 5, 0.4
# As many people are looked at, from all of a recording, and so many where each costs a file.
MOST_PEOPLE, ENOUGH_PEOPLE = 1000, 50
_PREFIX = 'unnamed'


def unnamed(count: int) -> Skeleton:
    """A skeleton of joints that nothing names, until :func:`named_by_people` does."""
    return Skeleton(f'{_PREFIX}{count}', tuple(map(str, range(count))))


def is_unnamed(skeleton: Skeleton) -> bool:
    """Whether nothing has named these joints."""
    return skeleton.name == f'{_PREFIX}{len(skeleton)}' and skeleton.joints[:1] == ('0',)


def skeletons_of_size(count: int) -> list[Skeleton]:
    """The known skeletons of so many joints, the usual one first."""
    usual = BY_SIZE.get(count)
    fitting = [skeleton for skeleton in SKELETONS.values() if len(skeleton) == count]
    return sorted(fitting, key=lambda skeleton: skeleton.name != usual)


def named_by_people(
    people: np.ndarray, where: PathLike, say: Callable[[str], None], also: Sequence[str] = ()
) -> Skeleton:
    """The skeleton of people whose joints nothing names.

    Args:
        people: (N, J, 3) ``u, v, score``; some known skeleton has J joints.
        where: Where they come from, for messages.
        say: Takes a sentence if the number of joints leaves a choice.
        also: Skeletons that the tool writes as well, which are taken where they fit better.

    Raises:
        FileFormatError: The people clearly contradict the usual skeleton (``ambiguous``);
            ``found`` is its name, ``expected`` that of the one that fits. Or no skeleton is usual
            for so many joints (``wrong-shape``).
    """
    usual, *others = skeletons_of_size(people.shape[1])
    people = people[:: max(1, len(people) // MOST_PEOPLE)]
    if people.shape[1] not in BY_SIZE:
        raise _nothing_usual([usual, *others], people, where)
    distorted = distortion(usual, people)
    for name in also:
        gain = distorted - distortion(SKELETONS[name], people)
        if (gain[np.isfinite(gain)] > 0).sum() * 2 > np.isfinite(gain).sum():
            say(
                f'{where}: people look like people with the joints of {name}, not of {usual.name}; '
                f'for others give {argument("skeleton")}'
            )
            return SKELETONS[name]
    best = _contradicts(others, people, distorted)
    if best is not None:
        raise FileFormatError(
            f'{where}: nothing in the files names their {len(usual)} joints, and as those of '
            f'{usual.name} they form no people, but as those of {best.name} they do; give '
            f'{argument("skeleton", best.name)} (or {usual.name}, if the people are that unusual)',
            code='ambiguous',
            file=where,
            found=usual.name,
            expected=best.name,
        )
    known = distorted[np.isfinite(distorted)]
    odd = len(known) >= MIN_PEOPLE and float(np.median(known)) > MAX_DISTORTION
    if others or odd:
        names = f' ({", ".join(other.name for other in others)})' if others else ''
        say(
            f'{where}: {len(usual)} joints that nothing names are taken for those of {usual.name}'
            f'{", though people look unusual then" if odd else ""}; for others give '
            f'{argument("skeleton")}{names}'
        )
    return usual


def skeleton_of_bodies(
    bodies: Iterable[np.ndarray], where: PathLike, say: Callable[[str], None]
) -> Skeleton | None:
    """The skeleton of bodies that may have hands and a face beside them, by the first people.

    OpenPose's BODY_25 and BODY_25B both have 25 joints, and the people tell which it is.

    Args:
        bodies: (J, 3) each, the first of them from all over the recording.
        where: See :func:`named_by_people`.
        say: Likewise.

    Returns:
        None where there is nobody, or no tool leaves so many joints unnamed.

    Raises:
        FileFormatError: As there.
    """
    first = list(itertools.islice(bodies, ENOUGH_PEOPLE))
    count = len(first[0]) if first else 0
    if count not in BY_SIZE:
        return None
    same = finite(np.stack([body for body in first if len(body) == count]))
    return named_by_people(same, where, say, also=('body25b',) if count == 25 else ())


def contradiction(skeleton: Skeleton, people: np.ndarray, where: PathLike) -> str:
    """A sentence on joints that were named, and under whose names people do not look like people.

    Args:
        skeleton: The joints as the user has named them.
        people: (N, J, 3) ``u, v, score``.
        where: See :func:`named_by_people`.

    Returns:
        '' where no other known skeleton of as many joints fits much better.
    """
    people = people[:: max(1, len(people) // MOST_PEOPLE)]
    others = [other for other in skeletons_of_size(len(skeleton)) if other != skeleton]
    best = _contradicts(others, people, distortion(skeleton, people))
    if best is None:
        return ''
    return (
        f'{where}: with the joints of {skeleton.name}, as {argument("skeleton")} says, people do '
        f'not look like people, and with those of {best.name} they do; give '
        f'{argument("skeleton", best.name)} unless they are that unusual'
    )


def _nothing_usual(
    skeletons: Sequence[Skeleton], people: np.ndarray, where: PathLike
) -> FileFormatError:
    """No tool leaves so many joints unnamed: says which of the known skeletons the people fit."""
    distorted = (distortion(each, people) for each in skeletons)
    known = [float(np.median(own[np.isfinite(own)])) if np.isfinite(own).any() else np.inf
             for own in distorted]  # fmt: skip
    ranked = [skeletons[at] for at in np.argsort(known, kind='stable')]
    best, names = ranked[0], ', '.join(each.name for each in ranked)
    fits = min(known) < MAX_DISTORTION
    return FileFormatError(
        f'{where}: has people of {len(best)} joints that nothing names'
        + (f', and they look like people with those of {best.name}' if fits else '')
        + f'; give {argument("skeleton", best.name if fits else None)} (known are {names}; for '
        'others give a file of its METAINFO)',
        code='wrong-shape',
        file=where,
        found=len(best),
        expected=list(BY_SIZE),
    )


def _contradicts(
    others: Sequence[Skeleton], people: np.ndarray, distorted: np.ndarray
) -> Skeleton | None:
    """The skeleton under which nearly everybody looks much more like a person, if there is one."""
    best, least = None, np.inf
    for other in others:
        mine = distortion(other, people)
        both = np.isfinite(mine) & np.isfinite(distorted)
        if both.sum() < MIN_PEOPLE or np.median(distorted[both]) < MIN_DISTORTION:
            continue
        share = (distorted[both] - mine[both] > MIN_GAIN).mean()
        median = float(np.median(mine[both]))
        if share >= MIN_SHARE and median < min(least, MAX_DISTORTION):
            best, least = other, median
    return best


def distortion(skeleton: Skeleton, people: np.ndarray) -> np.ndarray:
    """How little people look like people under a skeleton's names.

    The mean logarithm of the factor by which limbs differ from those of an adult of the person's
    size, and how far shoulders, hips, knees and ankles are from following each other in one
    direction (0 to 1), added.

    Args:
        skeleton: With shoulders, elbows, wrists, hips, knees and ankles.
        people: (N, J, 3) ``u, v, score``.

    Returns:
        (N,) distortions, 0 is best; NaN for those of whom too little was found.
    """
    uv = np.where(people[..., 2:] > 0, people[..., :2], np.nan).astype(np.float64)
    ends = [(f'{side}_{a}', f'{side}_{b}') for a, b in _LIMBS for side in ('left', 'right')]
    ends += [(f'left_{part}', f'right_{part}') for part in _WIDTHS]
    if not {joint for pair in ends for joint in pair} <= set(skeleton.joints):
        return np.full(len(people), np.nan)
    limbs = 2 * len(_LIMBS)
    expected = np.log([*np.repeat([*_LIMBS.values()], 2), *_WIDTHS.values()])
    indices = np.array([skeleton.index(*pair) for pair in ends])
    lengths = np.linalg.norm(uv[:, indices[:, 0]] - uv[:, indices[:, 1]], axis=-1)
    enough = np.isfinite(lengths[:, :limbs]).sum(-1) >= MIN_LIMBS
    result = np.full(len(people), np.nan)
    if not enough.any():
        return result
    off = np.log(np.maximum(lengths[enough], 1e-3)) - expected
    off -= np.nanmedian(off[:, :limbs], axis=1, keepdims=True)
    off[:, limbs:] = np.maximum(off[:, limbs:], 0.0)  # a turned person is narrow, not wide
    result[enough] = np.nanmean(np.minimum(np.abs(off), MAX_OFF), axis=1)
    pairs = [skeleton.index(*(f'{side}_{part}' for side in ('left', 'right')))
             for part in ('shoulder', 'hip', 'knee', 'ankle')]  # fmt: skip
    steps = np.diff(uv[enough][:, np.array(pairs)].mean(2), axis=1)
    length = np.linalg.norm(steps, axis=-1)
    with np.errstate(invalid='ignore', divide='ignore'):
        turns = (steps[:, 1:] * steps[:, :-1]).sum(-1) / (length[:, 1:] * length[:, :-1])
    bent = (1 - turns) / 2
    known = np.isfinite(bent)
    result[enough] += np.where(known, bent, 0.0).sum(1) / np.maximum(known.sum(1), 1)
    return result

"""Left and right exchanged, as the other views tell.

A view does not judge itself: its joints are compared with where the others have the point.
Whether a pair of limbs is exchanged can be determined only where left and right lie apart in the
image, so shares are of those.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.noise_estimation.joint_errors import START_OUTLIER, ErrorModel, Rays, agree
from mmpose_ours.structures.skeletons import SKELETONS

COCO17 = SKELETONS['coco17']
PAIRS = ('eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
# What may be exchanged together; the legs with the hips and without.
GROUPS = {
    'arms': ('elbow', 'wrist'),
    'legs': ('knee', 'ankle'),
    'legs and hips': ('hip', 'knee', 'ankle'),
    'whole': PAIRS,
}
# Of people with limbs exchanged, as DetectorNoise draws them: one in three each of the groups.
OF_ALL_SWAPS = {'arms': 1 / 3, 'legs': 2 / 3}
LEFT = np.array(COCO17.index(*(f'left_{name}' for name in PAIRS)))
RIGHT = np.array(COCO17.index(*(f'right_{name}' for name in PAIRS)))
# Log likelihood ratios: what an exchange must win by, what one pair may say at most, and from
# where on a true exchange would win nearly always.
WINS_BY, SAYS_AT_MOST, TELLS_FROM = 6.0, 30.0, 25.0
# Of guessing where the other views have a joint.
ROUNDS = 8
# No two views agree better than this, whatever the fit says: it keeps calm with bad rigs.
LEAST_SPREAD = 0.008


@dataclasses.dataclass(frozen=True, eq=False)
class Swaps:
    """Who is exchanged where.

    Args:
        source: (V, N, 17) the joint whose place each joint has.
        limbs: (swapped, of) pairs of limbs of people in a view.
        whole: (swapped, of) people in a view.
    """

    source: np.ndarray
    limbs: dict[str, tuple[int, int]]
    whole: tuple[int, int]

    @property
    def limb_share(self) -> float:
        """People in a view with a pair of limbs exchanged.

        The faults exchange arms or legs at fixed odds, so that both tell the one number.
        """
        swapped = sum(count for count, _ in self.limbs.values())
        decidable = sum(OF_ALL_SWAPS[name] * of for name, (_, of) in self.limbs.items())
        return float(swapped / max(decidable, 1))

    @property
    def whole_share(self) -> float:
        """People in a view with all joints exchanged."""
        return self.whole[0] / max(self.whole[1], 1)


def find_swaps(rays: Rays, model: ErrorModel) -> Swaps:
    """Find exchanged limbs in each view of each person.

    A view that is exchanged misleads the others about where the point is, so that a right one
    may look wrong. The surest exchange of each person is put right first, and the rest is asked
    again.

    Args:
        rays: V views of N people, linearised where the views agree.
        model: What errors look like.
    """
    gains, tells = _gains(rays, model)
    # Before anything is put right, this depends on the other views alone. What is decided only
    # because another's exchange was found is hardly ever exchanged.
    can_tell = _can_tell(tells)
    group = np.full(can_tell.shape[1:], -1)
    asked = np.arange(group.shape[1])
    while True:
        best = np.where(group[:, asked] < 0, gains.max(0), 0.0)
        surest = (best == best.max(0)) & (best > WINS_BY)
        group[:, asked] = np.where(surest, gains.argmax(0), group[:, asked])
        asked = asked[surest.any(0)]
        if not len(asked):
            break
        gains, _ = _gains(_exchanged(rays.of_people(asked), _sources(group[:, asked])), model)

    def count(*numbers: int) -> tuple[int, int]:
        decidable = can_tell[numbers[0]]
        return int((np.isin(group, numbers) & decidable).sum()), int(decidable.sum())

    return Swaps(_sources(group), {'arms': count(0), 'legs': count(1, 2)}, count(3))


def _gains(rays: Rays, model: ErrorModel) -> tuple[np.ndarray, np.ndarray]:
    """What exchanging each group would gain, and what it could: 2 times (4, V, N)."""
    place, variance, decidable = _estimated_by_others(rays, model)
    size = np.maximum(rays.size_px, 1e-9)[..., None, None]
    found_at = rays.offset_px / size  # both from the projected point
    apart = _apart(rays, size)
    decidable_pair = decidable[..., LEFT] & decidable[..., RIGHT]
    tau2 = np.maximum((variance[..., LEFT] + variance[..., RIGHT]) / 2, LEAST_SPREAD**2)
    left, right = found_at[..., LEFT, :], found_at[..., RIGHT, :]
    to_left, to_right = place[..., LEFT, :], place[..., RIGHT, :]

    def cost(gap: np.ndarray) -> np.ndarray:
        return np.minimum((gap**2).sum(-1) / tau2, SAYS_AT_MOST)

    # Pixels of the right joint count from its own point, which is `apart` from the left one's.
    as_is = cost(left - to_left) + cost(right - to_right)
    swapped = cost(left - apart - to_right) + cost(right + apart - to_left)
    between = apart + to_right - to_left
    gain = np.where(decidable_pair, (as_is - swapped) / 2, 0.0)
    tells = np.where(decidable_pair, np.minimum((between**2).sum(-1) / tau2, SAYS_AT_MOST), 0.0)
    of = np.array([[pair in group for pair in PAIRS] for group in GROUPS.values()], float)
    by_group = [np.stack([(says * row).sum(-1) for row in of]) for says in (gain, tells)]
    return by_group[0], by_group[1]


def _can_tell(tells: np.ndarray) -> np.ndarray:
    """(4, V, N) bool, where a swap can be distinguished from none, and limbs from the whole."""
    *_, whole = tells
    rest = whole - tells[:-1]  # what the pairs beside a limb say, whether they go with it
    others = np.concatenate([rest, rest.min(0, keepdims=True)])
    return np.minimum(tells, others) >= TELLS_FROM


def _exchanged(rays: Rays, source: np.ndarray) -> Rays:
    """The same views where each joint (V, N, 17) has the pixel of another."""
    pixel = rays.projected_px + rays.offset_px
    pixel = np.take_along_axis(pixel, source[..., None], axis=2)
    found = np.take_along_axis(rays.found, source, axis=2)
    offset = np.where(found[..., None], pixel - rays.projected_px, 0.0)
    return dataclasses.replace(rays, offset_px=offset, found=found)


def _sources(group: np.ndarray) -> np.ndarray:
    """(V, N, 17) the joint whose place each joint has, from the number (V, N) of a group."""
    source = np.broadcast_to(np.arange(17), (*group.shape, 17)).copy()
    for number, pairs in enumerate(GROUPS.values()):
        joints = COCO17.index(*(f'{side}_{pair}' for side in ('left', 'right') for pair in pairs))
        who = np.nonzero(group == number)
        source[who[0][:, None], who[1][:, None], joints] = np.array(COCO17.flip_order)[joints]
    return source


def _estimated_by_others(
    rays: Rays, model: ErrorModel
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the other views have each joint, how sure one can be, and whether enough of them do.

    Returns:
        (V, N, 17, 2) from the projected point, in sizes; (V, N, 17) variance along an axis of
        the gap to a found joint; (V, N, 17) bool. Nothing of it depends on where the view
        itself found the joint.
    """
    # Two may be misled together: on cameras of one height, the wrong wrist fits well too.
    needed = min(3, len(rays.found) - 1)
    place = np.zeros_like(rays.offset_px)
    variance, decidable = np.full(rays.found.shape, np.inf), np.zeros_like(rays.found)
    for view, slope in enumerate(rays.slope):
        found = rays.found.copy()
        found[view] = False
        others = dataclasses.replace(rays, found=found)
        outlier = np.full(found.shape, START_OUTLIER)
        for _ in range(ROUNDS):
            agreement = agree(others, model, outlier)
            outlier = agreement.outlier
        size = np.maximum(rays.size_px[view], 1e-9)[:, None]
        place[view] = (slope @ agreement.step_mm[..., None])[..., 0] / size[..., None]
        doubt = np.einsum('njai,njik,njak->nj', slope, agreement.covariance, slope) / 2
        variance[view] = doubt / size**2 + model.spread**2
        decidable[view] = rays.found[view] & (((outlier < 0.5) & found).sum(0) >= needed)
    return place, variance, decidable


def _apart(rays: Rays, size: np.ndarray) -> np.ndarray:
    """(V, N, 8, 2) from the projected left joint to the right one, in sizes."""
    return (rays.projected_px[..., RIGHT, :] - rays.projected_px[..., LEFT, :]) / size

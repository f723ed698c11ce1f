"""The class of skeletons: named, ordered joints and how they belong together."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from mmpose_ours.errors import InputError


@dataclasses.dataclass(frozen=True)
class Skeleton:
    """A named, ordered list of joints, of people or of anything else.

    Args:
        name: The skeleton's name, a key of :data:`~mmpose_ours.structures.skeletons.SKELETONS`
            for those that this package knows.
        joints: Joint names, each once.
        limbs: Pairs of joint names that a drawing connects.
        root: Joints whose mean is the place of the whole (of people the middle of the hips);
            none takes the mean of all joints.
        pairs: Pairs of joints that a mirror exchanges. None goes by names that begin with
            ``left_`` and ``right_``.
        sigmas: COCO's standard deviation of annotation per joint, as a share of the object's
            scale; None where nobody measured it.

    Raises:
        InputError: A joint is there twice, or a limb, pair or root names an unknown joint.

    Examples:
        >>> arm = Skeleton('arm', ('shoulder', 'elbow', 'wrist'), (('shoulder', 'elbow'),))
        >>> len(arm), arm.index('elbow', 'wrist')
        (3, [1, 2])
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[str, str], ...] = ()
    root: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] | None = None
    sigmas: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        twice = sorted({joint for joint in self.joints if self.joints.count(joint) > 1})
        if twice:
            raise InputError(
                f'skeleton {self.name}: joint {twice[0]!r} is there twice',
                code='duplicate',
                found=twice[0],
            )
        self.index(*self.root, *(joint for pair in self.limbs for joint in pair))
        self.index(*(joint for pair in self.pairs or () for joint in pair))
        if self.sigmas is not None and len(self.sigmas) != len(self.joints):
            raise InputError(
                f'skeleton {self.name}: {len(self.sigmas)} sigmas for {len(self.joints)} joints',
                code='wrong-shape',
                found=len(self.sigmas),
                expected=len(self.joints),
            )

    def __repr__(self) -> str:
        return f'<Skeleton {self.name} of {len(self)} joints>'

    def __len__(self) -> int:
        return len(self.joints)

    @functools.cached_property
    def _places(self) -> dict[str, int]:
        return {joint: index for index, joint in enumerate(self.joints)}

    def index(self, *names: str) -> list[int]:
        """Positions of the named joints.

        Raises:
            InputError: The skeleton has no such joint.
        """
        missing = [name for name in names if name not in self._places]
        if missing:
            raise InputError(
                f'{self.name} has no joint {", ".join(missing)}',
                code='unknown-name',
                found=missing,
                expected=list(self.joints),
            )
        return [self._places[name] for name in names]

    @functools.cached_property
    def flip_order(self) -> list[int]:
        """Permutation that exchanges left and right."""
        pairs = self.pairs
        if pairs is None:
            lefts = [joint for joint in self.joints if joint.startswith('left_')]
            pairs = tuple((left, f'right_{left[5:]}') for left in lefts)
        other = dict(pairs)
        other.update({right: left for left, right in pairs})
        return self.index(*(other.get(joint, joint) for joint in self.joints))

    @functools.cached_property
    def limb_indices(self) -> np.ndarray:
        """(L, 2) index pairs of ``limbs``."""
        return np.array([self.index(*limb) for limb in self.limbs], int).reshape(-1, 2)

    def root_of(self, poses: np.ndarray) -> np.ndarray:
        """Mean of the root joints: (..., J, D) to (..., D)."""
        return np.asarray(poses)[..., self.index(*(self.root or self.joints)), :].mean(-2)

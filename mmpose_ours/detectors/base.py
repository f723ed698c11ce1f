"""What every detector offers, and what all of them need."""

from __future__ import annotations

from typing import Protocol, Sequence

import numpy as np

from mmpose_ours.structures.skeleton import Skeleton


class Detector(Protocol):
    """Finds people in images.

    Attributes:
        name: What it is; with ``version`` it tells whether keypoints are still those that it
            would find.
        version: Of its package and model, with every setting that changes what it finds.
        skeleton: The joints that it finds.
    """

    name: str
    version: str
    skeleton: Skeleton

    def detect(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Find the people of each image.

        Args:
            images: (H, W, 3) BGR uint8 each, of any sizes; grey and 16 bit are taken as well.

        Returns:
            Per image (P, J, 3) float32: ``u, v, score`` in pixels of the image, score 0 where a
            joint was not found.
        """
        ...


def within(people: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """People with joints outside of the image not found, without those who have none left.

    Args:
        people: (P, J, 3) ``u, v, score``.
        size: (width, height) of the image.
    """
    people = np.asarray(people, np.float32)
    uv, score = people[..., :2], people[..., 2]
    inside = ((uv >= -0.5) & (uv < np.array(size) - 0.5)).all(-1) & (score > 0)
    people = np.where((inside & np.isfinite(people).all(-1))[..., None], people, 0.0)
    return people[inside.any(-1)].astype(np.float32)

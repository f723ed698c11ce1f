"""What datasets of invented people have in common: items are made when asked for."""

from __future__ import annotations

from typing import Any, Iterator, Sequence

import numpy as np
from mmengine.dataset import BaseDataset

from mmpose_ours.synthetic import Crowd


class InventedDataset(BaseDataset):
    """Stores nothing; subclasses set ``num_samples`` and invent in ``get_data_info``."""

    num_samples: int

    def load_data_list(self) -> list[dict]:
        """Nothing is stored."""
        return []

    def __len__(self) -> int:
        return self.num_samples

    def __iter__(self) -> Iterator[dict]:
        """One epoch; without this, a loop over the dataset would never end."""
        return (self[index] for index in range(len(self)))


def items_of(
    indices: Sequence[int], crowd: Crowd, detections: Sequence[np.ndarray], **more: Any
) -> dict[int, dict]:
    """Items by index.

    Args:
        indices: Of N scenes.
        crowd: The scenes.
        detections: Of each scene (V, P, J, 3) ``u, v, score``.
        **more: What all items have.
    """
    return {
        index: dict(
            frame_id=index,
            sample_idx=index,
            keypoints_2d=keypoints,
            keypoints_3d=scene.poses.astype(np.float32),
            visible=scene.visible.copy(),
            **more,
        )
        for index, scene, keypoints in zip(indices, crowd.split(), detections)
    }

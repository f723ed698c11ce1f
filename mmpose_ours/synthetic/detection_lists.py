"""Flat lists of the detections of many scenes and views, and arrays by view made of them."""

from __future__ import annotations

import numpy as np


def with_enough_joints(
    min_joints: int, *groups: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keep the detections with at least ``min_joints`` joints.

    Args:
        min_joints: A joint counts if its score is not 0.
        *groups: Each (N, V, J, 3) detections, (N,) scene indices and (N, V) sort keys.

    Returns:
        (D, J, 3) detections, (D,) view indices ``scene * V + view``, and (D,) sort keys.
    """
    detections, views, orders = [], [], []
    for keypoints, scene, order in groups:
        person, view = np.nonzero(np.count_nonzero(keypoints[..., 2], axis=-1) >= min_joints)
        detections.append(keypoints[person, view])
        views.append(scene[person] * keypoints.shape[1] + view)
        orders.append(order[person, view])
    return np.concatenate(detections), np.concatenate(views), np.concatenate(orders)


def swap_joints(
    uv: np.ndarray, found: np.ndarray, person: np.ndarray, view: np.ndarray, source: np.ndarray
) -> None:
    """Replace joints by other joints of the same person, in place.

    Args:
        uv: (2, N, V, J) pixels.
        found: (N, V, J) bool.
        person: (M,) indices of the people to change,
        view: (M,) in these views.
        source: (M, J) for each joint the index of the joint whose values it gets.
    """
    uv[:, person, view] = uv[:, person[:, None], view[:, None], source]
    found[person, view] = found[person[:, None], view[:, None], source]


def by_view(
    keypoints: np.ndarray, views: np.ndarray, order: np.ndarray, shape: tuple[int, int]
) -> list[np.ndarray]:
    """Group detections by view, each view sorted by ``order``, padded per scene with zeros.

    Args:
        keypoints: (D, J, 3) detections.
        views: (D,) view indices ``scene * V + view``.
        order: (D,) sort keys.
        shape: (S, V).

    Returns:
        S arrays (V, P, J, 3) float32; P is the largest number of detections of a view of the
        scene.
    """
    sorting = np.lexsort((order, views))
    keypoints, views = keypoints[sorting], views[sorting]
    counts = np.bincount(views, minlength=shape[0] * shape[1])
    rank = np.arange(len(views)) - (np.cumsum(counts) - counts)[views]
    max_counts = counts.reshape(shape).max(1)
    result = np.zeros(
        (counts.size, max_counts.max(initial=0), *keypoints.shape[1:]), dtype=np.float32
    )
    result[views, rank] = keypoints
    return [
        scene[:, :max_count].copy()
        for scene, max_count in zip(result.reshape(*shape, *result.shape[1:]), max_counts)
    ]

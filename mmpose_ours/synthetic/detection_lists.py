"""Detections of many people and views as lists, and back into views."""

from __future__ import annotations

import numpy as np


def with_enough_joints(
    min_joints: int, *finds: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Detections with so many joints, of several (N, V, 17, 3), (N,) scenes, (N, V) orders.

    Returns:
        (D, 17, 3) detections, (D,) where they are (scene * V + view), (D,) orders.
    """
    detections, views, orders = [], [], []
    for keypoints, scene, order in finds:
        person, view = np.nonzero(np.count_nonzero(keypoints[..., 2], axis=-1) >= min_joints)
        detections.append(keypoints[person, view])
        views.append(scene[person] * keypoints.shape[1] + view)
        orders.append(order[person, view])
    return np.concatenate(detections), np.concatenate(views), np.concatenate(orders)


def exchange(
    uv: np.ndarray, found: np.ndarray, person: np.ndarray, view: np.ndarray, source: np.ndarray
) -> None:
    """Give joints the places of others: (2, N, V, 17) pixels, of (M,) people in (M,) views."""
    uv[:, person, view] = uv[:, person[:, None], view[:, None], source]
    found[person, view] = found[person[:, None], view[:, None], source]


def arranged(
    keypoints: np.ndarray, views: np.ndarray, order: np.ndarray, shape: tuple[int, int]
) -> list[np.ndarray]:
    """Sort detections into views, each view's by ``order``, padded per scene with zeros.

    Args:
        keypoints: (D, 17, 3).
        views: (D,) scene * V + view.
        order: (D,).
        shape: (S, V).

    Returns:
        S arrays (V, P, 17, 3) float32, P the scene's largest count over the views.
    """
    by_view = np.lexsort((order, views))
    keypoints, views = keypoints[by_view], views[by_view]
    counts = np.bincount(views, minlength=shape[0] * shape[1])
    rank = np.arange(len(views)) - (np.cumsum(counts) - counts)[views]
    most = counts.reshape(shape).max(1)
    result = np.zeros((counts.size, most.max(initial=0), 17, 3), dtype=np.float32)
    result[views, rank] = keypoints
    return [
        view[:, :people].copy()
        for view, people in zip(result.reshape(*shape, *result.shape[1:]), most)
    ]

"""CMU Panoptic's pizza1: crowded, cropped, distorted; beside another system's tracks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.ours_side import collate
from mmpose_ours.io.json_files import read_json
from mmpose_ours.predictions.reading import to_z_up
from mmpose_ours.scope import DATASETS, MODELS

# A track's person counts as found within this, over the joints that both have.
FOUND_MM = 500.0


def pizza1(folder: Path) -> dict[str, Any]:
    """How far :class:`TriangulatePose` is from the reference tracks.

    The tracks are no truth: they have two to four of four to five people, and half the joints.
    """
    files = dict(data_root=str(folder), keypoint_file='pred_pizza1_openpose_coco.pkl')
    dataset = DATASETS.build(dict(type='OursDataset', test_mode=True, **files))
    tracks = read_json(folder / 'reference_tracks.json')['frames']
    model = MODELS.build(dict(type='TriangulatePose', proposals=dict(max_pairs=64))).eval()
    distances: list[float] = []
    found = people = 0
    seconds, counts = 0.0, []
    for item in dataset:
        poses = [_pose(track) for track in tracks.get(str(item['data_samples'].frame_id), [])]
        start = time.process_time()
        with torch.no_grad():
            result = model.test_step(collate([item]))[0].pred_instances.keypoints_3d.numpy()
        seconds += time.process_time() - start
        counts.append(len(result))
        people += len(poses)
        for pose in poses:
            apart = np.linalg.norm(result - pose, axis=-1)
            known = np.isfinite(pose).all(-1)
            nearest = apart[:, known].mean(1)
            if len(result) and nearest.min() < FOUND_MM:
                found += 1
                distances += apart[nearest.argmin(), known].tolist()
    return dict(
        found=found / people,
        median_mm=float(np.median(distances)),
        people_per_frame=float(np.mean(counts)),
        tracks_per_frame=people / len(dataset),
        ms_per_frame=seconds / len(dataset) * 1e3,
    )


def _pose(track: dict) -> np.ndarray:
    """(17, 3) mm, z up; NaN where missing."""
    pose = [joint or [np.nan] * 3 for joint in track['pose']]
    return to_z_up(np.array(pose, dtype=float), '-y')

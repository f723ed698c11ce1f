"""A model on the real Shelf: every choice of cameras, detections taken away, with intervals.

The labels are of frames 300 to 549 only, and neighbouring frames are alike: intervals come from
a bootstrap over blocks of frames.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import time
import warnings
from pathlib import Path
from typing import Any, Callable, Iterable, NamedTuple, Sequence

import numpy as np
import torch

from benchmarks.ours_side import collate
from mmpose_ours.evaluation.distance import FOUND_MM
from mmpose_ours.evaluation.pcp import GROUPS, PARTS, pcp
from mmpose_ours.scope import DATASETS, MODELS
from mmpose_ours.structures.joint_maps import convert_joints

DETECTIONS = 'pred_shelf_openpose_coco.pkl'
HEAD, ACTORS = 'voxelpose_shelf', (0, 1, 2)
CAMERAS = ('0', '1', '2', '3', '4')
BLOCK_FRAMES, RESAMPLES = 25, 1000
DROP_SEEDS = 4


class Found(NamedTuple):
    """The people of one frame.

    Args:
        poses: (P, 17, 3) mm.
        views: (P,) number of views of each, where the model tells.
    """

    poses: np.ndarray
    views: np.ndarray | None


# Items of a dataset in the order of time, and whom a model finds in each.
Answer = Callable[[Sequence[dict]], Iterable[Found]]


@dataclasses.dataclass(frozen=True)
class Setting:
    """What is left of the data.

    Args:
        cameras: Choices of cameras; figures are means over them.
        dropped: Share of the 2D keypoints taken away at random.
        seeds: Which draws of them.
    """

    cameras: tuple[tuple[str, ...], ...] = (CAMERAS,)
    dropped: float = 0.0
    seeds: int = 1

    def cases(self):
        """Every (cameras, seed)."""
        return itertools.product(self.cameras, range(self.seeds))


SETTINGS = {
    'five': Setting(),
    'triples': Setting(tuple(itertools.combinations(CAMERAS, 3))),
    'pairs': Setting(tuple(itertools.combinations(CAMERAS, 2))),
    'dropped20': Setting(dropped=0.2, seeds=DROP_SEEDS),
    'dropped40': Setting(dropped=0.4, seeds=DROP_SEEDS),
}


class Shelf:
    """The real data, read once.

    Args:
        folder: With the official files.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._datasets: dict[tuple[str, ...], Any] = {}

    def dataset(self, cameras: tuple[str, ...]) -> Any:
        """The test frames as some of the cameras see them."""
        if cameras not in self._datasets:
            files = dict(data_root=str(self.folder), keypoint_file=DETECTIONS)
            options = dict(type='ShelfDataset', test_mode=True, cameras=list(cameras), **files)
            self._datasets[cameras] = DATASETS.build(options)
        return self._datasets[cameras]

    @functools.cached_property
    def confirmed(self) -> list[np.ndarray]:
        """Per frame (P, 17, 3) mm: whom :class:`TriangulatePose` finds with all five cameras.

        The labels leave people out; these tell the real ones from false positives.
        """
        model = MODELS.build(dict(type='TriangulatePose')).eval()
        with torch.no_grad():
            return [
                model.test_step(collate([item]))[0].pred_instances.keypoints_3d.numpy()
                for item in self.dataset(CAMERAS)
            ]

    def test(self, answer: Answer, setting: Setting) -> dict[str, Any]:
        """Figures of a model in one setting."""
        cases = [
            self._case(answer, cameras, setting.dropped, seed) for cameras, seed in setting.cases()
        ]
        return _figures(cases, [cameras for cameras, _ in setting.cases()])

    def _case(self, answer: Answer, cameras: tuple[str, ...], dropped: float, seed: int) -> _Case:
        rng = np.random.default_rng(seed)
        items = []
        for item in self.dataset(cameras):
            keypoints = item['inputs']['keypoints']
            if dropped:
                gone = rng.random(keypoints.shape[:2]) < dropped
                keypoints[np.nonzero(gone)] = 0.0
            items.append(item)
        start = time.process_time()
        answers = list(answer(items))
        seconds = time.process_time() - start
        frames, alone, false_positives = [], [], 0
        for item, (poses, views), people in zip(items, answers, self.confirmed):
            apart = np.linalg.norm(poses[:, None] - people, axis=-1)
            with warnings.catch_warnings():
                # Of a person without joints, or of nobody, there is no mean.
                warnings.simplefilter('ignore', RuntimeWarning)
                nearest = np.nanmin(np.nanmean(apart, -1), axis=1, initial=np.inf)
            false_positives += int((nearest > FOUND_MM).sum())
            poses = convert_joints(poses, 'coco17', 'campus14', HEAD)
            actors = np.asarray(item['data_samples'].actors)[None]
            frames.append(pcp([poses], actors, ACTORS))
            if views is not None:
                several = views > 1
                alone.append((pcp([poses[several]], actors, ACTORS), int((~several).sum())))
        per_frame = 1 / len(frames)
        return _Case(frames, alone, false_positives * per_frame, seconds * per_frame * 1e3)


@dataclasses.dataclass(frozen=True)
class _Case:
    """Frames of one choice of cameras, each scored by itself.

    Args:
        frames: One result per frame.
        several: Per frame the result without people of a single view, and how many those are;
            empty where the model does not tell.
        false_positives: People per frame whom all five cameras together do not find.
        ms: Time per frame.
    """

    frames: list
    several: list
    false_positives: float
    ms: float

    @property
    def correct(self) -> np.ndarray:
        """(F, A, 10) right parts."""
        return np.array([frame.correct for frame in self.frames])

    @property
    def total(self) -> np.ndarray:
        """(F, A, 10) annotated parts."""
        return np.array([frame.total for frame in self.frames])


def _figures(cases: Sequence[_Case], cameras: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """Means over the cases, and how far they may be off."""
    correct = np.stack([case.correct for case in cases])
    total = np.stack([case.total for case in cases])
    everything = np.arange(total.shape[1])
    per_actor = _per_actor(correct, total, everything)
    low, high = np.percentile(_resampled(correct, total), [2.5, 97.5])
    annotated = sum(frame.annotated for case in cases for frame in case.frames)
    found = sum(frame.found for case in cases for frame in case.frames)
    error = sum(frame.error_mm * frame.found for c in cases for frame in c.frames if frame.found)
    limbs = {
        group: float(
            np.nanmean(_per_actor(*(a[..., _columns(group)] for a in (correct, total)), everything))
        )
        for group in GROUPS
    }
    figures = {
        'pcp': float(per_actor.mean()),
        'pcp_interval': [float(low), float(high)],
        'pcp_per_actor': per_actor.mean(0).tolist(),
        'pcp_per_limb': limbs,
        'recall': found / annotated,
        'mean_error_mm': error / max(found, 1),
        'unmatched_per_frame': float(
            np.mean([frame.unmatched_per_frame for case in cases for frame in case.frames])
        ),
        'false_positives_per_frame': float(np.mean([case.false_positives for case in cases])),
        'ms_per_frame': float(np.mean([case.ms for case in cases])),
    }
    if all(case.several for case in cases):
        several = [frame for case in cases for frame, _ in case.several]
        figures['single_view_people'] = {
            'per_frame': float(np.mean([count for case in cases for _, count in case.several])),
            'recall_without': sum(frame.found for frame in several) / annotated,
            'unmatched_without': float(np.mean([frame.unmatched_per_frame for frame in several])),
        }
    if len(cases) > 1:
        figures['cases'] = [
            {'cameras': list(names), 'pcp': float(value)}
            for names, value in zip(cameras, per_actor.mean(1))
        ]
    return figures


def _columns(group: str) -> list[int]:
    return [index for index, part in enumerate(PARTS) if part[0] == group]


def _per_actor(correct: np.ndarray, total: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """(C, 3) percent per case and averaged actor over some of the frames."""
    right, all_ = (a[:, frames][:, :, list(ACTORS)].sum((1, 3)) for a in (correct, total))
    return np.where(all_ > 0, 100.0 * right / np.maximum(all_, 1), np.nan)


def _resampled(correct: np.ndarray, total: np.ndarray) -> np.ndarray:
    """(R,) mean PCP over blocks of frames that are drawn again and again."""
    rng = np.random.default_rng(0)
    blocks = np.array_split(np.arange(total.shape[1]), -(-total.shape[1] // BLOCK_FRAMES))
    values = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(blocks), size=len(blocks))
        frames = np.concatenate([blocks[block] for block in drawn])
        # An actor whom no drawn frame has has no figure there.
        values.append(np.nanmean(_per_actor(correct, total, frames)))
    return np.array(values)

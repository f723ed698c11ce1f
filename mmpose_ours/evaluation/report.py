"""Predictions against ground truth: two files in, figures out."""

from __future__ import annotations

import dataclasses
import math
import os
from typing import Any, Callable, Dict, List, Sequence, Tuple, Union

import numpy as np

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.evaluation.campus_shelf_truth import read_actors
from mmpose_ours.evaluation.frame_ranges import name_frames, parse_frames
from mmpose_ours.evaluation.joint_groups import group_errors, joint_groups
from mmpose_ours.evaluation.matching import MatchingResult, match_poses
from mmpose_ours.evaluation.panoptic_truth import read_panoptic_truth
from mmpose_ours.evaluation.pcp import PCPResult, pcp
from mmpose_ours.io.disk.files import MM_PER_UNIT
from mmpose_ours.predictions.reading import FrameId, Predictions, read_predictions, to_z_up
from mmpose_ours.structures.joint_maps import convert_joints, joint_map
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.text import argument

# The public test range; a file that holds less is evaluated on what it holds, and says so.
PUBLISHED_FRAMES = {'campus': '350-470,650-750', 'shelf': '300-600'}
# Both files are called actorsGT.mat; the number of actors tells them apart.
ACTORS = {'campus': 3, 'shelf': 4}
DATASETS = (*PUBLISHED_FRAMES, 'panoptic')
HEADS = ('voxelpose', 'crossview')
# Below and above which recall another reading of the file is looked for and reported.
_LOST, _FOUND = 0.1, 0.5

Frames = Union[str, Sequence[FrameId], None]


def evaluate_files(
    dataset: str, gt: PathLike, pred: PathLike, frames: Frames = None, head: str = 'voxelpose'
) -> dict[str, Any]:
    """Evaluate a predictions file against a ground truth file.

    Args:
        dataset: ``'campus'`` or ``'shelf'`` for PCP, ``'panoptic'`` for AP and MPJPE.
        gt: ``actorsGT.mat``; for Panoptic a file in the Predictions format or a
            ``hdPose3d_stage1_coco19`` folder.
        pred: A file in the Predictions format.
        frames: Frames to compare, as a list or as ``'350-470,650-750'``. None is the
            published test range (Campus, Shelf) or every frame of the truth (Panoptic).
        head: Campus and Shelf: how head joints are made from those of COCO.

    Returns:
        Plain values, ready for JSON; undefined figures are None. ``warnings`` lists what
        looks wrong.

    Raises:
        InputError: A file or an argument is unfit; one sentence that names it and the fix.
        OSError: A file cannot be opened.
    """
    if dataset not in DATASETS:
        raise InputError(
            f'unknown data set {dataset!r}; known: {", ".join(DATASETS)}',
            code='unknown-name',
            found=dataset,
            expected=list(DATASETS),
        )
    if head not in HEADS:
        raise InputError(
            f'unknown head {head!r}; known: {", ".join(HEADS)}',
            code='unknown-name',
            found=head,
            expected=list(HEADS),
        )
    for path, name in ((gt, 'gt'), (pred, 'pred')):
        if not os.path.exists(path):
            raise FileNotFoundError(f'{path}: no such file; correct {argument(name)}')
    prediction = read_predictions(pred)
    if dataset == 'panoptic':
        wanted, score, extra, warnings = _panoptic(gt, pred, prediction, frames)
    else:
        wanted, score, extra, warnings = _actors(dataset, gt, pred, prediction, frames, head)
    missing = [frame for frame in wanted if frame not in prediction.frames]
    if len(missing) == len(wanted):
        raise InputError(
            f'{pred}: has none of the {len(wanted)} frames {name_frames(wanted, 60)} to compare; '
            'number its frames as the data set does, from 0, or choose others with '
            f'{argument("frames")}',
            code='no-match',
            file=pred,
            found=list(prediction.frames),
            expected=list(wanted),
        )
    result = score({frame: poses.xyz_mm for frame, poses in prediction.frames.items()})
    summary = result.summary()
    warnings += _other_reading(pred, prediction, result.recall, score)
    if not summary['annotated_people']:
        warnings.append(f'{gt}: nobody is annotated in the frames compared; choose others')
    if missing:
        warnings.append(
            f'{pred}: lacks {len(missing)} of {len(wanted)} frames ({name_frames(missing, 60)}); '
            'each counts as a frame without a prediction'
        )
    return _plain(
        {
            'dataset': dataset,
            'gt': os.fspath(gt),
            'pred': os.fspath(pred),
            'frame_ranges': name_frames(wanted),
            'frames_missing': len(missing),
            'joints': prediction.skeleton.name,
            **extra,
            **summary,
            'warnings': warnings,
        }
    )


Scorer = Callable[[dict], Union[PCPResult, MatchingResult]]
Comparison = Tuple[Sequence[FrameId], Scorer, Dict[str, Any], List[str]]


def _actors(
    dataset: str,
    gt: PathLike,
    pred: PathLike,
    prediction: Predictions,
    frames: Frames,
    head: str,
) -> Comparison:
    """Frames, scorer, extra entries and warnings for Campus and Shelf."""
    truth = read_actors(gt)
    _require_actors(dataset, gt, truth.shape[1])
    recipe = head if head == 'crossview' else f'{head}_{dataset}'
    unmade = _unmade(prediction.skeleton, SKELETONS['campus14'], recipe)
    if unmade:
        raise InputError(
            f'{pred}: {prediction.skeleton.name} cannot make {", ".join(unmade)} with '
            f'{argument("head", head)}; choose another head or write other joints',
            code='cannot-express',
            file=pred,
            found=prediction.skeleton.name,
            expected=unmade,
        )
    warnings = []
    if frames is None:
        published = parse_frames(PUBLISHED_FRAMES[dataset])
        wanted = [frame for frame in published if frame < len(truth)]
        if not wanted:
            raise InputError(
                f'{gt}: holds frames 0-{len(truth) - 1}, none of the published test range '
                f'{PUBLISHED_FRAMES[dataset]}; choose some with {argument("frames")}',
                code='no-match',
                file=gt,
                found=(0, len(truth) - 1),
                expected=PUBLISHED_FRAMES[dataset],
            )
        if len(wanted) < len(published):
            warnings.append(
                f'{gt}: ends at frame {len(truth) - 1}, so {len(published) - len(wanted)} of the '
                f'{len(published)} frames of the published test range {PUBLISHED_FRAMES[dataset]} '
                'are not compared; figures over all of them are of other frames'
            )
    else:
        wanted = []
        for frame in parse_frames(frames) if isinstance(frames, str) else frames:
            if isinstance(frame, str) or not 0 <= frame < len(truth):
                raise InputError(
                    f'{gt}: has no frame {frame}, it holds 0-{len(truth) - 1}; change '
                    f'{argument("frames")}',
                    code='no-match',
                    file=gt,
                    frame=frame,
                    expected=(0, len(truth) - 1),
                )
            wanted.append(frame)

    def score(people: dict) -> PCPResult:
        nobody = np.empty((0, len(prediction.skeleton), 3))
        poses = [
            convert_joints(people.get(frame, nobody), prediction.skeleton, 'campus14', recipe)
            for frame in wanted
        ]
        return pcp(poses, truth[wanted], actors=range(min(3, truth.shape[1])))

    return wanted, score, {'head': head}, warnings


def _require_actors(dataset: str, gt: PathLike, found: int) -> None:
    """Raise an InputError where the truth is another data set's."""
    if found == ACTORS[dataset]:
        return
    others = [name for name, count in ACTORS.items() if count == found]
    fix = f'say {argument("dataset", others[0])}, or name' if others else 'name'
    raise InputError(
        f'{gt}: holds {found} actor{"s" * (found != 1)}, but {dataset} has {ACTORS[dataset]}; '
        f'{fix} the actorsGT.mat of {dataset} with {argument("gt")}',
        code='conflict',
        file=gt,
        found=found,
        expected=ACTORS[dataset],
    )


def _panoptic(gt: PathLike, pred: PathLike, prediction: Predictions, frames: Frames) -> Comparison:
    """Frames, scorer, extra entries and warnings for truth as Predictions or as CMU ships it."""
    truth = read_panoptic_truth(gt) if os.path.isdir(gt) else read_predictions(gt)
    wanted: list[FrameId]
    if frames is None:
        wanted = list(truth.frames)
    else:
        wanted = list(parse_frames(frames) if isinstance(frames, str) else frames)
        beyond = [frame for frame in wanted if frame not in truth.frames]
        if beyond:
            raise InputError(
                f'{gt}: lacks frame {beyond[0]} ({len(beyond)} of {len(wanted)}); change '
                f'{argument("frames")}',
                code='no-match',
                file=gt,
                frame=beyond[0],
            )
    if not wanted:
        raise InputError(
            f'{gt}: holds no frame to compare; name another truth', code='no-data', file=gt
        )
    unmade = _unmade(prediction.skeleton, truth.skeleton)
    compared = [name for name in truth.skeleton.joints if name not in unmade]
    if not compared:
        raise InputError(
            f'{pred}: {prediction.skeleton.name} shares no joint with {truth.skeleton.name}',
            code='cannot-express',
            file=pred,
            found=prediction.skeleton.name,
            expected=truth.skeleton.name,
        )
    groups = {
        name: [index for index in group if truth.skeleton.joints[index] in compared]
        for name, group in joint_groups(truth.skeleton).items()
    }
    groups = {name: group for name, group in groups.items() if group}
    # People are matched by their bodies, where they have one; the rest is reported by group.
    columns = next(iter(groups.values()))
    skeletons = (prediction.skeleton, truth.skeleton)
    persons = [truth.frames[frame].xyz_mm for frame in wanted]
    scores = [np.asarray(prediction.of(frame).scores) for frame in wanted]

    def score(people: dict) -> MatchingResult:
        nobody = np.empty((0, len(prediction.skeleton), 3))
        poses = [convert_joints(people.get(frame, nobody), *skeletons) for frame in wanted]
        bodies = [person[:, columns] for person in persons]
        result = match_poses(
            [pose[:, columns] for pose in poses],
            scores,
            bodies,
            [np.isfinite(body).all(-1) for body in bodies],
        )
        if len(groups) == 1:
            return result
        return dataclasses.replace(
            result, groups=group_errors(result.pairs, poses, persons, groups)
        )

    extra = {
        'truth_joints': truth.skeleton.name,
        'joints_compared': compared,
        'joints_matched': [truth.skeleton.joints[index] for index in columns],
    }
    return wanted, score, extra, []


def _unmade(source: Skeleton, target: Skeleton, head: str = 'voxelpose_campus') -> list[str]:
    """Joints of the target set that the source set cannot make."""
    made = joint_map(source, target, head).any((0, 2))
    return [name for name, can in zip(target.joints, made) if not can]


def _other_reading(
    pred: PathLike, prediction: Predictions, recall: float, score: Scorer
) -> list[str]:
    """Where nearly nobody is found: would another unit or up axis find them?"""
    if not recall < _LOST:
        return []
    readings = []
    for unit, mm in MM_PER_UNIT.items():
        for up in ('z', '-y'):
            if (unit, up) == (prediction.unit, prediction.up):
                continue
            factor = mm / MM_PER_UNIT[prediction.unit]
            people = {
                frame: _turned(poses.xyz_mm * factor, prediction.up, up)
                for frame, poses in prediction.frames.items()
            }
            readings.append((score(people).recall, unit, up))
    best, unit, up = max(readings)
    if best < _FOUND:
        return []
    return [
        f'{pred}: read as unit "{prediction.unit}" and up "{prediction.up}" it finds '
        f'{recall:.0%} of the people, as unit "{unit}" and up "{up}" it would find {best:.0%}; '
        'correct "unit" and "up"'
    ]


def _turned(points: np.ndarray, stated: str, meant: str) -> np.ndarray:
    """Points read with one up axis as if they had been read with another."""
    if stated == meant:
        return points
    if stated == 'z':
        return to_z_up(points, meant)
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], axis=-1)


def _plain(value: Any) -> Any:
    """None for every NaN, so that the report is valid JSON."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and math.isnan(value) else value

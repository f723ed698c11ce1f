"""Figures of predictions collected frame by frame, for the logs of either MMPose.

All take one dictionary per frame, of NumPy arrays::

    frame_id      int or str
    joints        name of the skeleton of all keypoints
    keypoints_3d  (P, J, 3) mm and ``scores`` (P,): who was predicted
    truth         (G, J, 3) mm and ``visible`` (G, J)   (people_figures, optional)
    actors        (A, 14, 3) mm, NaN where absent       (parts_figures)
    rig           the cameras                           (figures_without_truth)
    keypoints_2d  (V, D, K, 3), of `joints` or coco17   (figures_without_truth)
"""

from __future__ import annotations

from typing import Sequence

import numpy as np

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.evaluation.matching import THRESHOLDS_MM, match_poses
from mmpose_ours.evaluation.pcp import pcp
from mmpose_ours.evaluation.without_truth.scores import EvaluatedFrame, unlabelled_figures
from mmpose_ours.predictions.reading import frame_id, write_predictions
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import as_skeleton


def parts_figures(
    results: Sequence[dict], head: str = 'voxelpose_campus', actors: Sequence[int] = (0, 1, 2)
) -> dict[str, float]:
    """PCP (average, percent), that of each annotated actor, and what stands beside it.

    Args:
        results: See the module's table.
        head: How head joints are made, a key of ``mmpose_ours.structures.joint_maps.HEAD_RECIPES``.
        actors: Indices of the actors that the average is taken over.
    """
    poses = [
        convert_joints(result['keypoints_3d'], result['joints'], 'campus14', head)
        for result in results
    ]
    result = pcp(poses, np.stack([entry['actors'] for entry in results]), actors)
    figures = {'PCP': result.average}
    for index, percent in enumerate(result.per_actor):
        if np.isfinite(percent):
            figures[f'PCP_actor{index + 1}'] = float(percent)
    return {
        **figures,
        'recall_500mm': result.recall,
        'error_mm': result.error_mm,
        'extra_people_per_frame': result.unmatched_per_frame,
        'empty_frames': float(result.empty_frames),
    }


def people_figures(
    results: Sequence[dict], thresholds: Sequence[int] = THRESHOLDS_MM
) -> dict[str, float]:
    """AP, AR, recall, MPJPE and false positives of the frames that have a truth.

    Where none has any, the only figure is ``people_per_frame``.

    Args:
        results: See the module's table.
        thresholds: Distances in mm for AP and AR.
    """
    everyone = sum(len(entry['scores']) for entry in results)
    people_per_frame = everyone / max(len(results), 1)
    results = [entry for entry in results if 'truth' in entry]
    if not results:
        return {'people_per_frame': people_per_frame}
    result = match_poses(
        [entry['keypoints_3d'] for entry in results],
        [entry['scores'] for entry in results],
        [entry['truth'] for entry in results],
        [entry['visible'] > 0 for entry in results],
        thresholds=thresholds,
    )
    figures = {f'AP_{threshold}mm': value for threshold, value in result.ap.items()}
    figures['mAP'] = result.mean_ap
    figures.update({f'AR_{threshold}mm': value for threshold, value in result.ar.items()})
    return {
        **figures,
        'mAR': result.mean_ar,
        'recall_500mm': result.recall,
        'MPJPE_mm': result.mpjpe_mm,
        'missing_joints': result.missing_joints,
        'false_positives_per_frame': result.false_positives_per_frame,
    }


def figures_without_truth(
    results: Sequence[dict], frame_rate: float | None = None
) -> dict[str, float]:
    """Reprojection, false positives, missed people, limbs, sides, heads and jitter.

    Args:
        results: See the module's table.
        frame_rate: Frame numbers per second, if known.
    """
    joints = results[0]['joints']
    count = results[0]['keypoints_2d'].shape[2]
    frames = [
        EvaluatedFrame(
            frame_id(result['frame_id']),
            result['rig'],
            result['keypoints_3d'],
            result['keypoints_2d'],
        )
        for result in results
    ]
    numbered = all(isinstance(frame.name, int) for frame in frames)
    frames.sort(key=lambda frame: frame.name if numbered else str(frame.name))
    keypoint_joints = joints if count == len(as_skeleton(joints)) else 'coco17'
    return unlabelled_figures(frames, joints, keypoint_joints, frame_rate).figures()


def write_results(path: PathLike, results: Sequence[dict]) -> None:
    """Write who was predicted in the Predictions format.

    Raises:
        InputError: Two frames share an id, or the frames are not all of one skeleton.
    """
    skeletons = sorted({result['joints'] for result in results})
    if len(skeletons) != 1:
        raise InputError(
            f'{path}: one file holds one skeleton, the frames have '
            f'{", ".join(skeletons) or "none"}; leave out_file away',
            code='cannot-express',
            file=path,
            found=skeletons,
        )
    skeleton = as_skeleton(skeletons[0])
    frames = {
        result['frame_id']: Poses3D(skeleton, result['keypoints_3d'], result['scores'])
        for result in results
    }
    if len(frames) < len(results):
        raise InputError(
            f'{path}: {len(results)} frames share {len(frames)} ids; give each '
            'frame its own frame_id or leave out_file away',
            code='duplicate',
            file=path,
            found=len(frames),
            expected=len(results),
        )
    write_predictions(path, frames, skeleton.name)

"""The figures of this package as metrics of MMEngine.

All read data samples of this form, one per frame, and hold one result per sample::

    frame_id        int or str
    joints          name of the skeleton of all keypoints
    pred_instances  keypoints_3d (P, J, 3) mm, scores (P,)
    gt_instances    keypoints_3d (G, J, 3) mm, visible (G, J)   (MultiviewPoseMetric, optional)
    actors          (A, 14, 3) mm, NaN where absent             (PCPMetric)
    rig             the cameras                                 (UnlabelledMetric)
    keypoints_2d    (V, D, K, 3), of `joints` or of coco17      (UnlabelledMetric)
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.evaluation.matching import THRESHOLDS_MM
from mmpose_ours.evaluation.scores import (
    figures_without_truth,
    parts_figures,
    people_figures,
    write_results,
)
from mmpose_ours.scope import METRICS
from mmpose_ours.structures.joint_maps import HEAD_RECIPES


class _PoseMetric(BaseMetric):
    """Collects predictions, one result per frame, and writes them if asked to."""

    def __init__(
        self,
        out_file: PathLike | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.out_file = out_file

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what the figures need of each frame, on the CPU.

        Args:
            data_batch: Not used.
            data_samples: See the module's table.
        """
        for sample in data_samples:
            predicted = sample['pred_instances']
            self.results.append(
                {
                    'frame_id': sample['frame_id'],
                    'joints': sample['joints'],
                    'keypoints_3d': _array(predicted['keypoints_3d']),
                    'scores': _array(predicted['scores']),
                    **self.truth_of(sample),
                }
            )

    @abstractmethod
    def truth_of(self, sample: dict) -> dict[str, Any]:
        """The ground truth to keep of one data sample."""

    @abstractmethod
    def figures(self, results: list[dict]) -> dict[str, float]:
        """The figures of all frames as plain Python numbers."""

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Work the figures out; write the predictions first.

        Raises:
            InputError: ``out_file`` is wanted and two frames share an id, or the frames
                are not all of one skeleton.
        """
        if self.out_file is not None:
            write_results(self.out_file, results)
        return self.figures(results)


@METRICS.register_module()
class PCPMetric(_PoseMetric):
    """Percentage of correct parts on Campus and Shelf.

    Figures: ``PCP`` (average, percent), ``PCP_actor1``..., ``recall_500mm`` (0 to 1),
    ``error_mm``, ``extra_people_per_frame`` and ``empty_frames``. An actor who is annotated
    in none of the frames has no figure.

    Args:
        head: How head joints are made, a key of ``mmpose_ours.structures.joint_maps.HEAD_RECIPES``.
        actors: Indices of the actors that the average is taken over.
        out_file: Where to write all predictions in the Predictions format.
        collect_device: See ``mmengine.evaluator.BaseMetric``.
        prefix: Goes before each figure's name, with a slash.
    """

    default_prefix = 'pcp'

    def __init__(
        self,
        head: str = 'voxelpose_campus',
        actors: Sequence[int] = (0, 1, 2),
        out_file: PathLike | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(out_file, collect_device, prefix)
        if head not in HEAD_RECIPES:
            raise InputError(
                f'unknown head {head!r}; known: {", ".join(HEAD_RECIPES)}',
                code='unknown-name',
                found=head,
                expected=list(HEAD_RECIPES),
            )
        self.head = head
        self.actors = tuple(actors)

    def truth_of(self, sample: dict) -> dict[str, Any]:
        """The (A, 14, 3) annotated actors.

        Raises:
            InputError: The sample has none.
        """
        if sample.get('actors') is None:
            raise InputError(
                f'frame {sample["frame_id"]}: no annotated actors, which PCPMetric compares with; '
                'give the data set its actorsGT.mat or use MultiviewPoseMetric',
                code='missing-value',
                frame=sample['frame_id'],
                expected='actors',
            )
        return {'actors': _array(sample['actors'])}

    def figures(self, results: list[dict]) -> dict[str, float]:
        """PCP and what stands beside it."""
        return parts_figures(results, self.head, self.actors)


@METRICS.register_module()
class MultiviewPoseMetric(_PoseMetric):
    """AP, AR, recall and MPJPE by VoxelPose's protocol for CMU Panoptic.

    Figures: ``AP_25mm``... and ``mAP``, ``AR_25mm``... and ``mAR``, ``recall_500mm`` (all
    0 to 1), ``MPJPE_mm``, ``missing_joints`` (0 to 1) and ``false_positives_per_frame``.
    Frames without ground truth do not count; where none has any, the only figure is
    ``people_per_frame``.

    Args:
        thresholds: Distances in mm for AP and AR.
        out_file: Where to write all predictions in the Predictions format.
        collect_device: See ``mmengine.evaluator.BaseMetric``.
        prefix: Goes before each figure's name, with a slash.
    """

    default_prefix = 'pose3d'

    def __init__(
        self,
        thresholds: Sequence[int] = THRESHOLDS_MM,
        out_file: PathLike | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(out_file, collect_device, prefix)
        self.thresholds = tuple(thresholds)

    def truth_of(self, sample: dict) -> dict[str, Any]:
        """The annotated people and which of their joints are visible."""
        annotated = sample.get('gt_instances')
        if annotated is None:
            return {}
        return {'truth': _array(annotated['keypoints_3d']), 'visible': _array(annotated['visible'])}

    def figures(self, results: list[dict]) -> dict[str, float]:
        """AP, AR, recall, MPJPE and false positives."""
        return people_figures(results, self.thresholds)


@METRICS.register_module()
class UnlabelledMetric(_PoseMetric):
    """What 2D keypoints, time and anatomy say of predictions that nobody annotated.

    Figures, those that could be measured: ``people_per_frame``, ``false_positives_per_frame``,
    ``out_of_view_per_frame``, ``missed_per_frame``, ``missed_share`` (0 to 1),
    ``reprojection_px`` and ``reprojection_share`` (medians, and ``_p90``), ``limb_spread`` and
    ``side_difference`` (shares, and ``_p90``), ``head_above_hips`` (0 to 1), ``jitter_mm`` (per
    frame squared, and ``_p90``) and ``jitter_m_s2``. They are defined in
    :class:`mmpose_ours.evaluation.without_truth.result.UnlabelledResult`.

    Args:
        frame_rate: Frame numbers per second, if known.
        out_file: Where to write all predictions in the Predictions format.
        collect_device: See ``mmengine.evaluator.BaseMetric``.
        prefix: Goes before each figure's name, with a slash.
    """

    default_prefix = 'unlabelled'

    def __init__(
        self,
        frame_rate: float | None = None,
        out_file: PathLike | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(out_file, collect_device, prefix)
        self.frame_rate = frame_rate

    def truth_of(self, sample: dict) -> dict[str, Any]:
        """The rig and the 2D keypoints.

        Raises:
            InputError: The sample has no 2D keypoints.
        """
        if sample.get('keypoints_2d') is None:
            raise InputError(
                f'frame {sample["frame_id"]}: no keypoints_2d, which UnlabelledMetric compares '
                'with; give the data set a keypoint file',
                code='missing-value',
                frame=sample['frame_id'],
                expected='keypoints_2d',
            )
        return {'rig': sample['rig'], 'keypoints_2d': _array(sample['keypoints_2d'])}

    def figures(self, results: list[dict]) -> dict[str, float]:
        """Reprojection, false positives, missed people, limbs, sides, heads and jitter."""
        return figures_without_truth(results, self.frame_rate)


def _array(values: Any) -> np.ndarray:
    """A tensor on any device, or anything array-like, as float64."""
    if hasattr(values, 'detach'):
        values = values.detach().cpu().numpy()
    return np.asarray(values, dtype=np.float64)

"""Any 2D model of MMPose 1.x through its own ``MMPoseInferencer``: ``mmpose:<model>``.

It needs the full stack, compiled mmcv and mmdet included, which ``make setup-full`` builds.
Weights that a model's metafile names are downloaded when they are first asked for.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from mmpose_ours import xtcocotools_stand_in
from mmpose_ours.detections.formats.mmpose import people_of
from mmpose_ours.detectors.base import within
from mmpose_ours.errors import InputError
from mmpose_ours.io.config_checks import warn_of_config
from mmpose_ours.io.json_values import Place
from mmpose_ours.recordings.files import as_bgr
from mmpose_ours.structures.metainfo import skeleton_of
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17

MISSING = (
    "MMPose's inferencer does not start here: 2D models need the full stack, with compiled mmcv "
    'and mmdet; `make setup-full` builds it, and the detectors mediapipe and rtmlib need neither'
)


class MMPoseModel:
    """The detector ``mmpose``: a model of people, animals or things, with its own joints.

    Args:
        model: Name in MMPose's model zoo, alias (``'human'``), or path of a config.
        weights: Checkpoint; None takes the one of the model zoo.
        device: ``'cpu'``, ``'cuda:0'``; None chooses.
        min_score: Of a person's box, or of a person for models without boxes, 0 to 1.
        person_detector: Model of MMDetection that finds the boxes for a top-down model, by name
            or path of a config; None takes MMPose's choice.
        person_detector_weights: Its checkpoint; None takes the one of the model zoo.

    Raises:
        ImportError: The full stack is not there.
        InputError: No model was named.
    """

    name = 'mmpose'

    def __init__(
        self,
        model: str = '',
        weights: str | None = None,
        device: str | None = None,
        min_score: float = 0.3,
        person_detector: str | None = None,
        person_detector_weights: str | None = None,
    ):
        if not model:
            raise InputError(
                "the detector mmpose needs a model, as in 'mmpose:human' or "
                "'mmpose:td-hm_hrnet-w32_8xb64-210e_coco-256x192'",
                code='missing-value',
                found='mmpose',
                expected='mmpose:<model>',
            )
        for config in (model, person_detector):
            if config and config.endswith('.py'):
                warn_of_config(config)
        boxes = {}
        if person_detector:
            boxes = dict(
                det_model=person_detector, det_weights=person_detector_weights, det_cat_ids=[0]
            )
        inferencer_class = _inferencer_class()
        from mmpose_ours import compat  # late: it needs MMEngine

        with compat.checkpoints_read_as_data():
            self._inferencer = inferencer_class(
                pose2d=model, pose2d_weights=weights, device=device, **boxes
            )
        self._min_score = min_score
        self._where = f'mmpose:{model}'
        self.skeleton = _skeleton_of(self._inferencer, self._where)
        self.version = f'{model} {weights or "of its model zoo"}, min_score={min_score:g}'
        if person_detector:
            found_by = person_detector_weights or 'of its model zoo'
            self.version += f', people by {person_detector} {found_by}'

    def detect(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """See :class:`mmpose_ours.detectors.Detector`."""
        if not images:
            return []
        bgr_images = [as_bgr(image) for image in images]
        results = self._inferencer(bgr_images, return_vis=False, bbox_thr=self._min_score)
        found = []
        for image, result in zip(bgr_images, results):
            height, width = image.shape[:2]
            people = people_of(result['predictions'][0], Place(self._where), self.skeleton)
            found.append(within(people.array, (width, height)))
        return found


def _inferencer_class() -> Any:
    xtcocotools_stand_in.provide()
    try:
        from mmpose.apis import MMPoseInferencer
    except (ImportError, AssertionError, AttributeError) as error:
        # MMPose asserts versions, and half a stack fails in many ways.
        raise ImportError(f'{MISSING} ({error})') from error
    return MMPoseInferencer


def _skeleton_of(inferencer: Any, where: str) -> Skeleton:
    """The joints by the names that the model's data set has; COCO's where it has none."""
    model = getattr(getattr(inferencer, 'inferencer', None), 'model', None)
    metainfo = getattr(model, 'dataset_meta', None) or {}
    if metainfo.get('keypoint_id2name') is None:
        return COCO17
    return skeleton_of(metainfo, Place(where, 'dataset_meta'))

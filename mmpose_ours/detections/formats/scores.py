"""Scores of any range as confidences from 0 to 1.

=============== ====================================== =======================================
range           who writes it                          here
=============== ====================================== =======================================
0 to 1, peaks a OpenPose and other heatmaps, whose     as they are
little above    interpolated peaks exceed 1
0, 1 and 2 only COCO's visibility flags                0, 1, 1: a joint that is annotated but
                                                       hidden is a joint all the same
up to 100, 255  per cent; a byte                       divided by 100 or 255
up to some 10   RTMPose's SimCC models (rtmlib,        ``min(score, 1)``
                Pose2Sim, MMPose), and other logits
=============== ====================================== =======================================

A SimCC score is the maximum of a logit that is trained towards a Gaussian of height 1, and a joint
is as sure at 1.2 as at 6: how far it goes above 1 depends on the model (RTMPose-m stays below 1,
RTMPose-x and RTMW go to 10), while below 1 all of them mean the same, so that rtmlib and Pose2Sim
apply one threshold (0.3) to all. Dividing by the largest score would make hidden joints of some
models look surer than those of others, and sure ones unsure. Therefore scores are cut at 1, as this
package's own detector does.

In all cases negative scores and NaN are joints that were not found.

Source: MMPose 1.3.2, ``codecs/utils/post_processing.py:get_simcc_maximum``; Pose2Sim,
``poseEstimation.py``; rtmlib, issue 42; COCO, "Data format".
"""

from __future__ import annotations

from typing import Callable

import numpy as np

from mmpose_ours.detections.arrays import MAX_SCORE
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.structures.keypoints import Keypoints2D

# A little above is an interpolated peak here too.
PER_CENT, BYTE, SLACK = 100.0, 255.0, 1.1
# Logits stay below this; of scores in per cent nearly all recordings have one above.
MAX_LOGIT = 30.0
# Of scores in per cent at least this share is above 2, however bad the joints.
MIN_ABOVE = 0.5
_FLAG = 2.0


def clip_scores(scores: np.ndarray) -> np.ndarray:
    """Raw scores of a SimCC model, or other logits, as confidences: ``min(score, 1)``."""
    return np.clip(scores, 0.0, 1.0)


def as_confidences(
    detections: dict[str, dict[str, Keypoints2D]],
    where: PathLike,
    say: Callable[[str], None],
) -> dict[str, dict[str, Keypoints2D]]:
    """Bring the scores of a recording into 0 to 1, all in the same way.

    Args:
        detections: frame -> camera -> people.
        where: Where they come from, for the note.
        say: Takes a sentence if scores were changed.

    Returns:
        The same where they are confidences already.

    Raises:
        FileFormatError: They go far beyond a byte (``out-of-range``).
    """
    highest, flags, count, above = 0.0, True, 0, 0
    for views in detections.values():
        for people in views.values():
            found = people.scores[people.scores > 0]
            if len(found):
                highest = max(highest, float(found.max()))
                flags = flags and bool(np.isin(found, (1.0, _FLAG)).all())
                count += len(found)
                above += int((found > MAX_SCORE).sum())
    if highest <= 1 or (highest <= MAX_SCORE and not flags):
        return detections
    if flags:
        what, factor = 'are flags of visibility (0, 1, 2); all above 0 count as 1', 1.0
    elif highest > MAX_LOGIT and above >= MIN_ABOVE * count:
        whole = PER_CENT if highest <= SLACK * PER_CENT else BYTE
        if highest > SLACK * BYTE:
            raise FileFormatError(
                f'{where}: scores go up to {highest:.3g}; write them between 0 and 1',
                code='out-of-range',
                file=where,
                found=highest,
                expected=BYTE,
            )
        what, factor = f'go up to {highest:.3g} and were divided by {whole:.3g}', 1 / whole
    else:
        what, factor = (
            f'go up to {highest:.3g}, as raw ones of SimCC models do; what is above 1 counts as 1',
            1.0,
        )
    say(f'{where}: scores {what}')
    return {
        frame: {
            camera: Keypoints2D(people.skeleton, _scaled(people.array, factor))
            for camera, people in views.items()
        }
        for frame, views in detections.items()
    }


def _scaled(array: np.ndarray, factor: float) -> np.ndarray:
    scaled = array.copy()
    scaled[..., 2] = clip_scores(array[..., 2] * factor)
    return scaled

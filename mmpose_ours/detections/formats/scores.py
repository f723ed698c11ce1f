"""Scores of any range as confidences from 0 to 1.

=============== ====================================== =======================================
range           who writes it                          here
=============== ====================================== =======================================
0 to 1, peaks a OpenPose and other heatmaps, whose     as they are
little above    interpolated peaks exceed 1
0, 1 and 2 only COCO's visibility flags                0, 1, 1: a joint that is annotated but
                                                       hidden is a joint all the same
up to 100, 255  per cent; a byte                       divided by 100 or 255
up to some 10   RTMPose's SimCC models (rtmlib,        ``1 - exp(-score)``
                Pose2Sim, MMPose), and other logits
=============== ====================================== =======================================

A SimCC score is the maximum of a logit, and nothing normalises it: of RTMPose-m it stays about
below 1, of RTMPose-x and RTMW it goes to 10. Small scores mean the same for all of them, since
rtmlib and Pose2Sim apply one threshold (0.3) to all. ``1 - exp(-score)`` is close to the score
where this is small, so that thresholds keep their meaning, and 1 where it is large, and it keeps
the order: to cut scores at 1 would make a hidden joint at 1.2 as sure as a visible one at 6, and
to divide them by the largest would put the hidden one below every threshold.

In all cases negative scores and NaN are joints that were not found.

Source: MMPose 1.3.2, ``codecs/utils/post_processing.py:get_simcc_maximum``; Pose2Sim,
``poseEstimation.py``; rtmlib, issue 42; COCO, "Data format".
"""

from __future__ import annotations

from typing import Callable, Mapping

import numpy as np

from mmpose_ours.detections.arrays import MAX_SCORE
from mmpose_ours.detections.summary import listed
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.structures.keypoints import Keypoints2D

# A little above is an interpolated peak here too.
PER_CENT, BYTE, SLACK = 100.0, 255.0, 1.1
# Logits stay below this; of scores in per cent nearly all recordings have one above.
MAX_LOGIT = 30.0
# Of scores in per cent at least this share is above 2, however bad the joints.
MIN_ABOVE = 0.5
_FLAG = 2.0


def confidences_of_logits(scores: np.ndarray) -> np.ndarray:
    """Raw scores of a SimCC model, or other logits, as confidences: ``1 - exp(-score)``.

    Args:
        scores: Of any shape; what is not above 0 becomes 0.
    """
    return -np.expm1(-np.maximum(scores, 0.0))


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
        FileFormatError: They go far beyond a byte, or none is above 0 (``out-of-range``).
    """
    highest, flags, count, above = 0.0, True, 0, 0
    everybody: dict[str, int] = {}
    scored: dict[str, int] = {}
    for views in detections.values():
        for camera, people in views.items():
            everybody[camera] = everybody.get(camera, 0) + len(people)
            scored[camera] = scored.get(camera, 0) + int((people.scores > 0).any(-1).sum())
            found = people.scores[people.scores > 0]
            if len(found):
                highest = max(highest, float(found.max()))
                flags = flags and bool(np.isin(found, (1.0, _FLAG)).all())
                count += len(found)
                above += int((found > MAX_SCORE).sum())
    _report_unscored(everybody, scored, where, say)
    if highest <= 1 or (highest <= MAX_SCORE and not flags):
        return detections
    convert: Callable[[np.ndarray], np.ndarray]
    if flags:
        what, convert = 'are flags of visibility (0, 1, 2); all above 0 count as 1', _as_shares(1.0)
    elif highest > MAX_LOGIT and above >= MIN_ABOVE * count:
        if highest > SLACK * BYTE:
            raise FileFormatError(
                f'{where}: scores go up to {highest:.3g}; write them between 0 and 1',
                code='out-of-range',
                file=where,
                found=highest,
                expected=BYTE,
            )
        whole = PER_CENT if highest <= SLACK * PER_CENT else BYTE
        what = f'go up to {highest:.3g} and were divided by {whole:g}'
        convert = _as_shares(whole)
    else:
        what = f'go up to {highest:.3g}, as raw ones of SimCC models do; 1 - exp(-score) is taken'
        convert = confidences_of_logits
    say(f'{where}: scores {what}')
    return {
        frame: {
            camera: Keypoints2D(people.skeleton, _converted(people.array, convert))
            for camera, people in views.items()
        }
        for frame, views in detections.items()
    }


def _report_unscored(
    everybody: Mapping[str, int],
    scored: Mapping[str, int],
    where: PathLike,
    say: Callable[[str], None],
) -> None:
    """Say so, or refuse the recording, where there are people and no score above 0.

    Args:
        everybody: Camera to how many people it has.
        scored: Camera to how many of these have a joint whose score is above 0.
        where: Where they come from.
        say: Takes a sentence on some of the cameras.

    Raises:
        FileFormatError: It is so for all cameras.
    """
    without = [camera for camera, count in everybody.items() if count and not scored[camera]]
    if not without:
        return
    if not any(scored.values()):
        raise FileFormatError(
            f'{where}: has {sum(everybody.values())} people, and no joint of theirs has a score '
            'above 0, so that all count as missing; write scores above 0, or 1 where nothing is '
            'known of them',
            code='out-of-range',
            file=where,
            found=0.0,
            expected='above 0',
        )
    say(
        f'{where}: no joint of {listed(without)} has a score above 0, so that all count as '
        'missing; write 1 where nothing is known of them'
    )


def _as_shares(whole: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda scores: np.clip(scores / whole, 0.0, 1.0)


def _converted(array: np.ndarray, convert: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    converted = array.copy()
    converted[..., 2] = convert(array[..., 2])
    return converted

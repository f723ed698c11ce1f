"""Every reader by name, with what writes a sample and what reads it; see :mod:`.samples`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Tuple

from .samples import (
    arrays,
    calibration,
    checkpoints,
    folders,
    keypoints,
    media,
    poses,
    results,
    runs,
)

Sample = Tuple[Callable[[Path], Any], Callable[[Any], Any]]
# The word that the readers' names begin with, and the samples.
SAMPLES = (
    ('', arrays.SAMPLES),
    ('', runs.SAMPLES),
    ('', results.SAMPLES),
    ('', folders.SAMPLES),
    ('calibration ', calibration.SAMPLES),
    ('keypoints ', keypoints.SAMPLES),
    ('poses ', poses.SAMPLES),
    ('checkpoint ', checkpoints.SAMPLES),
    ('', media.SAMPLES),
)
TARGETS: dict[str, Sample] = {
    word + name: sample for word, samples in SAMPLES for name, sample in samples.items()
}


def find(reader: str) -> Sample:
    """A reader of :data:`TARGETS`, or one that fails on purpose (``faulty ...``)."""
    if reader.startswith('faulty '):
        from .faulty import faulty

        return faulty(reader.split()[1])
    return TARGETS[reader]

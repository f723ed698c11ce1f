"""3D people over time: who is who, and the files that they are kept in. NumPy and SciPy only."""

from mmpose_ours.results.predictions import (
    Predictions,
    PredictionsWriter,
    read_predictions,
    write_predictions,
)
from mmpose_ours.results.smoothing import PoseSmoother
from mmpose_ours.results.tracks import PeopleTracker, link_people

__all__ = [
    'PeopleTracker',
    'PoseSmoother',
    'Predictions',
    'PredictionsWriter',
    'link_people',
    'read_predictions',
    'write_predictions',
]

"""3D people over time: who is who, and the files that they are kept in. NumPy and SciPy only."""

from mmpose_ours.results.predictions import Predictions, read_predictions, write_predictions

__all__ = ['Predictions', 'read_predictions', 'write_predictions']

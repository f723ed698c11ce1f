"""The even sample of a stream, see :mod:`mmpose_ours.recordings.even_sample`."""

from mmpose_ours.recordings.even_sample import EvenSample

__all__ = ['EvenSample']

"""Where a rig's frames come from: recordings, benchmarks, synthetic people.

Plain dictionaries of NumPy arrays, without MMEngine or torch: the datasets of
:mod:`mmpose_ours.datasets` hand them to MMPose 1.x, those of :mod:`mmpose_ours.mmpose0x` to
MMPose 0.x, so that both generations see the same.
"""

from mmpose_ours.sources.benchmarks import CAMPUS, SHELF, ActorsLayout, read_benchmark
from mmpose_ours.sources.options import from_options
from mmpose_ours.sources.recorded import read_recording
from mmpose_ours.sources.site import Site
from mmpose_ours.sources.synthetic import SceneGenerator

__all__ = [
    'CAMPUS',
    'SHELF',
    'ActorsLayout',
    'SceneGenerator',
    'Site',
    'from_options',
    'read_benchmark',
    'read_recording',
]

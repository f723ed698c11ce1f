"""Camera poses and time offsets from 2D keypoints of people: a new rig, or a rough rig refined.

Nothing here reads files or imports torch.
"""

from mmpose_ours.self_calibration.adjustment import CameraFit
from mmpose_ours.self_calibration.calibration import CalibratedCamera, CalibratedRig, calibrate
from mmpose_ours.self_calibration.refinement import CameraChange, Refinement, refine_rig
from mmpose_ours.self_calibration.retiming import retime
from mmpose_ours.self_calibration.synchronization import (
    CameraClock,
    Synchronization,
    synchronize,
)

__all__ = [
    'CalibratedCamera',
    'CalibratedRig',
    'CameraChange',
    'CameraClock',
    'CameraFit',
    'Refinement',
    'Synchronization',
    'calibrate',
    'refine_rig',
    'retime',
    'synchronize',
]

"""Camera poses from the 2D keypoints of people: bundle adjustment of an existing rig.

Nothing here reads files or imports torch.
"""

from mmpose_ours.self_calibration.refinement import CameraChange, Refinement, refine_rig

__all__ = ['CameraChange', 'Refinement', 'refine_rig']

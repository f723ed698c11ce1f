# The stock VoxelPose of MMPose 0.29 on your own cameras: put the calibration and, for testing, 2D
# keypoints under data/Ours, as for the configs of MMPose 1.x one folder up.
from mmpose_ours.mmpose0x import settings

_base_ = ['../../_base_/mmpose0x/voxelpose.py']

rig = dict(
    data_root='data/Ours',
    rig_file='camera_parameters.json',
    cameras=None,  # names, or None for all
    # space=dict(center_mm=(x, y, z), size_mm=(x, y, z)), else it is fitted to the rig
)
site = settings.site_of(rig, heatmap_size=(200, 152), cube_size=(80, 80, 20))
model = settings.model_in(site, sub_cube_size=(32, 32, 32))
data = dict(train=site, val=site, test=dict(site, keypoint_file='keypoints_2d.json'))

# For the checkpoint of this name in the model zoo of MMPose 0.x.
_base_ = ['./voxelpose_prn32x32x32_cpn80x80x20_campus_cam3.py']

model = dict(pose=dict(bins=(64, 64, 64)))

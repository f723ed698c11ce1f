# For the checkpoint of this name in the model zoo of MMPose 0.x: VoxelPose as published.
_base_ = ['./voxelpose_shelf.py']

model = dict(center=dict(bins=(48, 48, 12)), pose=dict(shortcut=False, beta=100.0))

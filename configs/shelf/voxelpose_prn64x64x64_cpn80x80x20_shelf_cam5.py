# For the checkpoint of this name in the model zoo of MMPose 0.x: VoxelPose as published.
_base_ = ['./voxelpose_shelf.py']

model = dict(pose=dict(bins=(64, 64, 64), shortcut=False, beta=100.0))

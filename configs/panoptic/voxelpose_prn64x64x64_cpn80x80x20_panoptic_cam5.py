# For the checkpoint of this name in the model zoo of MMPose 0.x, which sees images.
_base_ = ['./voxelpose_panoptic_image.py']

"""VoxelPose (Tu, Wang and Zeng, ECCV 2020)."""

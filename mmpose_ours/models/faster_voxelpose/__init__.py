"""The fast voxel model: proposals by geometry, joints from three planes."""

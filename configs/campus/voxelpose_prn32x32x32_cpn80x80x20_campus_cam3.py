# For the checkpoint of this name in the model zoo of MMPose 0.x: VoxelPose as published.
_base_ = ['./voxelpose_campus.py']

heatmap_size = (200, 160)
model = dict(
    heatmap_size=heatmap_size,
    data_preprocessor=dict(heatmap_size=heatmap_size),
    pose=dict(shortcut=False, beta=100.0),
)

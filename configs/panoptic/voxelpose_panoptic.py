# VoxelPose on CMU Panoptic's published sequences and cameras, from keypoints: 64x64x64 pose net.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/voxelpose.py',
    '../_base_/panoptic_data.py',
    '../_base_/schedule_30e.py',
]

heatmap_size = (240, 128)
model = dict(
    joints='panoptic15',
    heatmap_size=heatmap_size,
    data_preprocessor=dict(heatmap_size=heatmap_size),
    pose=dict(bins=(64, 64, 64)),
    center_threshold=0.3,
)

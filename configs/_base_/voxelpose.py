# VoxelPose with the 32x32x32 pose net (a quarter of the cost, the same accuracy) and a shortcut
# around it, which learns many times faster. As published: pose=dict(shortcut=False, beta=100.0).
heatmap_size = (200, 152)
model = dict(
    type='VoxelPose',
    joints='coco17',
    heatmap_size=heatmap_size,
    data_preprocessor=dict(type='MultiviewDataPreprocessor', heatmap_size=heatmap_size, sigma=3.0),
    center=dict(bins=(80, 80, 20), max_people=10, target_sigma_mm=200.0),
    pose=dict(bins=(32, 32, 32), size_mm=2000.0, shortcut=True, beta=20.0),
    center_threshold=0.1,
    proposal_jitter_mm=80.0,
)

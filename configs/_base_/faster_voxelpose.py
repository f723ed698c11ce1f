# People proposed by geometry, joints read from three small planes and the rays themselves: a
# hundredth of VoxelPose's work. There is no volume, so nothing here depends on the scene's size.
model = dict(
    type='FasterVoxelPose',
    joints='coco17',
    data_preprocessor=dict(type='RayPreprocessor'),
    proposals=dict(max_people=10),
    pose=dict(bins=20, size_mm=2400.0, channels=(32, 64, 96)),
    score_threshold=0.5,
    duplicate_mm=150.0,
)

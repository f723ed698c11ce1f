# The sequences, cameras and intervals of VoxelPose. The 2D keypoints are the annotated ones as a
# detector might see them: the official download has no detections.
train_sequences = [
    '160422_ultimatum1', '160224_haggling1', '160226_haggling1', '161202_haggling1',
    '160906_ian1', '160906_ian2', '160906_ian3', '160906_band1', '160906_band2', '160906_band3',
]  # fmt: skip
val_sequences = ['160906_pizza1', '160422_haggling1', '160906_ian5', '160906_band4']
shared = dict(
    type='PanopticDataset',
    data_root='data/panoptic',
    cameras=['00_12', '00_06', '00_23', '00_13', '00_03'],
    space=dict(center_mm=(0, -500, 800), size_mm=(8000, 8000, 2000)),
    joints='panoptic15',
    keypoints='projected',
    empty_frames=False,  # as published; True also counts whom a model finds in an empty room
)
train_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(sequences=train_sequences, interval=3, **shared),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(sequences=val_sequences, interval=12, test_mode=True, **shared),
)
val_evaluator = dict(type='MultiviewPoseMetric')
test_dataloader = val_dataloader
test_evaluator = val_evaluator

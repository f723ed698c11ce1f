# Training and validation on invented people. A leaf says whose cameras: `rig_file` and, where
# wanted, `cameras` and `space`.
train_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='FreshEpochSampler'),
    dataset=dict(type='SyntheticDataset', rig_file=None, num_samples=3000, seed=0),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='SyntheticDataset', rig_file=None, num_samples=100, seed=1, test_mode=True),
)
val_evaluator = dict(type='MultiviewPoseMetric')
test_dataloader = val_dataloader
test_evaluator = val_evaluator

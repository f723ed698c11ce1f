# Training and validation on synthetic people. A leaf says whose cameras: `rig_file` and, where
# wanted, `cameras` and `space`.
#
# No worker processes: a sample of kilobytes is generated in less time than it takes to hand it
# over from another process (`python -m benchmarks.loader` measures both), so workers, prefetch
# and pinned memory would only cost. A pipeline that reads images wants workers.
train_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='FreshEpochSampler'),
    dataset=dict(type='SyntheticDataset', rig_file=None, num_samples=3000, seed=0),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='SyntheticDataset', rig_file=None, num_samples=100, seed=1, test_mode=True),
)
val_evaluator = dict(type='MultiviewPoseMetric')
test_dataloader = val_dataloader
test_evaluator = val_evaluator

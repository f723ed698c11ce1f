# From the weights in the package to a rig's own: 750 steps of 64 frames.
train_cfg = dict(by_epoch=True, max_epochs=5, val_interval=5)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=3e-4, weight_decay=1e-2),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, begin=0, end=100, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=3e-6, begin=0, end=5, by_epoch=True,
         convert_to_iter_based=True),
]  # fmt: skip
auto_scale_lr = dict(base_batch_size=64, enable=False)

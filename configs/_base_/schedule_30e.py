train_cfg = dict(by_epoch=True, max_epochs=30, val_interval=5)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=200, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=1e-5, begin=0, end=30, by_epoch=True,
         convert_to_iter_based=True),
]  # fmt: skip
auto_scale_lr = dict(base_batch_size=8, enable=False)

# Shelf within the hour on two CPU cores: the space that the cameras really share, and a smaller
# net. The published setting is voxelpose_shelf.py.
_base_ = ['./voxelpose_shelf.py']

heatmap_size = (160, 120)
net = dict(channels=(16, 32, 48, 64), front_kernel=3)
model = dict(
    heatmap_size=heatmap_size,
    data_preprocessor=dict(heatmap_size=heatmap_size, sigma=2.4),
    center=dict(bins=(40, 40, 12), **net),
    pose=dict(bins=(24, 24, 24), **net),
    center_threshold=0.2,
)
fitted = dict(space=None)
train_dataloader = dict(batch_size=4, dataset=dict(num_samples=1200, **fitted))
val_dataloader = dict(dataset=dict(num_samples=50, **fitted))
test_dataloader = dict(dataset=fitted)
train_cfg = dict(max_epochs=8, val_interval=4)
optim_wrapper = dict(type='AutocastOptimWrapper', optimizer=dict(lr=4e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=100, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=1e-5, begin=0, end=8, by_epoch=True,
         convert_to_iter_based=True),
]  # fmt: skip

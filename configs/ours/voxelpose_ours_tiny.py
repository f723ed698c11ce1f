# Minutes on two CPU cores: small volumes and a narrow net, on a rig that comes with the package.
# Name your own calibration with
#   --cfg-options train_dataloader.dataset.rig_file=F val_dataloader.dataset.rig_file=F \
#                 test_dataloader.dataset.rig_file=F
_base_ = ['./voxelpose_ours.py']

import inspect
import os

heatmap_size = (120, 68)
net = dict(channels=(12, 16, 24, 32), front_kernel=3)
model = dict(
    heatmap_size=heatmap_size,
    data_preprocessor=dict(heatmap_size=heatmap_size, sigma=1.8),
    center=dict(bins=(40, 40, 12), **net),
    pose=dict(bins=(20, 20, 20), **net),
    center_threshold=0.2,
)
folder = os.path.dirname(inspect.currentframe().f_code.co_filename)  # of this file
rig = dict(
    data_root='',
    rig_file=os.path.join(folder, 'rigs', 'five_cameras.json'),
)
train_dataloader = dict(batch_size=4, dataset=dict(num_samples=400, **rig))
val_dataloader = dict(dataset=dict(num_samples=50, **rig))
test_dataloader = dict(
    dataset=dict(
        _delete_=True, type='SyntheticDataset', num_samples=100, seed=2, test_mode=True, **rig
    )
)
test_evaluator = dict(out_file=None)
train_cfg = dict(max_epochs=6, val_interval=6)
optim_wrapper = dict(type='AutocastOptimWrapper', optimizer=dict(lr=4e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=20, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=1e-5, begin=0, end=6, by_epoch=True,
         convert_to_iter_based=True),
]  # fmt: skip
default_hooks = dict(logger=dict(interval=20))

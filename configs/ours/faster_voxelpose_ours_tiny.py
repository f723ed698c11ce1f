# A minute or two on two CPU cores, on a rig that comes with the package: the demo.
# Name your own calibration with
#   --cfg-options train_dataloader.dataset.rig_file=F val_dataloader.dataset.rig_file=F \
#                 test_dataloader.dataset.rig_file=F
_base_ = ['./faster_voxelpose_ours.py']

import inspect
import os

folder = os.path.dirname(inspect.currentframe().f_code.co_filename)  # of this file
rig = dict(
    data_root='',
    rig_file=os.path.join(folder, 'rigs', 'five_cameras.json'),
)
train_dataloader = dict(dataset=dict(num_samples=1600, **rig))
val_dataloader = dict(dataset=dict(num_samples=50, **rig))
test_dataloader = dict(
    dataset=dict(
        _delete_=True, type='SyntheticDataset', num_samples=100, seed=2, test_mode=True, **rig
    )
)
test_evaluator = dict(out_file=None)
train_cfg = dict(max_epochs=4, val_interval=4)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, begin=0, end=50, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=1e-5, begin=0, end=4, by_epoch=True,
         convert_to_iter_based=True),
]  # fmt: skip
default_hooks = dict(logger=dict(interval=20))

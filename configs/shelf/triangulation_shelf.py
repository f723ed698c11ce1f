# Shelf by geometry alone:
#   python tools/test.py configs/shelf/triangulation_shelf.py mmpose-ours://none
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/triangulation.py',
    '../_base_/synthetic_data.py',
]

train_dataloader = None
val_dataloader = None
val_evaluator = None
test_cfg = dict()
rig = dict(data_root='data/Shelf', cameras=None)
test_dataloader = dict(dataset=dict(_delete_=True, type='ShelfDataset', test_mode=True, **rig))
test_evaluator = dict(_delete_=True, type='PCPMetric', head='voxelpose_shelf')

# Shelf with the fast model, in minutes on two CPU cores: trained on invented people in its
# five cameras, tested on real detections.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/faster_voxelpose.py',
    '../_base_/synthetic_data.py',
    '../_base_/schedule_fast.py',
]

rig = dict(data_root='data/Shelf', cameras=None)
invented = dict(rig_file='calibration_shelf.json', image_size=(1032, 776), **rig)
train_dataloader = dict(batch_size=16, dataset=invented)
val_dataloader = dict(dataset=invented)
test_dataloader = dict(dataset=dict(_delete_=True, type='ShelfDataset', test_mode=True, **rig))
test_evaluator = dict(_delete_=True, type='PCPMetric', head='voxelpose_shelf')

# Shelf with the fast model, in minutes on two CPU cores: trained on synthetic people in its
# five cameras, tested on real detections.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/faster_voxelpose.py',
    '../_base_/synthetic_data.py',
    '../_base_/schedule_fast.py',
]

rig = dict(data_root='data/Shelf', cameras=None)
synthetic = dict(rig_file='calibration_shelf.json', image_size=(1032, 776), **rig)
train_dataloader = dict(batch_size=16, dataset=synthetic)
val_dataloader = dict(dataset=synthetic)
test_dataloader = dict(dataset=dict(_delete_=True, type='ShelfDataset', test_mode=True, **rig))
test_evaluator = dict(_delete_=True, type='PCPMetric', head='voxelpose_shelf')

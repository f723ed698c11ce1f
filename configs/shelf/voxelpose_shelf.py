# Shelf: trained on synthetic people in its five cameras, tested on real detections.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/voxelpose.py',
    '../_base_/synthetic_data.py',
    '../_base_/schedule_30e.py',
]

space = dict(center_mm=(450, -320, 800), size_mm=(8000, 8000, 2000))  # as published
files = dict(data_root='data/Shelf', rig_file='calibration_shelf.json')
rig = dict(cameras=None, space=space, **files)
synthetic = dict(image_size=(1032, 776), **rig)
train_dataloader = dict(dataset=synthetic)
val_dataloader = dict(dataset=synthetic)
test_dataloader = dict(dataset=dict(_delete_=True, type='ShelfDataset', test_mode=True, **rig))
test_evaluator = dict(_delete_=True, type='PCPMetric', head='voxelpose_shelf')

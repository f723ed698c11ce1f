# Campus: trained on synthetic people in its three cameras, tested on real detections.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/voxelpose.py',
    '../_base_/synthetic_data.py',
    '../_base_/schedule_30e.py',
]

space = dict(center_mm=(3000, 4500, 1000), size_mm=(12000, 12000, 2000))  # as published
files = dict(data_root='data/Campus', rig_file='calibration_campus.json')
rig = dict(cameras=None, space=space, **files)
synthetic = dict(image_size=(360, 288), **rig)
train_dataloader = dict(dataset=synthetic)
val_dataloader = dict(dataset=synthetic)
test_dataloader = dict(dataset=dict(_delete_=True, type='CampusDataset', test_mode=True, **rig))
test_evaluator = dict(_delete_=True, type='PCPMetric', head='voxelpose_campus')

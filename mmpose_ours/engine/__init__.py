"""What training and testing with MMEngine need beside models and datasets."""

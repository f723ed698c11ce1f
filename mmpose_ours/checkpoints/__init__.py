"""Weights and checkpoints: read as data, checked, under names that MMEngine loads."""

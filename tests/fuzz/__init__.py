"""Damaged and hostile files thrown at every reader of the package; see harness.py."""

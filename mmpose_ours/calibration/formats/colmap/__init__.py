"""COLMAP: a sparse model as text or binary files."""

"""The pose prior: joints by triangulation and a learned prior of human bodies."""

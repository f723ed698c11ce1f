"""What travels through the package: skeletons."""

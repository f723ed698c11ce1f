"""3D poses over time as files of other tools."""

"""Files on a disk that others write to as well: whole or not at all, locked, cleaned up."""

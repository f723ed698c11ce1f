"""Files in and out: atomic writes, schemas, and readers for files that nobody vouches for.

Nothing in here knows of cameras or poses. Import the modules themselves:

============ =====================================================================
files        writes that appear whole or not at all
json_files   JSON
json_schema  JSON validated against a published schema
leftovers    temporary files, and removing those of dead runs
limits       how much memory and time a file may cost
locks        one program at a time writes a file or folder
matfiles     MATLAB's MAT files
pickles      pickles of plain data
============ =====================================================================
"""

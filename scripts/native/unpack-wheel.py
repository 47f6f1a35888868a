"""Unpacks parts of a wheel (a zip file): python3 unpack-wheel.py WHEEL FOLDER PREFIX...

Files whose path begins with one of the prefixes land in FOLDER under their own path; the wheel's METADATA file is
printed, for it names the CUDA libraries that belong to the wheel.
"""

import sys
import zipfile

wheel, folder, *prefixes = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    names = archive.namelist()
    archive.extractall(folder, [name for name in names if name.startswith(tuple(prefixes))])
    metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
    sys.stdout.write(archive.read(metadata).decode())
